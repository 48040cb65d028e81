// What the pages remember of the states they have seen, of each model: rates of the last minutes
// for the curves, and steps of the engine for the timeline, of which each state has the last ten
// seconds alone.
import {signal} from '@preact/signals';
import type {Engine, State, Step} from './types.ts';

export interface Sample {
  time_ms: number;
  tokensIn: number | null;
  tokensOut: number | null;
  watts: number | null;
  kv: number;  // 0 to 1: held blocks of all
  running: number;
  firstToken: number | null;  // median seconds
}

export interface Remembered {
  samples: Sample[];
  steps: Step[];
}

export const keptSamples = 180;
export const keptSteps = 256;

const nothing: Remembered = {samples: [], steps: []};
const remembered = signal(new Map<string, Remembered>());

export const rememberedOf = (model: string) => remembered.value.get(model) ?? nothing;

// A server that has been started again begins its counters again: then so do we.
let startedMs = 0;

export function sampleOf(timeMs: number, engine: Engine): Sample {
  const {blocks, rates} = engine;
  return {
    time_ms: timeMs,
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

// So does a model that was unloaded and has come again.
function grown(before: Remembered, timeMs: number, engine: Engine): Remembered {
  const again = engine.steps.last < (before.steps.at(-1)?.step ?? 0);
  const have = again ? nothing : before;
  return {
    samples: [...have.samples, sampleOf(timeMs, engine)].slice(-keptSamples),
    steps: mergedSteps(have.steps, engine.steps.steps),
  };
}

export function remember(state: State) {
  const before = state.server.started_ms === startedMs ? remembered.value : new Map();
  startedMs = state.server.started_ms;
  const next = new Map<string, Remembered>();
  for (const {id, engine} of state.models)
    if (engine) next.set(id, grown(before.get(id) ?? nothing, state.time_ms, engine));
  remembered.value = next;
}
