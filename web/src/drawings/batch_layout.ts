// The engine's last steps as columns, the sequences as lanes; pure geometry.
//
//   lane 0  ▐███▌▁▁▁▁▁▁▁▁▁▁▁▁        a full bar: tokens of a prompt
//   lane 1       ▐██▌▁▁▃▁▁▁▃▁        a flat one: the next token of an answer, higher with guesses
//   tokens  ▐█▌▂▐█▌▂▂▂▂▂▂▂▂▂▂
//
// A column is as wide as its step was long. Where nothing was to be done for longer than a glance,
// the time is cut out, and a gap of one width stands for it.
import type {Step} from '../client/types.ts';

export interface Piece {
  sequence: number;
  tokens: number;
  prefill: boolean;
}

export interface Column {
  step: number;
  x: number;
  width: number;
  idleSeconds: number;  // before it; 0 where the one before went over into it
  seconds: number;
  startMs: number;
  pieces: Piece[];
  prefill: number;  // tokens
  decode: number;
}

export interface BatchLayout {
  columns: Column[];
  lanes: Map<number, number>;  // of a sequence
  laneCount: number;
  tokensMax: number;
  seconds: number;  // that the columns stand for, without the gaps
}

const idleCutSeconds = 0.05;

const pairs = (flat: number[], prefill: boolean): Piece[] => {
  const out: Piece[] = [];
  for (let i = 0; i + 1 < flat.length; i += 2)
    out.push({sequence: flat[i] ?? 0, tokens: flat[i + 1] ?? 0, prefill});
  return out;
};

export const piecesOf = (step: Step): Piece[] =>
  [...pairs(step.prefill, true), ...pairs(step.decode, false)];

const sum = (pieces: Piece[], prefill: boolean) =>
  pieces.reduce((all, piece) => all + (piece.prefill === prefill ? piece.tokens : 0), 0);

// Each sequence keeps one lane from its first to its last step here, the topmost that is not taken.
export function lanesOf(columns: {pieces: Piece[]}[]): Map<number, number> {
  const last = new Map<number, number>();
  columns.forEach(({pieces}, at) => pieces.forEach(({sequence}) => last.set(sequence, at)));
  const lanes = new Map<number, number>();
  const freeFrom: number[] = [];  // of each lane: the first column in which nobody has it
  columns.forEach(({pieces}, at) => {
    for (const {sequence} of [...pieces].sort((a, b) => a.sequence - b.sequence)) {
      if (lanes.has(sequence)) continue;
      const found = freeFrom.findIndex((from) => from <= at);
      const lane = found < 0 ? freeFrom.length : found;
      lanes.set(sequence, lane);
      freeFrom[lane] = (last.get(sequence) ?? at) + 1;
    }
  });
  return lanes;
}

function idleBefore(steps: Step[], at: number): number {
  const before = steps[at - 1];
  const now = steps[at];
  if (!before || !now) return 0;
  const idle = (now.start_ms - before.start_ms) / 1000 - before.seconds;
  return idle > idleCutSeconds ? idle : 0;
}

export interface Room {
  width: number;
  gap: number;      // the width of a cut
  columnMin: number;
}

// As many of the last steps as there is room for, if each had its least width.
export function layoutBatch(all: Step[], room: Room): BatchLayout {
  const steps = all.slice(-Math.max(1, Math.floor(room.width / room.columnMin)));
  const idle = steps.map((_, at) => idleBefore(steps, at));
  const seconds = steps.reduce((total, step) => total + step.seconds, 0);
  const gaps = idle.filter(Boolean).length * room.gap;
  const free = Math.max(0, room.width - gaps - steps.length * room.columnMin);
  let x = 0;
  const columns = steps.map((step, at): Column => {
    const pieces = piecesOf(step);
    const idleSeconds = idle[at] ?? 0;
    if (idleSeconds) x += room.gap;
    const width = room.columnMin + (seconds > 0 ? (free * step.seconds) / seconds : 0);
    const column = {step: step.step, x, width, idleSeconds, seconds: step.seconds,
                    startMs: step.start_ms, pieces, prefill: sum(pieces, true),
                    decode: sum(pieces, false)};
    x += width;
    return column;
  });
  const lanes = lanesOf(columns);
  return {
    columns, lanes, seconds,
    laneCount: Math.max(0, ...[...lanes.values()].map((lane) => lane + 1)),
    tokensMax: Math.max(1, ...columns.map((column) => column.prefill + column.decode)),
  };
}

// The column under x, or the nearest one.
export function columnAt(layout: BatchLayout, x: number): number {
  const found = layout.columns.findIndex((column) => x < column.x + column.width);
  return found < 0 ? layout.columns.length - 1 : found;
}
