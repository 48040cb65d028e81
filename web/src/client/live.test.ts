import assert from 'node:assert/strict';
import {test} from 'node:test';
import {MadeEngine} from '../../mock/engine.ts';
import {ApiError} from './api.ts';
import {keptSteps, mergedSteps, remember, rememberedOf} from './history.ts';
import {backoffMs, linkOf} from './live.ts';
import type {Step} from './types.ts';

const step = (n: number): Step => ({step: n, start_ms: n, seconds: 0.001, prefill: [], decode: []});

test('waits twice as long each time, but not for ever', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 60].map((n) => backoffMs(n)),
                   [1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
});

test('what a refusal means', () => {
  const links = [401, 403, 404, 0, 503].map((status) => linkOf(new ApiError(status, '')));
  assert.deepEqual(links, ['key', 'closed', 'absent', 'offline', 'offline']);
});

test('steps are kept once each, and not without end', () => {
  const have = mergedSteps([step(1), step(2)], [step(2), step(3)]);
  assert.deepEqual(have.map((each) => each.step), [1, 2, 3]);
  assert.equal(mergedSteps(have, have), have);
  const many = Array.from({length: 400}, (_, n) => step(n));
  assert.equal(mergedSteps([], many).length, keptSteps);
});

test('a server that was started again begins again', () => {
  const state = new MadeEngine(3).warm().state();
  const id = state.models[0]?.id ?? '';
  remember(state);
  remember(state);
  assert.equal(rememberedOf(id).samples.length, 2);
  const again = new MadeEngine(4).warm().state();
  again.server.started_ms += 1;
  remember(again);
  assert.equal(rememberedOf(id).samples.length, 1);
  assert.equal(rememberedOf(id).steps.at(-1)?.step, again.models[0]?.engine?.steps.last);
});

test('each model has its own past, which goes when it goes', () => {
  const state = new MadeEngine(6).warm().state();
  const [first] = state.models;
  assert.ok(first?.engine);
  state.models.push({...first, id: 'second', default: false});
  remember(state);
  remember(state);
  assert.equal(rememberedOf('second').samples.length, 2);
  const {steps} = first.engine;
  const fresh = {...first.engine, steps: {...steps, last: 1, steps: [step(1)]}};
  remember({...state, models: [first, {...first, id: 'second', engine: fresh}]});
  assert.deepEqual(rememberedOf('second').steps.map((each) => each.step), [1]);
  assert.equal(rememberedOf(first.id).samples.length, 3);
  remember({...state, models: [first]});
  assert.deepEqual(rememberedOf('second'), {samples: [], steps: []});
});

test('without an engine there is nothing to remember', () => {
  const state = new MadeEngine(5).warm().state('tenant');
  remember(state);
  assert.deepEqual(rememberedOf(state.models[0]?.id ?? ''), {samples: [], steps: []});
});
