import assert from 'node:assert/strict';
import {test} from 'node:test';
import {emptyAnswer, withChunk, type Chunk} from './chat.ts';

const delta = (value: NonNullable<NonNullable<Chunk['choices']>[0]['delta']>): Chunk =>
  ({choices: [{delta: value, logprobs: null, finish_reason: null}]});

const answerOf = (chunks: Chunk[]) => chunks.reduce(withChunk, emptyAnswer());

test('text, thoughts, the end and the usage', () => {
  const answer = answerOf([
    delta({content: ''}), delta({reasoning_content: 'Hm'}), delta({reasoning_content: '.'}),
    delta({content: 'A '}), delta({content: 'mill'}),
    {choices: [{delta: {}, finish_reason: 'stop'}]},
    {choices: [], usage: {prompt_tokens: 3, completion_tokens: 5}},
  ]);
  assert.equal(answer.text, 'A mill');
  assert.equal(answer.thinking, 'Hm.');
  assert.equal(answer.finish, 'stop');
  assert.equal(answer.usage?.completion_tokens, 5);
});

test('calls come in pieces, also two at a time', () => {
  const answer = answerOf([
    delta({tool_calls: [{index: 0, id: 'call_a', function: {name: 'f', arguments: ''}}]}),
    delta({tool_calls: [{index: 0, function: {arguments: '{"x":'}}]}),
    delta({tool_calls: [{index: 0, function: {arguments: '1}'}}]}),
    delta({tool_calls: [{index: 1, id: 'call_b', function: {name: 'g', arguments: ''}}]}),
    delta({tool_calls: [{index: 1, function: {arguments: '{}'}}]}),
  ]);
  assert.deepEqual(answer.calls, [{id: 'call_a', name: 'f', arguments: '{"x":1}'},
                                  {id: 'call_b', name: 'g', arguments: '{}'}]);
});

test('probabilities are kept in the order of their tokens', () => {
  const told = (token: string): Chunk => ({choices: [{
    delta: {content: token},
    logprobs: {content: [
      {token, logprob: -0.5, bytes: [1], top_logprobs: [{token: 'x', logprob: -1}]},
    ]},
  }]});
  const answer = answerOf([told('a'), told('b')]);
  assert.deepEqual(answer.tokens.map((each) => each.token), ['a', 'b']);
  assert.deepEqual(answer.tokens[1]?.alternatives, [{token: 'x', logprob: -1}]);
});

test('an answer that was shown is not changed by what comes after it', () => {
  const before = withChunk(emptyAnswer(), delta({content: 'A'}));
  withChunk(before, delta({content: 'B'}));
  assert.equal(before.text, 'A');
});
