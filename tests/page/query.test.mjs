// Asking in SQL: the page `/query`. A stand-in for the batch worker answers the statements.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EDITOR, focused, openQuery, outcome, statement, write } from './asking.mjs';
import { violations } from './looks.mjs';
import { testbed } from './testbed.mjs';
import { forgetRefusals, Worker } from './worker.mjs';

const bed = testbed();
const open = (options) => openQuery(bed, options);

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
  // By the pointer: keys that come with the list are held to be meant for the text.
  await page.click('.cm-tooltip-autocomplete >> text=response');
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
  await page.goto(`${reader.address}/query?country=us&named=topics`);
  await outcome(page, 10);
  await page.click('text=Copy link');
  await page.waitForSelector('text=Copied');
  const board = new URL(await page.evaluate(() => navigator.clipboard.readText()));
  assert.equal(board.search, '?country=us&named=topics', 'with its filters');
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
