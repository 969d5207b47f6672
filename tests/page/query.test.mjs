// Asking in SQL: the page `/query`. The statements are answered by a stand-in for the batch worker.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { overhang, violations } from './looks.mjs';
import { Reader } from './reader.mjs';
import { testbed } from './testbed.mjs';
import { forgetRefusals, json, problem, Worker } from './worker.mjs';

const bed = testbed();
const EDITOR = '[data-testid="editor"] .cm-content';
const MANY = 'SELECT * FROM generate_series(1, 12000) AS n';

/** Opens the page with a worker behind it, and waits for the editor. */
async function open({ sql, query, worker = new Worker(), before, ...options } = {}) {
  const reader = await Reader.open(bed.browser, bed.address, {
    path: 'query',
    query: query ?? (sql ? `?q=${encodeURIComponent(sql)}` : ''),
    before: async (page) => {
      await worker.behind(page);
      await before?.(page);
    },
    ...options,
  });
  reader.worker = worker;
  if (worker.isThere) {
    await reader.page.waitForSelector(EDITOR);
    await reader.page.waitForSelector('[data-testid="schema"]');
  }
  return reader;
}

const outcome = (page, value) =>
  page.waitForSelector(`[data-testid="outcome"]${value === undefined ? '' : `[data-value="${value}"]`}`);
const statement = (page) =>
  page.$$eval(`${EDITOR} .cm-line`, (lines) => lines.map((line) => line.textContent).join('\n'));
const write = async (page, sql) => {
  await page.click(EDITOR);
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText(sql);
};
/** The name of what has the keyboard, through the editor's shadow root. */
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement;
    return element.getAttribute('aria-label') ?? element.textContent.trim();
  });

test('an example shows its statement and its answer, and the address says what was asked', async () => {
  const reader = await open();
  const { page } = reader;
  await page.click('.examples >> text=Categories');
  await outcome(page, 10);
  assert.match(await statement(page), /^-- Categories\nSELECT category/);
  assert.match(decodeURIComponent(reader.query()), /\?q=-- Categories/);
  const rows = await page.$$eval('[data-testid="row"]', (all) =>
    all.map((row) => [...row.cells].map((cell) => cell.textContent)),
  );
  assert.equal(rows.length, 10);
  assert.equal(rows[0][0], 'Technology');
  assert.equal(await reader.value('as-of'), '1489925470960');
  assert.match(await page.textContent('[data-testid="outcome"]'), /10 rows.*ms.*byte/);
  await reader.close();
});

test('the keyboard asks, and is never trapped', async () => {
  const reader = await open();
  const { page } = reader;
  await page.focus('[data-testid="editor"] .cm-content');
  await page.keyboard.press('Escape');
  assert.equal(await focused(page), 'Run', 'also when there is nothing to run');
  await page.keyboard.press('Enter');
  assert.equal(await focused(page), 'SQL statement');
  await page.keyboard.type('SELECT count(*) FROM rsv');
  await page.waitForSelector('.cm-tooltip-autocomplete >> text=rsvps');
  await page.keyboard.press('Escape');
  await page.waitForSelector('.cm-tooltip-autocomplete', { state: 'detached' });
  assert.equal(await focused(page), 'SQL statement', 'the first Escape closes the completions');
  await page.keyboard.type('ps');
  await page.keyboard.press('Escape');
  if ((await focused(page)) === 'SQL statement') await page.keyboard.press('Escape');
  assert.equal(await focused(page), 'Run');
  await page.keyboard.press('Shift+Tab');
  assert.equal(await focused(page), 'SQL statement');
  await page.keyboard.press('ControlOrMeta+Enter');
  await outcome(page, 1);
  assert.deepEqual(reader.worker.statements, [{ sql: 'SELECT count(*) FROM rsvps', limit: 10_000 }]);
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'Run', 'Tab goes on');
  const reached = new Set();
  for (let at = 0; at < 12; at++) {
    await page.keyboard.press('Tab');
    reached.add(await focused(page));
  }
  for (const name of ['Table', 'Download as CSV', 'Rows of the answer']) assert.ok(reached.has(name), name);
  // Letters typed into the editor are no commands of the page.
  const before = await page.getAttribute('html', 'data-theme');
  await page.click(EDITOR);
  await page.keyboard.type('t');
  assert.equal(await page.getAttribute('html', 'data-theme'), before);
  await reader.close();
});

