import { expect, test } from 'vitest';
import type { Source } from './contract';
import { errorOf, type Known, lagShown, lastRecordAt, speedOf, statusOf, troublesOf } from './status';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const DAY = 86_400_000;

/** A stream that is live, and has just brought a record. */
const source = (changed: Partial<Source> = {}): Source => ({
  state: 'live',
  name: 'a',
  kind: 'stream',
  last_record_at: NOW,
  gaps: 0,
  error: null,
  ...changed,
});

const known = (changed: Partial<Known> = {}): Known => ({
  connection: 'live',
  isPaused: false,
  ready: { state: 'ready', reason: null },
  sources: [source()],
  streamTime: NOW - 10_000,
  at: NOW,
  ...changed,
});

test.each([
  ['connecting', [], 'connecting'],
  ['reconnecting', [{}], 'reconnecting'],
  ['stale', [{ state: 'ended' }], 'stale'],
  ['live', [], 'live'],
  ['live', [{}, { state: 'reconnecting' }], 'live'],
  ['live', [{ state: 'idle' }], 'live'],
  ['live', [{ state: 'idle', last_record_at: null }], 'current'],
  ['live', [{ state: 'idle', last_record_at: NOW - 2 * MINUTE }], 'current'],
  ['live', [{ state: 'idle', last_record_at: NOW - 2 * MINUTE }, {}], 'live'],
  ['live', [{ state: 'ended' }, { state: 'ended' }], 'ended'],
  ['live', [{ state: 'ended' }, {}], 'live'],
  ['live', [{ state: 'ended' }, { state: 'reconnecting' }], 'waiting'],
  ['live', [{ state: 'connecting' }], 'waiting'],
  ['live', [{ state: 'failed' }], 'failed'],
  ['live', [{ state: 'failed' }, { state: 'ended' }], 'failed'],
  ['live', [{ state: 'failed' }, {}], 'live'],
  ['live', [{ kind: 'simulation' }], 'simulated'],
  ['live', [{ kind: 'replay', speed: 10 }], 'replay'],
  ['live', [{ kind: 'file' }], 'reading'],
  ['live', [{ kind: 'file' }, { kind: 'simulation' }], 'simulated'],
  ['live', [{ kind: 'simulation' }, {}], 'live'],
] as const)('%s with %j is %s', (connection, sources, status) => {
  expect(statusOf(known({ connection, sources: sources.map((one) => source(one)) }))).toBe(status);
});

test('paused goes before all', () =>
  expect(statusOf(known({ connection: 'reconnecting', isPaused: true, sources: [] }))).toBe('paused'));

test('a program that has failed, or waits, is not live', () => {
  const full = { state: 'waiting', reason: 'the disk is full' } as const;
  expect(statusOf(known({ ready: { state: 'failed', reason: 'x' } }))).toBe('failed');
  expect(statusOf(known({ ready: full }))).toBe('blocked');
  expect(troublesOf(full, [])).toEqual(['the disk is full']);
  expect(troublesOf(full, [], 'the disk is full')).toEqual(['the disk is full']);
  const ready = { state: 'ready', reason: null } as const;
  expect(troublesOf(ready, [], 'the disk is nearly full')).toEqual(['the disk is nearly full']);
});

test('a followed file that was read to its end is up to date, however old its records are', () => {
  const streamTime = NOW - 4_000 * DAY;
  const idle = source({ state: 'idle' });
  expect(statusOf(known({ streamTime, sources: [idle] }))).toBe('current');
  expect(statusOf(known({ streamTime, sources: [source()] }))).toBe('behind');
  expect(statusOf(known({ streamTime, sources: [idle, source()] }))).toBe('behind');
});

test('a server without room says so, and that the page goes on', () => {
  const full = { state: 'full', reason: 'too many live streams are open' } as const;
  expect(statusOf(known({ ready: full }))).toBe('full');
  expect(troublesOf(full, [])).toEqual([
    'Too many live streams are open. This page goes on by itself as soon as there is room.',
  ]);
});

test('an address stands once beside its error', () => {
  const error = 'http://a/x: connection refused';
  expect(errorOf(source({ name: 'http://a/x', error }))).toBe('connection refused');
  expect(errorOf(source({ name: 'http://a', error }))).toBe(error);
  const path = source({ name: 'file:/x/y.gz?follow=1', error: '/x/y.gz: reading failed: cut' });
  expect(errorOf(path)).toBe('reading failed: cut');
  expect(errorOf(source({ name: 'file:a', error: 'a: b' }))).toBe('a: b');
  expect(errorOf(source({ error: null }))).toBeNull();
  const failed = source({ name: 'http://a/x', state: 'failed', error });
  expect(troublesOf({ state: 'ready', reason: null }, [failed])).toEqual([error]);
});

test('records that were old when they came are behind', () => {
  const late = known({ streamTime: NOW - 6 * MINUTE });
  expect(statusOf(late)).toBe('behind');
  expect(lagShown(late)).toBe(6 * MINUTE);
  // A recording that a server plays as a stream.
  expect(statusOf(known({ streamTime: NOW - 4_000 * DAY }))).toBe('behind');
  expect(lagShown(known())).toBeNull();
});

test('a stream that is quiet is not behind, but not live for ever', () => {
  const quiet = (minutes: number) => known({ at: NOW + minutes * MINUTE });
  expect([0, 0.9, 1.1, 600].map((minutes) => statusOf(quiet(minutes)))).toEqual([
    'live',
    'live',
    'silent',
    'silent',
  ]);
  expect(lagShown(quiet(600))).toBeNull();
});

test('without a source of its own, a page is held against the clock', () => {
  expect(statusOf(known({ sources: [], streamTime: NOW - 10_000 }))).toBe('live');
  expect(statusOf(known({ sources: [], streamTime: NOW - 2 * MINUTE }))).toBe('behind');
  expect(statusOf(known({ sources: [], streamTime: NOW - 48 * 60 * MINUTE }))).toBe('stored');
  expect(statusOf(known({ sources: [], streamTime: null }))).toBe('live');
});

test('a simulation that catches up says how far it is', () => {
  const sources = [source({ kind: 'simulation' })];
  expect(lagShown(known({ sources, streamTime: NOW - 9 * MINUTE }))).toBe(9 * MINUTE);
  expect(lagShown(known({ sources }))).toBeNull();
});

test('the speed is that of a replay that runs', () => {
  expect(speedOf([source(), source({ kind: 'replay', speed: 60 })])).toBe(60);
  expect(speedOf([source({ kind: 'replay', speed: 60, state: 'ended' })])).toBeNull();
});

test('what is wrong is said with its cause', () => {
  const sources = [
    source({ name: 'ws://a', state: 'connecting', error: 'connection refused' }),
    source({ name: 'b', state: 'connecting' }),
    source({ name: 'file:c', state: 'failed', error: 'there is no such file' }),
    source({ name: 'd', error: 'a record was too large' }),
    source({ name: 'e', notice: "this machine's clock is 7 minutes behind" }),
    source({ name: 'f', notice: "this machine's clock is 7 minutes behind" }),
  ];
  expect(troublesOf({ state: 'ready', reason: null }, sources)).toEqual([
    'ws://a: connection refused',
    'file:c: there is no such file',
    "this machine's clock is 7 minutes behind",
  ]);
});

test('the last record of all sources', () => {
  const at = (last_record_at: number | null) => source({ last_record_at });
  expect(lastRecordAt([at(5), at(9), at(null)])).toBe(9);
  expect(lastRecordAt([at(null)])).toBeNull();
});
