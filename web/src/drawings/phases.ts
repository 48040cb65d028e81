// A request's life as phases, each from one moment to the next that is known; pure.
//
//   arrived ─prepare─▶ queued ─queue─▶ began ─prefill─▶ first token ─decode─▶ last token
//           ─finish─▶ ended ─record─▶ recorded
import type {AnswerTimes, RequestRecord} from '../client/types.ts';

export const phaseNames = ['prepare', 'queue', 'prefill', 'decode', 'finish', 'record'] as const;
export type PhaseName = (typeof phaseNames)[number];

export const phaseTells: Record<PhaseName, string> = {
  prepare: 'checked, rendered by the chat template, and cut into tokens',
  queue: 'waited for its turn in the engine',
  prefill: 'the prompt was computed, up to the first token of the answer',
  decode: 'the answer was generated, token by token',
  finish: 'the last token was on its way to the end of the answer',
  record: 'receipt and ledger were written to the disk',
};

export interface Phase {
  name: PhaseName;
  startMs: number;
  endMs: number;
}

type Moments = Pick<RequestRecord, 'arrived_ms' | 'ended_ms' | 'recorded_ms'>;

// An answer that was cut short ends in the phase that it had come to.
export function phasesOf(request: Moments, answer: AnswerTimes | undefined): Phase[] {
  const begun = [answer?.queued_ms, answer?.began_ms, answer?.first_token_ms,
                 answer?.last_token_ms];
  const phases: Phase[] = [];
  let at = request.arrived_ms;
  let name: PhaseName = 'prepare';
  begun.forEach((next, i) => {
    if (next == null) return;
    phases.push({name, startMs: at, endMs: Math.max(at, next)});
    at = Math.max(at, next);
    name = phaseNames[i + 1] ?? 'finish';
  });
  phases.push({name, startMs: at, endMs: Math.max(at, request.ended_ms)});
  if (request.recorded_ms != null) {
    const from = Math.max(at, request.ended_ms);
    phases.push({name: 'record', startMs: from, endMs: Math.max(from, request.recorded_ms)});
  }
  return phases;
}

export const endOf = (request: Moments) => Math.max(request.ended_ms, request.recorded_ms ?? 0);

// Phases as boxes in a width; what took next to nothing can still be seen.
export interface Bar extends Phase {
  x: number;
  width: number;
}

export function barsOf(phases: Phase[], width: number, least = 1.5): Bar[] {
  const start = phases[0]?.startMs ?? 0;
  const end = phases.at(-1)?.endMs ?? start;
  const scale = end > start ? width / (end - start) : 0;
  return phases.map((phase) => ({
    ...phase,
    x: Math.min(width - least, (phase.startMs - start) * scale),
    width: Math.max(least, (phase.endMs - phase.startMs) * scale),
  }));
}
