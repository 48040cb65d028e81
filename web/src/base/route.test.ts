import assert from 'node:assert/strict';
import {test} from 'node:test';
import {parseRoute, routeTo} from './route.ts';

test('there and back', () => {
  for (const rest of [[], ['req_1'], ['a/b', '%', 'ü?#']]) {
    const hash = routeTo('requests', rest, {outcome: 'failed', tenant: 'a&b'});
    assert.deepEqual(parseRoute(hash),
                     {page: 'requests', rest, query: {outcome: 'failed', tenant: 'a&b'}});
  }
});

test('nothing is the chat, and what is empty is not asked for', () => {
  assert.equal(parseRoute('').page, 'chat');
  assert.equal(routeTo('requests', [], {outcome: ''}), '#/requests');
});

test('a broken escape is taken as it is', () => {
  assert.deepEqual(parseRoute('#/requests/%zz').rest, ['%zz']);
});