test('names are completed from the schema', async () => {
  const reader = await open();
  const { page } = reader;
  await page.click(EDITOR);
  await page.keyboard.type('SELECT rsvps.resp');
  await page.waitForSelector('.cm-tooltip-autocomplete >> text=response');
  await page.keyboard.press('Tab');
  await page.waitForFunction(
    (editor) =>
      document
        .querySelector('[data-testid="editor"]')
        .shadowRoot.querySelector(editor)
        .textContent.includes('rsvps.response'),
    '.cm-content',
  );
  await reader.close();
});

test('a statement that takes long can be taken back, and the next one works', async () => {
  const reader = await open();
  const { page } = reader;
  await write(page, 'SELECT slow');
  const gone = page.waitForEvent('requestfailed');
  await page.click('#run');
  await outcome(page, 'running');
  await page.click('text=Cancel');
  await outcome(page, 'cancelled');
  assert.equal(await focused(page), 'Run');
  assert.match((await gone).failure().errorText, /ABORTED/);
  await write(page, 'SELECT count(*) FROM events');
  await page.click('#run');
  await outcome(page, 1);
  assert.equal(await page.textContent('[data-testid="row"] td'), '26412');
  await reader.close();
});

test('a statement that is asked while another runs takes its place', async () => {
  const reader = await open();
  const { page } = reader;
  await write(page, 'SELECT slow');
  await page.click('#run');
  await outcome(page, 'running');
  await write(page, 'SELECT count(*) FROM events');
  await page.click('#run');
  await outcome(page, 1);
  await reader.close();
});

test('null is not the empty text, and neither is the word or the quotes', async () => {
  const reader = await open({ sql: MANY });
  const { page } = reader;
  await outcome(page, 10_000);
  const cells = await page.$$eval('[data-testid="row"]', (rows) =>
    rows.slice(0, 9).map(({ cells: [, name] }) => [name.dataset.value, name.textContent, name.innerHTML]),
  );
  assert.deepEqual(
    cells.filter(([kind]) => kind).map(([kind, text]) => [kind, text.trim()]),
    [
      ['null', 'NULL'],
      ['empty', 'empty'],
    ],
  );
  const word = cells.find(([kind, text]) => !kind && text === 'NULL');
  assert.equal(word?.[2], 'NULL', 'the word is plain text');
  const looks = await page.evaluate(() =>
    ['.null', '.empty'].map((name) => {
      const { fontStyle, borderTopStyle } = getComputedStyle(document.querySelector(`.grid ${name}`));
      return [fontStyle, borderTopStyle];
    }),
  );
  assert.notDeepEqual(looks[0], looks[1]);
  assert.equal(looks[0][0], 'italic');
  await reader.close();
});

test('of thousands of rows a few are elements, and all can be reached', async () => {
  const reader = await open({ sql: MANY });
  const { page } = reader;
  await outcome(page, 10_000);
  const count = () => page.locator('[data-testid="row"]').count();
  assert.ok((await count()) < 80, `${await count()} rows`);
  assert.match(await page.textContent('[data-testid="truncated"]'), /more than these 10,000 rows/);
  await page.focus('.grid-scroll');
  await page.keyboard.press('End');
  await page.waitForSelector('[data-testid="row"][aria-rowindex="10001"]');
  assert.equal(await page.textContent('[aria-rowindex="10001"] td'), '10000');
  assert.ok((await count()) < 80);
  await page.keyboard.press('Home');
  await page.waitForSelector('[data-testid="row"][aria-rowindex="2"]');
  await reader.close();
});

test('whole numbers keep every digit, and figures stand at the right', async () => {
  const reader = await open({ sql: MANY });
  const { page } = reader;
  await outcome(page, 10_000);
  assert.equal(await page.textContent('[aria-rowindex="2"] td:nth-child(7)'), '9007199254740993');
  const aligned = await page.$$eval('[aria-rowindex="2"] td', (cells) =>
    cells.map((cell) => getComputedStyle(cell).textAlign),
  );
  assert.deepEqual(aligned, ['right', 'left', 'right', 'right', 'left', 'left', 'right']);
  await reader.close();
});

