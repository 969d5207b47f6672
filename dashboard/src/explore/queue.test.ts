import { expect, test } from 'vitest';
import { Queue } from './queue';

const NEVER = new AbortController().signal;

test('never more at once than it may, each once and in order', async () => {
  const queue = new Queue(3);
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  const task = (index: number) => async () => {
    begun.push(index);
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    if (index % 4 === 0) throw new Error('no');
    return index;
  };
  const all = Array.from({ length: 20 }, (_, index) => queue.run(task(index), NEVER));
  const ends = await Promise.allSettled(all);
  expect(begun).toEqual(Array.from({ length: 20 }, (_, index) => index));
  expect(most).toBe(3);
  expect(ends.filter(({ status }) => status === 'rejected')).toHaveLength(5);
});

test('one that is not wanted any more is not begun, and gives its place on', async () => {
  const queue = new Queue(1);
  const stop = new AbortController();
  let finish = () => {};
  const first = queue.run(() => new Promise<void>((resolve) => (finish = resolve)), NEVER);
  const unwanted = queue.run(() => Promise.reject(new Error('begun')), stop.signal);
  const last = queue.run(() => Promise.resolve('last'), NEVER);
  stop.abort();
  finish();
  await first;
  await expect(unwanted).rejects.toThrow(/abort/i);
  await expect(last).resolves.toBe('last');
});
