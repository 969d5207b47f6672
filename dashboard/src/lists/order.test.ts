import { expect, test } from 'vitest';
import { inOrder } from './order';

const row = (key: string, count: number) => ({ key, count });
const keyOf = ({ key }: { key: string }) => key;

test('rows stay where they were, with their new figures', () => {
  const rows = [row('b', 9), row('a', 8), row('c', 7)];
  expect(inOrder(rows, keyOf, ['a', 'b', 'c'])).toEqual([row('a', 8), row('b', 9), row('c', 7)]);
});

test('those gone leave, new ones come last', () => {
  expect(inOrder([row('n', 5), row('a', 1)], keyOf, ['a', 'gone'])).toEqual([row('a', 1), row('n', 5)]);
});