test('values do nothing, in the table and in every picture', async () => {
  const reader = await open({ sql: MANY });
  const { page } = reader;
  await outcome(page, 10_000);
  for (const view of ['Bar', 'Line', 'Table']) {
    await page.click(`.panel-result .tabs >> text=${view}`);
    const foreign =
      'main :is(script, iframe, object, embed, video, audio, link, style, form, input, img, base)';
    assert.equal(await page.locator(foreign).count(), 0, view);
  }
  assert.equal(await page.textContent('[aria-rowindex="6"] td:nth-child(2)'), 'gnp.‹202E›txt');
  assert.equal(await page.textContent('[aria-rowindex="7"] td:nth-child(2)'), 'two↵lines⇥and a tab');
  assert.equal(await page.evaluate(() => globalThis.pwned), undefined);
  await reader.close();
});

test('names of tables, columns, examples and errors do nothing either', async () => {
  const bad = '<img src=x onerror="globalThis.pwned=1">\u202e';
  const worker = new Worker();
  worker.instead = ({ path }) => {
    if (path.endsWith('/sql/schema'))
      return json({
        tables: [{ name: bad, rows: 1, columns: [{ name: bad, type: bad, key: true, references: bad }] }],
        named: [{ name: bad, title: bad, description: bad, sql: bad, chart: 'bar', x: bad, y: bad }],
        as_of: null,
      });
    if (path.endsWith('/sql'))
      return problem(400, bad, { detail: `${bad}!`, sqlstate: bad, position: 9_999 });
    return undefined;
  };
  const reader = await open({ worker });
  const { page } = reader;
  await page.click('.tree summary');
  await page.click('.examples button');
  await page.waitForSelector('[data-testid="failure"]');
  // The editor puts pictures without a source around what it shows in place of signs.
  assert.equal(await page.locator('main :is(img:not(.cm-widgetBuffer), script)').count(), 0);
  assert.equal(await page.evaluate(() => globalThis.pwned), undefined);
  forgetRefusals(reader, 400);
  await reader.close();
});

test('an error has its code, and its place is marked', async () => {
  const reader = await open({ sql: "SELECT '🎉' AS a\nFROM nothere" });
  const { page } = reader;
  await page.waitForSelector('[data-testid="failure"]');
  assert.equal(await reader.value('failure'), '42P01');
  assert.match(await page.textContent('[data-testid="failure"]'), /relation "nothere" does not exist/);
  assert.equal(await page.textContent('.cm-wrong'), 'nothere');
  await page.click('text=Go to line 2, column 6');
  assert.equal(await focused(page), 'SQL statement');
  await page.keyboard.type('x');
  assert.equal(await page.locator('.cm-wrong').count(), 0, 'what was changed may be right');
  assert.match(await statement(page), /FROM xnothere/);
  forgetRefusals(reader, 400);
  await reader.close();
});

test('refusals of the worker are told in its words', async () => {
  const worker = new Worker();
  const reader = await open({ worker });
  const { page } = reader;
  for (const [status, title] of [
    [408, 'the statement took longer than 30 s'],
    [413, 'the statement needs more memory than 1 GiB: group first'],
    [429, 'four statements run already: try again in a moment'],
  ]) {
    worker.instead = ({ path }) => (path.endsWith('/sql') ? problem(status, title) : undefined);
    await write(page, `SELECT ${status}`);
    await page.keyboard.press('ControlOrMeta+Enter');
    await page.waitForSelector(`[data-testid="failure"] >> text=${title}`);
  }
  forgetRefusals(reader, 408, 413, 429);
  await reader.close();
});

test('an answer that breaks off is no answer', async () => {
  const reader = await open({ sql: 'SELECT broken' });
  const { page } = reader;
  await page.waitForSelector('[data-testid="failure"] >> text=broke off');
  assert.equal(await page.locator('[data-testid="result"]').count(), 0);
  await reader.close();
});

