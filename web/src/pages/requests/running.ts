// A request that is still in the engine, told in the words of one that has ended.
import type {RequestRecord, SequenceNow, State} from '../../client/types.ts';

export interface Running {
  request: string;
  tenant: string;
  model: string;
  sequences: SequenceNow[];
}

export function runningOf(state: State | null): Running[] {
  const found = new Map<string, Running>();
  for (const model of state?.models ?? []) {
    for (const sequence of model.sequences) {
      if (!sequence.request) continue;
      const one = found.get(sequence.request) ??
        {request: sequence.request, tenant: sequence.tenant, model: model.id, sequences: []};
      one.sequences.push(sequence);
      found.set(sequence.request, one);
    }
  }
  return [...found.values()];
}

// Up to now: the phase that it is in goes on until the moment of the state.
export function recordSoFar(running: Running, nowMs: number): RequestRecord {
  const sum = (pick: (sequence: SequenceNow) => number) =>
    running.sequences.reduce((all, each) => all + pick(each), 0);
  const first = running.sequences[0];
  return {
    request: running.request, tenant: running.tenant, key: '', endpoint: '', model: running.model,
    outcome: 'whole', arrived_ms: Math.min(...running.sequences.map((each) => each.arrived_ms)),
    ended_ms: nowMs, recorded_ms: null, receipt: false, euros: null,
    answers: running.sequences.map((each) => ({
      queued_ms: each.arrived_ms, began_ms: each.began_ms, first_token_ms: each.first_token_ms,
      last_token_ms: null,
    })),
    prompt_tokens: first?.prompt_tokens ?? 0, cached_tokens: first?.cached_tokens ?? 0,
    thinking_tokens: 0, generated_tokens: sum((each) => each.generated_tokens),
    joules: first?.joules == null ? null : sum((each) => each.joules ?? 0),
  };
}
