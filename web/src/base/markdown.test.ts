import assert from 'node:assert/strict';
import {test} from 'node:test';
import {blocksOf, inlinesOf} from './markdown.ts';

const kinds = (text: string) => blocksOf(text).map((block) => block.kind);

test('blocks', () => {
  assert.deepEqual(kinds('# Mill\n\nIt turns.\nStill.\n\n- a\n- b\n\n2. c\n\n> d\n\n```sh\ne\n```'),
                   ['heading', 'paragraph', 'list', 'list', 'quote', 'code']);
});

test('a fence that is still open is code so far', () => {
  assert.deepEqual(blocksOf('```py\nprint("# no heading")\n- no list'),
                   [{kind: 'code', language: 'py', text: 'print("# no heading")\n- no list'}]);
});

test('a list begins with its own number, and goes on with indented lines', () => {
  const [list] = blocksOf('3. three\n   more\n4. four');
  assert.ok(list?.kind === 'list' && list.ordered && list.start === 3);
  assert.deepEqual(list.items[0], [{kind: 'text', text: 'three more'}]);
  assert.equal(list.items.length, 2);
});

test('emphasis and code', () => {
  assert.deepEqual(inlinesOf('a **b** *c* `d*e*` 2*3*4'), [
    {kind: 'text', text: 'a '}, {kind: 'strong', text: 'b'}, {kind: 'text', text: ' '},
    {kind: 'em', text: 'c'}, {kind: 'text', text: ' '}, {kind: 'code', text: 'd*e*'},
    {kind: 'text', text: ' 2*3*4'},
  ]);
});

test('no text is lost, whatever it is', () => {
  const odd = ['<script>alert(1)</script>', '****', '* ', '`', '#', '1.', '>', '```', '\n\n'];
  for (const text of odd) assert.doesNotThrow(() => blocksOf(text));
  assert.deepEqual(inlinesOf('<b>x</b>'), [{kind: 'text', text: '<b>x</b>'}]);
});