test('an answer is drawn as what its columns allow', async () => {
  const reader = await open();
  const { page } = reader;
  const views = () =>
    page.$$eval('.panel-result .tabs button', (all) =>
      all.filter((button) => !button.disabled).map((button) => button.textContent),
    );
  await page.click('.examples >> text=Countries of groups');
  await outcome(page, 20);
  assert.deepEqual(await views(), ['Table', 'Bar', 'Line', 'Map']);
  await page.click('.tabs >> text=Map');
  await page.waitForSelector('.country-map [data-country="us"][data-step="6"]');
  await page.click('.tabs >> text=Bar');
  assert.equal(await page.getAttribute('[data-testid="bar"]', 'data-value'), '9800');
  assert.equal(await page.textContent('[data-testid="bar"] .name'), 'United States');
  await page.selectOption('.axes select >> nth=1', 'people');
  assert.notEqual(await page.getAttribute('[data-testid="bar"]', 'data-value'), '9800');
  await page.click('.examples >> text=Answers by the day');
  await outcome(page, 26);
  assert.deepEqual(await views(), ['Table', 'Bar', 'Line']);
  await page.click('.tabs >> text=Line');
  await page.waitForSelector('.line-chart canvas');
  await write(page, 'SELECT 1');
  await page.keyboard.press('ControlOrMeta+Enter');
  await outcome(page, 1);
  await reader.close();
});

test('the answer can be taken along in three formats', async () => {
  const reader = await open({ sql: MANY });
  const { page, worker } = reader;
  await outcome(page, 10_000);
  const types = {
    CSV: ['text/csv', /^headcount-query-.*\.csv$/],
    JSON: ['application/json', /^headcount-query-.*\.json$/],
    Parquet: ['application/vnd.apache.parquet', /^headcount-query-.*\.parquet$/],
  };
  for (const [name, [type, file]] of Object.entries(types)) {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.click(`.files >> text=${name}`),
    ]);
    assert.match(download.suggestedFilename(), file);
    const { body, accept } = worker.asked.at(-1);
    assert.deepEqual([body, accept], [{ sql: MANY }, type]);
    if (name === 'CSV') {
      const lines = (await readFile(await download.path(), 'utf8')).trim().split('\r\n');
      assert.equal(lines.length, 12_001, 'a file has all rows');
    }
  }
  worker.instead = () => problem(413, 'the answer is larger than 1 GB');
  await page.click('.files >> text=CSV');
  await page.waitForSelector('.files >> text=larger than 1 GB');
  forgetRefusals(reader, 413);
  await reader.close();
});

test('a link opens with its answer, and Back goes to the statement before', async () => {
  const reader = await open({ sql: 'SELECT count(*) FROM rsvps' });
  const { page } = reader;
  await outcome(page, 1);
  await page.click('.examples >> text=Categories');
  await outcome(page, 10);
  await page.goBack();
  await outcome(page, 1);
  assert.equal(await statement(page), 'SELECT count(*) FROM rsvps');
  await page.goForward();
  await outcome(page, 10);
  await reader.close();
});

test('a link can be copied', async () => {
  const reader = await open({ permissions: ['clipboard-read', 'clipboard-write'] });
  const { page } = reader;
  await write(page, "SELECT '100 %'\nFROM rsvps");
  await page.click('text=Copy link');
  await page.waitForSelector('text=Copied');
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(new URL(copied).searchParams.get('q'), "SELECT '100 %'\nFROM rsvps");
  await reader.close();
});

test('what was asked is remembered, in this browser', async () => {
  const reader = await open({ sql: 'SELECT count(*) FROM rsvps' });
  const { page } = reader;
  await outcome(page, 1);
  await page.goto(`${reader.address}/query`);
  await page.click('#tab-history');
  await page.click('[data-testid="history"] button');
  assert.equal(await statement(page), 'SELECT count(*) FROM rsvps');
  await page.click('text=Forget them all');
  await page.waitForSelector('[data-testid="history"]', { state: 'detached' });
  await reader.close();
});

test('the schema has sizes, keys and references, and writes names', async () => {
  const reader = await open();
  const { page } = reader;
  assert.equal(await reader.value('table-rsvps'), '1173494');
  await page.click('[data-testid="table-rsvps"]');
  const told = await page.$$eval('details[open] .column', (all) => all.map((entry) => entry.textContent));
  assert.match(told[0], /^event_idkeytext → events$/);
  await page.click('details[open] .column >> nth=1');
  assert.equal(await statement(page), 'rsvp_id');
  await page.click('details[open] >> text=First 100 rows');
  await outcome(page);
  assert.equal(reader.worker.statements.at(-1).sql, 'SELECT *\nFROM rsvps\nLIMIT 100');
  await reader.close();
});

