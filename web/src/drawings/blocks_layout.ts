// The KV cache as a sheet of squares, one for each block, in the order of their numbers; pure
// geometry. `runs` are triples (owner, blocks in a row, log2 of the age in steps).
import type {Blocks, Owner} from '../client/types.ts';

export interface Cell {
  owner: Owner;
  age: number;
}

export function cellsOf(blocks: Pick<Blocks, 'owners' | 'runs'>): Cell[] {
  const out: Cell[] = [];
  for (let i = 0; i + 2 < blocks.runs.length; i += 3) {
    const owner = blocks.owners[blocks.runs[i] ?? 0] ?? 'free';
    const cell = {owner, age: blocks.runs[i + 2] ?? 0};
    for (let n = blocks.runs[i + 1] ?? 0; n > 0; --n) out.push(cell);
  }
  return out;
}

export interface Sheet {
  columns: number;
  rows: number;
  side: number;  // of a square, with the gap behind it
  gap: number;
}

// The largest squares with which all of them fit into the width and about the height.
export function sheetOf(count: number, width: number, height: number): Sheet {
  if (count === 0 || width <= 0) return {columns: 1, rows: 0, side: 16, gap: 2};
  let side = Math.min(22, Math.max(4, Math.floor(Math.sqrt((width * height) / count))));
  while (side > 4 && Math.ceil(count / Math.floor(width / side)) * side > height) --side;
  const columns = Math.max(1, Math.floor(width / side));
  return {columns, rows: Math.ceil(count / columns), side, gap: side > 9 ? 2 : 1};
}

export const cellAt = (sheet: Sheet, x: number, y: number) =>
  Math.floor(y / sheet.side) * sheet.columns +
  Math.min(sheet.columns - 1, Math.max(0, Math.floor(x / sheet.side)));

// Ages as four shades: this moment, some steps, hundreds of steps, thousands and more.
export const shades = 4;
export const shadeOf = (age: number) => (age < 2 ? 0 : age < 6 ? 1 : age < 10 ? 2 : 3);

export interface Group {
  owner: Owner;
  shade: number;
  path: string;
}

// One path for all squares that look the same: a sheet has thousands of squares and few looks.
export function groupsOf(cells: Cell[], sheet: Sheet): Group[] {
  const groups = new Map<string, {owner: Owner; shade: number; parts: string[]}>();
  const side = sheet.side - sheet.gap;
  cells.forEach(({owner, age}, at) => {
    const shade = owner === 'free' ? 0 : shadeOf(age);
    const id = `${owner}/${shade}`;
    const group = groups.get(id) ?? {owner, shade, parts: []};
    const x = (at % sheet.columns) * sheet.side;
    const y = Math.floor(at / sheet.columns) * sheet.side;
    group.parts.push(`M${x} ${y}h${side}v${side}h-${side}z`);
    groups.set(id, group);
  });
  return [...groups.values()].map(({parts, ...rest}) => ({...rest, path: parts.join('')}));
}

// "about 40 steps" of a log2.
export const stepsOfAge = (age: number) => (age === 0 ? 0 : 2 ** age - 1);
