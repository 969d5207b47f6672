import { afterEach, expect, test, vi } from 'vitest';
import { answerOf, ask, Refusal } from './client';

afterEach(() => vi.unstubAllGlobals());

const answer = (rows: string, more = '') =>
  answerOf(`{"columns":[{"name":"n","type":"bigint"}],"rows":${rows}${more}}`);

test('an answer is read whole', () => {
  const asOf = '{"offsets":[12,40],"stream_time":1489925470960}';
  const { rows, truncated, as_of } = answer('[[1],[null]]', `,"truncated":true,"as_of":${asOf}`);
  expect(rows).toEqual([[1], [null]]);
  expect(truncated).toBe(true);
  expect(as_of?.offsets).toEqual([12, 40]);
});

test('an answer that broke off is none', () => {
  expect(() => answerOf('{"columns":[{"name":"n","type":"bigint"}],"rows":[[1],[2')).toThrow(/broke off/);
  expect(() => answerOf('[]')).toThrow(/not a table/);
});

// Only newer engines hand the digits to a reviver; the others round, as everybody's JavaScript does.
test.runIf(hasSource())('whole numbers keep every digit', () =>
  expect(answer('[[9007199254740993]]').rows).toEqual([['9007199254740993']]),
);

test('a number that is exact stays a number', () =>
  expect(answer('[[9007199254740991],[1.5]]').rows).toEqual([[9007199254740991], [1.5]]));

test('a connection that is cut in the middle says so, and how much had come', async () => {
  let isFirst = true;
  const body = new ReadableStream({
    pull(controller) {
      if (isFirst) controller.enqueue(new TextEncoder().encode('{"columns":[],"rows":[[1]'));
      else controller.error(new TypeError('network error'));
      isFirst = false;
    },
  });
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(body)));
  const seen: number[] = [];
  const asked = ask({ sql: 'SELECT 1' }, new AbortController().signal, (bytes) => seen.push(bytes));
  await expect(asked).rejects.toThrow(/broke off/);
  expect(seen).toEqual([25]);
});

test('a refusal without words of its own has the status', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('<html>', { status: 502 })));
  const asked = ask({ sql: 'SELECT 1' }, new AbortController().signal, () => {});
  await expect(asked).rejects.toThrow('the server answers 502');
});

test('only a worker that is away is away', () => {
  const away = (status: number) => new Refusal(status, { title: 'no' }).isAway;
  expect([400, 408, 413, 429, 500].map(away)).not.toContain(true);
  expect([502, 503, 504].map(away)).not.toContain(false);
});

function hasSource(): boolean {
  let found = false;
  JSON.parse('1', (_, value, context?: { source?: string }) => {
    found = context?.source !== undefined;
    return value;
  });
  return found;
}
