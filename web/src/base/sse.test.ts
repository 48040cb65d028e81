import assert from 'node:assert/strict';
import {test} from 'node:test';
import {EventParser, eventsOf} from './sse.ts';

const stream = ': hello\nretry: 2000\n\nid: 17\nevent: state\ndata: {"a":\ndata: 1}\n\n' +
  'data:no space\r\n\r\nevent: nothing\n\ndata\n\ndata: [DONE]\n\n';

const wanted = [
  {event: 'state', data: '{"a":\n1}', id: '17'},
  {event: 'message', data: 'no space', id: '17'},
  {event: 'message', data: '', id: '17'},
  {event: 'message', data: '[DONE]', id: '17'},
];

test('events, comments, fields and line ends', () => {
  const parser = new EventParser();
  assert.deepEqual(parser.push(stream), wanted);
  assert.equal(parser.retryMs, 2000);
});

test('cut anywhere, the events are the same', () => {
  for (let cut = 0; cut <= stream.length; ++cut) {
    const parser = new EventParser();
    const events = [...parser.push(stream.slice(0, cut)), ...parser.push(stream.slice(cut))];
    assert.deepEqual(events, wanted, `cut at ${cut}`);
  }
});

test('an event that is not ended by an empty line is none', () => {
  assert.deepEqual(new EventParser().push('data: half\n'), []);
});

test('characters that are cut between bytes', async () => {
  const bytes = new TextEncoder().encode('data: größer 🌾\n\n');
  const body = new ReadableStream<Uint8Array>({
    start(out) {
      for (const byte of bytes) out.enqueue(new Uint8Array([byte]));
      out.close();
    },
  });
  const told = [];
  for await (const {data} of eventsOf(body)) told.push(data);
  assert.deepEqual(told, ['größer 🌾']);
});
