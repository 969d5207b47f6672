import { describe, expect, test } from 'vitest';
import { headsAt, scalesOf, stepsOf, thinned, ticksOf } from './curve';
import { forecastOf } from './forecast';
import { webAddress } from './links';
import { timesIn, zoneOf } from './place-time';

const HOUR = 3_600_000;
const FRAME = { left: 0, right: 1_000, top: 0, bottom: 100 };
const CURVE: [number, number][] = [
  [0, 1],
  [2 * HOUR, 4],
  [3 * HOUR, 3],
];
const TOLD = { curve: CURVE, time: 9 * HOUR, rsvp_limit: null, turnout: null, as_of: null };

describe('the scales', () => {
  test('hold the answers, the event, the room and the interval', () => {
    const turnout = { value: 20, low: 9, high: 33, model: 'turnout/1' };
    const scales = scalesOf({ ...TOLD, rsvp_limit: 50, turnout }, FRAME);
    expect(scales?.from).toBe(0);
    expect(scales?.to).toBeGreaterThanOrEqual(9 * HOUR);
    expect(scales?.most).toBeGreaterThanOrEqual(50);
    expect(scales?.x(0)).toBe(0);
    expect(scales?.y(0)).toBe(100);
  });

  test('have a width even for one answer, and are none without an answer', () => {
    const one = scalesOf({ ...TOLD, curve: [[5, 1]], time: null }, FRAME);
    expect((one?.to ?? 0) - (one?.from ?? 0)).toBeGreaterThanOrEqual(HOUR);
    expect(scalesOf({ ...TOLD, curve: [] }, FRAME)).toBeNull();
  });
});

test('the line keeps its height until the next answer', () => {
  const scales = scalesOf(TOLD, FRAME);
  if (!scales) throw new Error('there are answers');
  const line = stepsOf(CURVE, scales, 5 * HOUR);
  expect(line.match(/[MHV]/g)?.join('')).toBe('MHVHVH');
  expect(line.endsWith(`H${scales.x(5 * HOUR).toFixed(1)}`)).toBe(true);
  expect(stepsOf(CURVE, scales, 0).endsWith(`H${scales.x(3 * HOUR).toFixed(1)}`)).toBe(true);
});

test('heads at a time are those of the last answer before', () =>
  expect([-1, 0, HOUR, 2 * HOUR, 9 * HOUR].map((time) => headsAt(CURVE, time))).toEqual([null, 1, 1, 4, 3]));

test('a long table is thinned, with its first and its last row', () => {
  const rows = Array.from({ length: 1_000 }, (_, index) => index);
  const few = thinned(rows, 25);
  expect([few.length, few[0], few.at(-1)]).toEqual([25, 0, 999]);
  expect(thinned([1, 2], 25)).toEqual([1, 2]);
});

test('ticks are round in the zone of the place, and never too many', () => {
  for (const span of [1, 5, 30, 100, 700, 9_000])
    for (const offset of [0, -4 * HOUR, 5.5 * HOUR]) {
      const from = 1_489_300_000_000;
      const { at, isDays } = ticksOf({ from, to: from + span * HOUR }, offset, 6);
      expect(at.length).toBeLessThanOrEqual(7);
      for (const time of at) expect((time + offset) % (isDays ? 24 * HOUR : HOUR)).toBe(0);
    }
});

describe('the forecast', () => {
  const turnout = { value: 41, low: 30, high: 58, model: 'turnout/2' };

  test('goes from what is known to the beginning of the event', () =>
    expect(forecastOf({ ...TOLD, turnout, as_of: { offsets: [], stream_time: 4 * HOUR } })).toEqual({
      from: 4 * HOUR,
      heads: 3,
      at: 9 * HOUR,
      value: 41,
      low: 30,
      high: 58,
    }));

  test('ends where it begins when the event has begun or has no time', () => {
    const as_of = { offsets: [], stream_time: 30 * HOUR };
    expect(forecastOf({ ...TOLD, turnout, as_of })).toMatchObject({ from: 9 * HOUR, at: 9 * HOUR });
    expect(forecastOf({ ...TOLD, turnout, as_of, time: null })).toMatchObject({
      from: 30 * HOUR,
      at: 30 * HOUR,
    });
  });

  test('is none without a model or an answer', () => {
    expect(forecastOf(TOLD)).toBeNull();
    expect(forecastOf({ ...TOLD, curve: [], turnout })).toBeNull();
  });
});

test('times are those of the place', () => {
  const at = Date.UTC(2017, 2, 19, 18);
  expect(timesIn(-4 * HOUR).minute(at)).toBe('14:00');
  expect(timesIn(null).minute(at)).toBe('18:00');
  expect([0, null, HOUR, -4 * HOUR, 5.5 * HOUR].map(zoneOf)).toEqual([
    'UTC',
    'UTC',
    'UTC+1',
    'UTC−4',
    'UTC+5:30',
  ]);
});

test('only addresses of the web can be opened', () => {
  expect(webAddress('https://www.meetup.com/a/')?.host).toBe('www.meetup.com');
  for (const text of ['javascript:alert(1)', 'data:text/html,x', '//evil', 'nothing', '', null])
    expect(webAddress(text)).toBeNull();
});