test('a board is asked by its name with its filters, until its statement is changed', async () => {
  const reader = await open({ query: '?country=us&city=Ely&named=boards_categories' });
  const { page, worker } = reader;
  await outcome(page, 10);
  assert.deepEqual(worker.statements, [
    { named: 'boards_categories', filters: { country: ['us'], city: ['Ely'] }, limit: 10_000 },
  ]);
  assert.match(await page.textContent('[data-testid="filters"]'), /only United States, city Ely/);
  await page.click('[data-testid="filters"]');
  await page.waitForSelector('[data-testid="filters"]', { state: 'detached' });
  await reader.eventually(() => assert.deepEqual(worker.statements.at(-1).filters, {}));
  await page.click(EDITOR);
  await page.keyboard.press('ControlOrMeta+End');
  await page.keyboard.type('0');
  await page.keyboard.press('ControlOrMeta+Enter');
  await reader.eventually(() => assert.match(worker.statements.at(-1).sql ?? '', /LIMIT 200$/));
  await reader.close();
});

test('without a worker the page says which line brings one, and finds it when it comes', async () => {
  const worker = new Worker();
  worker.isThere = false;
  const reader = await open({ worker });
  const { page } = reader;
  await page.waitForSelector('[data-testid="no-worker"]');
  const told = await page.textContent('[data-testid="no-worker"]');
  assert.match(told, /cargo build --release -p headcount-batch/);
  assert.match(told, /was not found beside headcount/);
  assert.deepEqual(await violations(page), []);
  worker.isThere = true;
  await page.click('text=Look now');
  await page.waitForSelector('[data-testid="schema"]');
  forgetRefusals(reader, 503);
  await reader.close();
});

test('the editor lives under the policy: its styles are sheets and no elements', async () => {
  const reader = await open({ sql: 'SELECT 1' });
  const { page } = reader;
  await outcome(page, 1);
  const [elements, sheets, font] = await page.evaluate(() => {
    const root = document.querySelector('[data-testid="editor"]').shadowRoot;
    const count = (place) => place.querySelectorAll('style').length;
    const { fontFamily } = getComputedStyle(root.querySelector('.cm-scroller'));
    return [count(document) + count(root), root.adoptedStyleSheets.length, fontFamily];
  });
  assert.equal(elements, 0);
  assert.ok(sheets > 0);
  assert.match(font, /monospace/);
  await reader.close();
});

for (const [name, { act, ...options }] of Object.entries({
  empty: {},
  'an answer': { sql: MANY },
  'an answer, dark': { sql: MANY, colorScheme: 'dark' },
  'an error, dark': { sql: 'SELECT a FROM nothere', colorScheme: 'dark' },
  'an error': { sql: 'SELECT a FROM nothere' },
  bars: { query: '?named=hours', act: (page) => page.click('.tabs >> text=Bar') },
  'a line, dark': {
    query: '?named=answers_by_day',
    colorScheme: 'dark',
    act: (page) => page.click('.tabs >> text=Line'),
  },
  'a map': {
    query: '?named=boards_group_countries&country=us',
    act: (page) => page.click('.tabs >> text=Map'),
  },
  'a table opened': { act: (page) => page.click('[data-testid="table-rsvps"]') },
  history: { sql: 'SELECT 1', act: (page) => page.click('#tab-history') },
  phone: { sql: MANY, width: 390, height: 844 },
  'phone, dark': { query: '?named=hours', width: 390, height: 844, colorScheme: 'dark' },
}))
  test(`axe finds nothing: ${name}`, async () => {
    const reader = await open({ reducedMotion: 'reduce', ...options });
    if (options.sql || options.query) await reader.page.waitForSelector('[data-testid="outcome"], .failure');
    await act?.(reader.page);
    assert.deepEqual(await violations(reader.page), []);
    forgetRefusals(reader, 400);
    await reader.close();
  });

for (const width of [320, 390, 768, 1440])
  test(`nothing is wider than a screen of ${width} pixels`, async () => {
    const reader = await open({ sql: MANY, width, height: 800 });
    await outcome(reader.page, 10_000);
    assert.ok((await overhang(reader.page)) <= 0);
    await reader.page.click('.panel-result .tabs >> text=Bar');
    assert.ok((await overhang(reader.page)) <= 0);
    await reader.close();
  });
