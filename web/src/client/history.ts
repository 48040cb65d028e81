// What the pages remember of the states they have seen: rates of the last minutes for the curves,
// and steps of the engine for the timeline, of which each state has the last ten seconds alone.
import {signal} from '@preact/signals';
import type {State, Step} from './types.ts';

export interface Sample {
  time_ms: number;
  tokensIn: number | null;
  tokensOut: number | null;
  watts: number | null;
  kv: number;  // 0 to 1: held blocks of all
  running: number;
  firstToken: number | null;  // median seconds
}

export const keptSamples = 180;
export const keptSteps = 256;

export const samples = signal<Sample[]>([]);
export const steps = signal<Step[]>([]);

// A server that has been started again begins its counters again: then so do we.
let startedMs = 0;

export function sampleOf(state: State): Sample | null {
  const model = state.models.find((each) => each.default) ?? state.models[0];
  const engine = model?.engine;
  if (!engine) return null;
  const {blocks, rates} = engine;
  return {
    time_ms: state.time_ms,
    tokensIn: rates?.prompt_tokens_per_second ?? null,
    tokensOut: rates?.generated_tokens_per_second ?? null,
    watts: rates?.watts ?? null,
    kv: blocks.total ? (blocks.shared + blocks.owned) / blocks.total : 0,
    running: engine.counters.running,
    firstToken: engine.latency.first_token.recent?.p50 ?? null,
  };
}

// Both by ascending numbers; what `more` has that `have` has not is put behind it.
export function mergedSteps(have: Step[], more: Step[]): Step[] {
  const last = have.at(-1)?.step ?? -1;
  const fresh = more.filter((step) => step.step > last);
  return fresh.length ? [...have, ...fresh].slice(-keptSteps) : have;
}

export function remember(state: State) {
  if (state.server.started_ms !== startedMs) {
    startedMs = state.server.started_ms;
    samples.value = [];
    steps.value = [];
  }
  const sample = sampleOf(state);
  if (sample) samples.value = [...samples.value, sample].slice(-keptSamples);
  const model = state.models.find((each) => each.default) ?? state.models[0];
  if (model?.engine) steps.value = mergedSteps(steps.value, model.engine.steps.steps);
}
