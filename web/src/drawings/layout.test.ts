import assert from 'node:assert/strict';
import {test} from 'node:test';
import {MadeEngine} from '../../mock/engine.ts';
import type {PrefixNode, Step} from '../client/types.ts';
import {columnAt, lanesOf, layoutBatch} from './batch_layout.ts';
import {cellAt, cellsOf, groupsOf, sheetOf} from './blocks_layout.ts';
import {boxAt, layoutPrefix, neighbour} from './prefix_layout.ts';
import {barsOf, phasesOf} from './phases.ts';

const step = (n: number, start_ms: number, prefill: number[], decode: number[]): Step =>
  ({step: n, start_ms, seconds: 0.01, prefill, decode});
const room = {width: 100, gap: 7, columnMin: 3};

test('columns fill the width, in order, and gaps stand for idle time', () => {
  const layout = layoutBatch([step(1, 0, [4, 64], []), step(2, 10, [], [4, 1]),
                              step(3, 1020, [], [4, 3])], room);
  assert.deepEqual(layout.columns.map((each) => each.idleSeconds), [0, 0, 1]);
  const last = layout.columns[2];
  assert.ok(last && Math.abs(last.x + last.width - 100) < 1e-9);
  assert.equal(layout.tokensMax, 64);
  assert.equal(columnAt(layout, 0), 0);
  assert.equal(columnAt(layout, 1000), 2);
  assert.equal(layoutBatch([], room).columns.length, 0);
});

test('a lane is one sequence\'s until that has ended, then another\'s', () => {
  const piece = (sequence: number) => ({sequence, tokens: 1, prefill: false});
  const lanes = lanesOf([{pieces: [piece(1), piece(2)]}, {pieces: [piece(2)]},
                         {pieces: [piece(2), piece(3)]}]);
  assert.deepEqual([...lanes], [[1, 0], [2, 1], [3, 0]]);
});

test('no two sequences are in one place, whatever the engine does', () => {
  const {columns, lanes} = layoutBatch(steps(), {...room, width: 4000});
  for (const {pieces} of columns) {
    const taken = pieces.map((piece) => lanes.get(piece.sequence));
    assert.equal(new Set(taken).size, pieces.length);
  }
});

const steps = () => new MadeEngine(9).warm().state().models[0]?.engine?.steps.steps ?? [];

test('blocks: as many squares as runs say, each in one path', () => {
  const blocks = new MadeEngine(9).warm().state().models[0]?.engine?.blocks;
  assert.ok(blocks);
  const cells = cellsOf(blocks);
  assert.equal(cells.length, blocks.total);
  assert.equal(cells.filter((cell) => cell.owner === 'free').length, blocks.free);
  const sheet = sheetOf(cells.length, 480, 190);
  assert.ok(sheet.rows * sheet.side <= 190 + sheet.side && sheet.columns * sheet.side <= 480);
  const drawn = groupsOf(cells, sheet).map((group) => group.path.split('M').length - 1);
  assert.equal(drawn.reduce((a, b) => a + b, 0), blocks.total);
  assert.equal(cellAt(sheet, 0, sheet.side), sheet.columns);
});

test('sheets of any size', () => {
  for (const count of [1, 7, 513, 4096])
    for (const width of [300, 1000]) {
      const sheet = sheetOf(count, width, 190);
      assert.ok(sheet.columns * sheet.side <= width && sheet.side >= 4);
      assert.ok(sheet.rows * sheet.columns >= count && (sheet.rows - 1) * sheet.columns < count);
    }
  assert.equal(sheetOf(0, 300, 190).rows, 0);
});

const node = (parent: number, blocks: number, below: number): PrefixNode =>
  ({parent, blocks, below, holders: 1, age: 0});
const tree = [node(-1, 10, 30), node(0, 5, 5), node(0, 15, 15), node(-1, 10, 10)];

test('the prefix tree: children beside their parent, as high together', () => {
  const boxes = layoutPrefix(tree, 250, 80);
  assert.deepEqual(boxes.map((box) => [box.x, box.y, box.width, box.height]),
                   [[0, 0, 100, 60], [100, 0, 50, 15], [100, 15, 150, 45], [0, 60, 100, 20]]);
  assert.equal(boxAt(boxes, 120, 20), 2);
  assert.equal(boxAt(boxes, 249, 70), -1);
});

test('arrow keys in the tree', () => {
  const go = (at: number, arrow: string) => neighbour(tree, at, `Arrow${arrow}`);
  assert.deepEqual([go(0, 'Right'), go(1, 'Left'), go(1, 'Down'), go(2, 'Down'), go(0, 'Down'),
                    go(0, 'Left')], [1, 0, 2, 2, 3, 0]);
  assert.equal(go(1, 'Right'), -1);
});

test('phases follow each other without a hole, and end where it was cut off', () => {
  const whole = {arrived_ms: 0, ended_ms: 100, recorded_ms: 104};
  const answer = {queued_ms: 1, began_ms: 5, first_token_ms: 20, last_token_ms: 99};
  const phases = phasesOf(whole, answer);
  assert.deepEqual(phases.map((phase) => phase.name),
                   ['prepare', 'queue', 'prefill', 'decode', 'finish', 'record']);
  phases.slice(1).forEach((phase, i) => assert.equal(phase.startMs, phases[i]?.endMs));
  const cut = phasesOf({...whole, recorded_ms: null},
                       {queued_ms: 1, began_ms: 5, first_token_ms: null, last_token_ms: null});
  assert.deepEqual(cut.map((phase) => [phase.name, phase.endMs]),
                   [['prepare', 1], ['queue', 5], ['prefill', 100]]);
  assert.deepEqual(phasesOf(whole, undefined).map((phase) => phase.name), ['prepare', 'record']);
});

test('bars: what took nothing is still to be seen, within the width', () => {
  const bars = barsOf(phasesOf({arrived_ms: 0, ended_ms: 100, recorded_ms: 100}, undefined), 120);
  for (const bar of bars) assert.ok(bar.width >= 1.5 && bar.x + 1.5 <= 120.001);
});
