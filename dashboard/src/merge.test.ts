import { expect, test } from 'vitest';
import type { Snapshot } from './contract';
import { merge, sameCountries } from './merge';

const snapshot = {
  seq: 5,
  at: 1_000,
  filter: { country: ['us'] },
  all: { rsvps: 10 },
  totals: { rsvps: 4, yes: 3, no: 1 },
  countries: [{ country: 'us', yes: 3, no: 1, heads: 3 }],
  stream_time: 900,
} as Snapshot;

test('members that came replace their own kind whole, the others stay', () => {
  const after = merge(snapshot, { seq: 6, at: 1_100, all: { rsvps: 11 }, countries: [] });
  expect(after).toEqual({ ...snapshot, seq: 6, at: 1_100, all: { rsvps: 11 }, countries: [] });
  expect(after.totals).toBe(snapshot.totals);
});

test('null is a value like any other', () => {
  expect(merge(snapshot, { seq: 6, at: 1_100, stream_time: null }).stream_time).toBeNull();
});

test('a tick from before the snapshot changes nothing', () => {
  expect(merge(snapshot, { seq: 4, at: 999, all: { rsvps: 1 } })).toBe(snapshot);
});

test('one of the same commit counts: a source may change its state without any new figures', () => {
  expect(merge(snapshot, { seq: 5, at: 1_001, source: [] }).source).toEqual([]);
});

test('pulses pass through and are not kept', () => {
  expect(merge(snapshot, { seq: 6, at: 1, pulses: [[0, 0, 1, 'us', 1]] })).not.toHaveProperty('pulses');
});

test('the same countries in another order', () => {
  expect(sameCountries(['jp', 'kr'], ['kr', 'jp'])).toBe(true);
  expect(sameCountries([], [])).toBe(true);
  expect(sameCountries(['jp'], ['kr'])).toBe(false);
  expect(sameCountries(['jp'], [])).toBe(false);
});
