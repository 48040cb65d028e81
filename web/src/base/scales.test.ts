import assert from 'node:assert/strict';
import {test} from 'node:test';
import {curve, logScale, niceTop} from './scales.ts';

test('tops of axes', () => {
  assert.deepEqual([0, 0.3, 1, 1.1, 3, 7, 120].map(niceTop), [1, 0.5, 1, 2, 5, 10, 200]);
});

test('a logarithmic axis has whole decades, with all values in it', () => {
  const scale = logScale([0.0007, 2.1]);
  assert.deepEqual(scale.ticks.map((tick) => Number(tick.toPrecision(3))),
                   [0.0001, 0.001, 0.01, 0.1, 1, 10]);
  assert.equal(scale.at(0.0001), 0);
  assert.ok(Math.abs(scale.at(0.01) - 0.4) < 1e-9);
  assert.equal(scale.at(1000), 1);
  assert.ok(logScale([]).ticks.length > 1);
});

test('a curve is interrupted where a value is not known', () => {
  assert.equal(curve([0, 10, null, 5], 10, 30, 20), 'M0.0 20.0L10.0 0.0M30.0 10.0');
});
