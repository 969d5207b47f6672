import { expect, test } from 'vitest';
import type { Dot, Snapshot } from './contract';
import { merge, sameValues } from './merge';

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

test('windows that changed take the place of theirs, and the others move along', () => {
  const before = { start: 100, step_ms: 5, yes: [1, 2, 3, 4], no: [0, 0, 1, 0] };
  const told = (history_changes: Snapshot['history']) =>
    merge({ ...snapshot, history: before }, { seq: 6, at: 1, history_changes });
  expect(told({ start: 115, step_ms: 5, yes: [9], no: [1] }).history).toEqual({
    ...before,
    yes: [1, 2, 3, 9],
    no: [0, 0, 1, 1],
  });
  expect(told({ start: 115, step_ms: 5, yes: [9, 8], no: [1, 0] }).history).toEqual({
    start: 105,
    step_ms: 5,
    yes: [2, 3, 9, 8],
    no: [0, 1, 1, 0],
  });
  const anew = { start: 300, step_ms: 5, yes: [1, 1, 1, 1], no: [0, 0, 0, 0] };
  expect(told(anew).history).toEqual(anew);
  expect(told(anew)).not.toHaveProperty('history_changes');
});

test('dots that changed take the place of theirs; those at one place are one', () => {
  const dots: Dot[] = [
    [1, 1, 2, 'us'],
    [2, 1, 3, 'us'],
    [2, 1, 4, 'us'],
    [3, 1, 1, 'us'],
  ];
  const merged = merge(
    { ...snapshot, dots },
    {
      seq: 6,
      at: 1,
      dots_changes: [
        [1, 1, 3, 'us'],
        [3, 1, 0, 'us'],
        [5, 1, 1, 'gb'],
      ],
    },
  );
  expect(merged.dots.toSorted(([a], [b]) => a - b)).toEqual([
    [1, 1, 3, 'us'],
    [2, 1, 7, 'us'],
    [5, 1, 1, 'gb'],
  ]);
});

test('the same values in another order', () => {
  expect(sameValues(['jp', 'kr'], ['kr', 'jp'])).toBe(true);
  expect(sameValues([], [])).toBe(true);
  expect(sameValues(['jp'], ['kr'])).toBe(false);
  expect(sameValues(['jp'], [])).toBe(false);
});
