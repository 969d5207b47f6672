// A stand-in for the batch worker: the same addresses and shapes, a handful of statements, no database.
//
//   SELECT count(*) FROM rsvps         one row
//   … generate_series(1, N) …          N rows with values of every kind, hostile ones among them
//   … slow …                           an answer after half a minute, unless the client goes away
//   SELEC, nothere, broken             a syntax error with its place, an unknown table, an answer that breaks off
import { boardRows } from './batch-boards.mjs';
import { NAMED, TABLES } from './batch-tables.mjs';
import { answerLearnt, isLearntPath } from './learnt.mjs';

const SLOW_MS = 30_000;
const ROWS_MAX = 10_000;
const FILE_ROWS_MAX = 100_000;
const AS_OF = { offsets: [587_112, 586_382], stream_time: 1_489_925_470_960 };
const FILTERS = ['country', 'city', 'category', 'topic', 'response', 'venue', 'group', 'event', 'from', 'to'];
const JSON_TYPE = 'application/json';

const LACK = {
  available: false,
  reason: 'headcount-batch was not found beside headcount or on PATH',
  remedy: 'cargo build --release -p headcount-batch',
};

/** Whether this address is the worker's. */
export function isBatchPath(pathname) {
  return (
    /^\/api\/v1\/(sql(\/schema)?|boards\/[^/]+|batch|surprise)$/.test(pathname) || isLearntPath(pathname)
  );
}

/** What the worker answers: `{status, type, body}`. `signal` tells that the client has gone. */
export async function answerBatch(
  { pathname, query = '', body = '', accept = JSON_TYPE, signal, surprising = [] },
  isThere = true,
) {
  if (pathname === '/api/v1/batch')
    return json(
      200,
      isThere ? { available: true, tables: { as_of: AS_OF, behind_seconds: 3 }, version: '0.0.0' } : LACK,
    );
  if (!isThere) return problem(503, `no batch worker: build it with ${LACK.remedy}`, LACK.reason);
  if (pathname === '/api/v1/surprise')
    return json(200, { hour: AS_OF.stream_time, events: { now: surprising, alarms: [] }, as_of: AS_OF });
  if (isLearntPath(pathname)) {
    const [status, value] = answerLearnt({ pathname, query, body });
    return status === 200 ? json(200, value) : problem(status, value.title, value.detail);
  }
  if (pathname === '/api/v1/sql/schema') return json(200, { tables: TABLES, named: NAMED, as_of: AS_OF });
  if (pathname === '/api/v1/sql') return statement(JSON.parse(body), accept, signal);
  return board(decodeURIComponent(pathname.slice('/api/v1/boards/'.length)), new URLSearchParams(query));
}

function board(name, parameters) {
  if (!NAMED.some((known) => known.name === name)) return problem(404, `there is no board ${name}`);
  const unknown = [...parameters.keys()].find((filter) => !FILTERS.includes(filter));
  if (unknown) return problem(400, `there is no filter "${unknown}"`);
  return json(200, answerOf(boardRows(name, wantedBy(parameters.getAll('country')))));
}

function wantedBy(values) {
  const codes = values.flatMap((value) => value.split(',')).filter(Boolean);
  return codes.length > 0 ? (code) => codes.includes(code) : null;
}

async function statement({ sql = '', named, filters = {}, limit }, accept, signal) {
  const most = limit ?? (accept === JSON_TYPE ? ROWS_MAX : FILE_ROWS_MAX);
  const known = NAMED.find((board) => board.name === named || board.sql === sql);
  if (known) return table(boardRows(known.name, wantedBy([filters.country ?? []].flat())), most, accept);
  const wrong = (word, sqlstate, title, detail) => {
    const at = sql.indexOf(word);
    return at < 0 ? null : problem(400, title, detail, sqlstate, [...sql.slice(0, at)].length + 1);
  };
  const refused =
    wrong(
      'SELEC ',
      '42601',
      'syntax error at or near "SELEC"',
      'A statement begins with SELECT, WITH or VALUES.',
    ) ??
    wrong(
      'DELETE',
      '25006',
      'cannot execute DELETE in a read-only transaction',
      'Nothing can be changed here.',
    ) ??
    wrong('nothere', '42P01', 'relation "nothere" does not exist', 'The tables are listed in the schema.');
  if (refused) return refused;
  if (sql.includes('slow')) await pause(SLOW_MS, signal);
  if (sql.includes('broken'))
    return { status: 200, type: JSON_TYPE, body: '{"columns":[{"name":"n","type":"big' };
  const series = /generate_series\(1, *(\d+)\)/.exec(sql);
  if (series) return table(kindsOfValues(Number(series[1])), most, accept);
  const from = /from\s+(\w+)/i.exec(sql)?.[1];
  const asked = TABLES.find(({ name }) => name === from);
  if (asked && /count\(\*\)/i.test(sql))
    return table({ columns: [{ name: 'count', type: 'bigint' }], rows: [[asked.rows ?? 0]] }, most, accept);
  if (asked) return table(boardRows('venues', null), most, accept);
  return table({ columns: [{ name: 'n', type: 'integer' }], rows: [[1]] }, most, accept);
}

const HOSTILE = [
  '<img src=x onerror="globalThis.pwned=1">',
  '<script>globalThis.pwned=1</script>',
  'gnp.\u202etxt',
  'two\nlines\tand a tab',
  'NULL',
  "''",
  '=HYPERLINK("https://evil.example","x")',
];

function kindsOfValues(count) {
  return {
    columns: [
      { name: 'n', type: 'bigint' },
      { name: 'name', type: 'text' },
      { name: 'share', type: 'double precision' },
      { name: 'fee', type: 'numeric' },
      { name: 'is_there', type: 'boolean' },
      { name: 'at', type: 'timestamptz' },
      { name: 'hash', type: 'bigint' },
    ],
    rows: Array.from({ length: count }, (_, index) => [
      index + 1,
      [null, '', ...HOSTILE][index % (HOSTILE.length + 2)],
      Math.round(Math.sin(index / 9) * 1e6) / 1e6,
      (index * 1.25).toFixed(2),
      index % 3 === 0,
      new Date(AS_OF.stream_time - index * 60_000).toISOString(),
      // JSON.parse would round it.
      BigInt('9007199254740993') + BigInt(index),
    ]),
  };
}

function table({ columns, rows }, most, accept) {
  if (accept === JSON_TYPE) return json(200, answerOf({ columns, rows }, most));
  if (accept === 'text/csv')
    return { status: 200, type: 'text/csv', body: csv(columns, rows.slice(0, most)) };
  return { status: 200, type: accept, body: 'PAR1' };
}

function answerOf({ columns, rows }, most = ROWS_MAX) {
  const kept = rows.slice(0, most);
  return {
    columns,
    rows: kept,
    truncated: kept.length < rows.length,
    row_count: kept.length,
    elapsed_ms: 12 + kept.length / 80,
    bytes_read: 48_213 + kept.length * 90,
    as_of: AS_OF,
  };
}

function csv(columns, rows) {
  const cell = (value) => (value === null ? '' : `"${String(value).replaceAll('"', '""')}"`);
  return [columns.map(({ name }) => name), ...rows].map((row) => row.map(cell).join(',')).join('\r\n');
}

function problem(status, title, detail = title, sqlstate = null, position = null) {
  return { ...json(status, { title, detail, sqlstate, position }), type: 'application/problem+json' };
}

function json(status, value) {
  // JSON has no way to say a long number but its digits.
  const text = JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `@${part}@` : part));
  return { status, type: JSON_TYPE, body: text.replaceAll(/"@(\d+)@"/g, '$1') };
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
