import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as format from './format.ts';

// With ordinary spaces, to be read.
const plain = (text: string) => text.replaceAll('\u202f', ' ');

test('durations have three digits and a unit', () => {
  const told: [number | null, string][] = [
    [null, '–'], [0, '0 s'], [0.00005, '50.0 µs'], [0.0007, '700 µs'], [0.0123, '12.3 ms'],
    [0.9994, '999 ms'], [0.9999, '1.00 s'], [2.345, '2.35 s'], [61, '61.0 s'], [125, '2:05 min'],
    [9000, '2.50 h'], [400_000, '4.63 days'],
  ];
  for (const [value, text] of told) assert.equal(plain(format.seconds(value)), text);
});

test('counts, bytes, joules, euros, shares', () => {
  assert.equal(plain(format.whole(1234567)), '1 234 567');
  assert.equal(plain(format.short(9994)), '9 994');
  assert.equal(plain(format.short(12_345)), '12.3 k');
  assert.equal(plain(format.short(999_600)), '1.00 M');
  assert.equal(plain(format.short(88.14)), '88.1');
  assert.equal(plain(format.bytes(98_811_008)), '94.2 MiB');
  assert.equal(plain(format.bytes(512)), '512 B');
  assert.equal(plain(format.joules(0.5)), '500 mJ');
  assert.equal(plain(format.joules(107_000)), '107 kJ');
  assert.equal(plain(format.joules(7.2e6)), '2.00 kWh');
  assert.equal(plain(format.euros('0.000029100')), '0.0000291 €');
  assert.equal(plain(format.euros('4.210400000')), '4.21 €');
  assert.equal(plain(format.euros('0.000000000')), '0.00 €');
  assert.equal(plain(format.percent(0.041)), '4.1 %');
  assert.equal(plain(format.percent(1)), '100 %');
  assert.equal(plain(format.whole(-3)), '−3');
});

test('what is not known is a dash, never a zero', () => {
  const all = [format.whole, format.short, format.bytes, format.joules, format.euros,
               format.percent, format.seconds, format.moment, format.ago];
  for (const each of all) assert.equal(each(null), format.dash);
});

test('ages of some seconds have no digits behind the point', () => {
  assert.equal(plain(format.ago(1000, 3400)), '2 s ago');
});
