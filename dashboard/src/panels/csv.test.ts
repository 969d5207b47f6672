import { expect, test } from 'vitest';
import { toCsv } from './csv';

test('text that could be a formula or break a line is made harmless', () => {
  const rows = [
    ['=1+1', 1],
    ['@SUM(A1)', -2],
    ['a "b", c', 3],
    ['東京\nhall', 4],
  ];
  expect(toCsv(['venue', 'yes'], rows)).toBe(
    '\ufeffvenue,yes\r\n\'=1+1,1\r\n\'@SUM(A1),-2\r\n"a ""b"", c",3\r\n"東京\nhall",4\r\n',
  );
});
