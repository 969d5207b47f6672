import { expect, test } from 'vitest';
import type { Account, ProgramStatus, Worker } from './contract';
import { balances, byCount, isSilent, partitionRows, SILENT_AFTER_MS, sum } from './rows';

const ALONE: ProgramStatus = {
  at: 0,
  version: '0.1.0',
  build: 'b',
  ready: 'ready',
  doing: null,
  sources: [],
  rate: 0,
  ledger: null,
  as_of: { offsets: [7, 9], stream_time: 5 },
  cluster: null,
};

test('one process has the partitions of its journal', () => {
  const rows = partitionRows(ALONE);
  expect(
    rows.map(({ partition, offset, owner, stream_time }) => [partition, offset, owner, stream_time]),
  ).toEqual([
    [0, 7, null, 5],
    [1, 9, null, 5],
  ]);
  expect(partitionRows({ ...ALONE, as_of: null })).toEqual([]);
});

test('a worker is lost after some silence', () => {
  const worker = { seen: 1_000 } as Worker;
  expect(isSilent(worker, 1_000 + SILENT_AFTER_MS)).toBe(false);
  expect(isSilent(worker, 1_001 + SILENT_AFTER_MS)).toBe(true);
});

test('reasons are in order and add up', () => {
  expect(byCount({ b: 1, a: 1, c: 5 })).toEqual([
    ['c', 5],
    ['a', 1],
    ['b', 1],
  ]);
  expect([sum({}), sum({ a: 1, b: 2 })]).toEqual([0, 3]);
});

test('an account balances when both lines hold', () => {
  const account: Account = {
    received: 10,
    kept: 8,
    rejected: { bad_json: 2 },
    new: 5,
    replaced: 0,
    repeated: 2,
    stale: 0,
    quarantined: { future_timestamp: 1 },
    gaps: 0,
  };
  expect(balances(account)).toBe(true);
  expect(balances({ ...account, received: 11 })).toBe(false);
  expect(balances({ ...account, kept: 9, received: 11 })).toBe(false);
});
