// What comes of a statement on `/query`: rows, pictures, files and errors.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { focused, MANY, openQuery, outcome, statement, write } from './asking.mjs';
import { testbed } from './testbed.mjs';
import { forgetRefusals, json, problem, Worker } from './worker.mjs';

const bed = testbed();
const open = (options) => openQuery(bed, options);

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

test('a worker that is silent for once is not away', async () => {
  const worker = new Worker();
  worker.instead = ({ path }) =>
    path.endsWith('/sql')
      ? problem(503, 'the batch worker does not answer', { remedy: 'ask for less at a time' })
      : undefined;
  const reader = await open({ sql: 'SELECT 1', worker });
  const { page } = reader;
  await page.waitForSelector('[data-testid="failure"] >> text=ask for less at a time');
  await reader.eventually(() => assert.ok(worker.asked.some(({ path }) => path.endsWith('/batch'))));
  assert.equal(await page.locator('[data-testid="no-worker"]').count(), 0);
  forgetRefusals(reader, 503);
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
