import { expect, test } from 'vitest';
import type { Source } from './contract';
import { lastRecordAt, statusOf } from './status';

const source = (state: Source['state'], last_record_at: number | null = null): Source => ({
  state,
  name: 'a',
  last_record_at,
  gaps: 0,
});

test.each([
  ['connecting', [], 'connecting'],
  ['reconnecting', [source('live')], 'reconnecting'],
  ['stale', [source('ended')], 'stale'],
  ['live', [], 'live'],
  ['live', [source('live'), source('reconnecting')], 'live'],
  ['live', [source('idle')], 'live'],
  ['live', [source('ended'), source('ended')], 'ended'],
  ['live', [source('ended'), source('live')], 'live'],
  ['live', [source('ended'), source('reconnecting')], 'waiting'],
  ['live', [source('connecting')], 'waiting'],
] as const)('%s with %j is %s', (connection, sources, status) => {
  expect(statusOf(connection, false, sources)).toBe(status);
});

test('paused goes before all', () => expect(statusOf('reconnecting', true, [])).toBe('paused'));

test('the last record of all sources', () => {
  expect(lastRecordAt([source('live', 5), source('ended', 9), source('idle')])).toBe(9);
  expect(lastRecordAt([source('idle')])).toBeNull();
});
