import assert from 'node:assert/strict';
import {test} from 'node:test';
import {MadeEngine} from '../../mock/engine.ts';
import {inLedger, madeRecords, madeTenants} from '../../mock/records.ts';
import {emptyAnswer} from '../client/chat.ts';
import {loadBody} from '../client/orders.ts';
import {told, type AssistantMessage} from './chat/conversation.ts';
import {exampleTools, initialSettings, requestBody, settingsProblem} from './chat/settings.ts';
import {doubt, visible} from './chat/token_view.tsx';
import {grown, renewed, toBeTried} from './requests/list.ts';
import {recordSoFar, runningOf} from './requests/running.ts';
import {wishProblem} from './models/load.tsx';
import {billCsv} from './tenants/csv.ts';
import {periods} from './tenants/periods.ts';

test('a request has what was set, and nothing else', () => {
  assert.deepEqual(requestBody(initialSettings, []), {
    model: 'default', messages: [], stream: true, stream_options: {include_usage: true},
  });
  const body = requestBody({...initialSettings, system: 'Be brief.', temperature: '0', seed: ' 7 ',
                            thinking: 'none', tools: exampleTools, probabilities: true}, []);
  assert.deepEqual(body['messages'], [{role: 'system', content: 'Be brief.'}]);
  assert.equal(body['temperature'], 0);
  assert.equal(body['seed'], 7);
  assert.equal(body['reasoning_effort'], 'none');
  assert.equal(body['logprobs'], true);
  assert.equal((body['tools'] as object[]).length, 1);
});

test('what cannot be sent is said', () => {
  const said = (part: object) => settingsProblem({...initialSettings, ...part});
  assert.equal(said({}), '');
  assert.match(said({temperature: '3'}), /more than 2/);
  assert.match(said({maxTokens: '1.5'}), /whole/);
  assert.match(said({topP: 'much'}), /not a number/);
  assert.match(said({tools: '{'}), /JSON/);
  assert.match(said({tools: '{}'}), /JSON/);
});

const assistant = (part: object): AssistantMessage => ({
  role: 'assistant', answer: {...emptyAnswer(), ...part}, probabilities: false, receipt: false,
  startMs: 0, firstMs: 0, endMs: 1, stopped: false, error: null,
});

test('what the model is told of a conversation', () => {
  assert.deepEqual(told(assistant({text: 'Yes.', thinking: 'Hm.'})),
                   {role: 'assistant', content: 'Yes.'});
  assert.equal(told(assistant({})), null);
  assert.deepEqual(told(assistant({calls: [{id: 'c', name: 'f', arguments: '{}'}]})), {
    role: 'assistant', content: null,
    tool_calls: [{id: 'c', type: 'function', function: {name: 'f', arguments: '{}'}}],
  });
  assert.deepEqual(told({role: 'tool', call: 'c', name: 'f', text: '1'}),
                   {role: 'tool', tool_call_id: 'c', content: '1'});
});

test('tokens are marked by doubt, and can be seen', () => {
  assert.deepEqual([1, 0.7, 0.4, 0.2, 0.01].map(doubt), [0, 1, 2, 3, 4]);
  assert.deepEqual([' mill', '\n', '', 'a\tb '].map(visible), ['␣mill', '↵', '(no text)', 'a⇥b␣']);
});

test('a bill as CSV: formulas are text, commas are quoted', () => {
  const {bill} = madeTenants();
  assert.ok(bill);
  bill.rows[0] = {...bill.rows[0]!, tenant: '=1+1', model: 'a,"b"', joules: null};
  const lines = billCsv(bill).split('\r\n');
  assert.equal(lines[1], `'=1+1,"a,""b""",4102,1620000,410000,0,200000,4.210400000,`);
  assert.equal(lines.length, 4);
});

test('a load asks for what was typed, and for nothing else', () => {
  const wish = {model: 'a.gguf', id: '', context: '', kvMemory: '', parallel: ''};
  assert.deepEqual(loadBody(wish), {model: 'a.gguf'});
  const all = {...wish, id: ' a ', context: '4096', kvMemory: '512MB', parallel: ' 8'};
  assert.deepEqual(loadBody(all), {model: 'a.gguf', id: 'a', context: 4096, kv_memory: '512MB',
                                   parallel: 8});
  assert.equal(wishProblem(all), '');
  assert.match(wishProblem({...wish, context: '4k'}), /Context/);
  assert.match(wishProblem({...wish, parallel: '0'}), /at once/);
});

test('periods by the calendar in UTC', () => {
  const told = periods(Date.UTC(2026, 0, 15, 23, 59)).map((each) => each.query);
  assert.deepEqual(told, ['?since=2026-01-15', '?since=2026-01-01',
                          '?since=2025-12-01&until=2026-01-01', '?since=2026-01-01']);
});

test('requests in the engine, by their ids', () => {
  const state = new MadeEngine(2).warm().state();
  const running = runningOf(state);
  assert.ok(running.length > 0);
  const [first] = running;
  assert.ok(first);
  const record = recordSoFar(first, state.time_ms);
  assert.equal(record.request, first.request);
  assert.ok(record.ended_ms >= record.arrived_ms);
  assert.deepEqual(runningOf(null), []);
});

test('older requests are listed behind the newest, without a gap', () => {
  const all = madeRecords(200);
  const page = (from: number, to: number, next: string | null) =>
    ({data: all.slice(from, to), next});
  let listed = renewed(null, page(60, 110, '110'));
  assert.equal(renewed(listed, page(58, 108, '108')).rows.length, 50, 'nobody asked for more');
  listed = grown(listed, page(110, 160, '160'));
  listed = renewed(listed, page(55, 105, '105'));
  assert.deepEqual(listed.rows, all.slice(55, 160), 'what left the newest page is kept');
  assert.equal(listed.next, '160');
  const apart = renewed(listed, page(0, 50, '50'));
  assert.deepEqual([apart.rows.length, apart.next], [50, '50'], 'too many have come at once');
});

test('whether a ledger goes further back is tried once', () => {
  const all = madeRecords(9);
  const list = (data: typeof all, next: string | null) => ({data, next});
  const listed = renewed(null, list(all.slice(2, 4), '17.'));
  assert.ok(toBeTried(listed));
  assert.ok(!toBeTried(grown(listed, list([], null))));
  const further = grown(listed, list(all.slice(4, 6).map(inLedger), '9.req'));
  assert.ok(!toBeTried(further));
  assert.equal(renewed(further, list(all.slice(0, 4), '17.')).rows.length, 6);
  assert.ok(!toBeTried(renewed(null, list(all, '5'))));
});
