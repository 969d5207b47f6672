// The analyses that come with the program: the page `/explore`, with a stand-in for the batch worker.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { NAMED } from '../../dashboard/fake/batch-tables.mjs';
import { overhang, violations } from './looks.mjs';
import { PAYLOADS } from './payloads.mjs';
import { Reader } from './reader.mjs';
import { testbed } from './testbed.mjs';
import { forgetRefusals, json, problem, Worker } from './worker.mjs';

const bed = testbed();

async function open({ worker = new Worker(), ...options } = {}) {
  const reader = await Reader.open(bed.browser, bed.address, {
    path: 'explore',
    before: worker.behind,
    ...options,
  });
  reader.worker = worker;
  return reader;
}

/** Waits until every board has its answer. */
async function settles(page) {
  await page.waitForSelector('[data-testid^="board-"]');
  await page.waitForFunction(() => document.querySelectorAll('.board[aria-busy="true"]').length === 0);
}

const bars = (page, board) =>
  page.$$eval(`[data-testid="board-${board}"] [data-testid="bar"]`, (rows) =>
    rows.map((row) => [row.querySelector('.name, .tick').textContent, Number(row.dataset.value)]),
  );

test('every board is there, in its section, asked a few at a time', async () => {
  const reader = await open();
  const { page, worker } = reader;
  await settles(page);
  const shown = await page.$$eval('[data-testid^="board-"]', (all) =>
    all.map(({ dataset }) => dataset.testid.slice('board-'.length)),
  );
  assert.deepEqual(shown.toSorted(), NAMED.map(({ name }) => name).toSorted());
  assert.deepEqual(
    worker.boards.map(([name]) => name).toSorted(),
    NAMED.map(({ name }) => name).toSorted(),
    'each once',
  );
  assert.ok(worker.most <= 3, `${worker.most} at once`);
  const sections = await page.$$eval('.boards h2', (all) => all.map((title) => title.textContent));
  assert.deepEqual(sections, ['Events', 'People and groups', 'RSVPs', 'When', 'Other feeds']);
  assert.deepEqual((await bars(page, 'boards_categories'))[0], ['Technology', 6_120]);
  assert.equal((await bars(page, 'hours')).length, 24);
  assert.match(await page.textContent('[data-testid="board-active_members"]'), /Nothing here yet/);
  await page.click('text=Refresh');
  await reader.eventually(() => assert.equal(worker.boards.length, 2 * NAMED.length));
  await reader.close();
});

test('a statement that is new to the page appears by itself', async () => {
  const worker = new Worker();
  worker.instead = ({ path }) => {
    if (path.endsWith('/sql/schema'))
      return json({
        tables: [],
        named: [{ name: 'brand_new', title: 'Brand new', description: 'x', sql: 'SELECT 1', chart: 'bar' }],
        as_of: null,
      });
    if (!path.includes('/boards/')) return undefined;
    return json({
      columns: [
        { name: 'label', type: 'text' },
        { name: 'n', type: 'bigint' },
      ],
      rows: PAYLOADS.map((label, index) => [label, PAYLOADS.length - index]),
    });
  };
  const reader = await open({ worker });
  const { page } = reader;
  await settles(page);
  assert.equal(await page.textContent('.boards h2'), 'More');
  await page.click(`text=Show all ${PAYLOADS.length}`);
  const labels = (await bars(page, 'brand_new')).map(([label]) => label);
  assert.deepEqual(labels, PAYLOADS, 'labels are text');
  assert.equal(await page.evaluate(() => globalThis.pwned), undefined);
  assert.equal(await page.locator('main :is(script, iframe, img, style, form)').count(), 0);
  await reader.close();
});

test('a country filters every board but its own list, is in the address, and Back takes it back', async () => {
  const reader = await open();
  const { page, worker } = reader;
  await settles(page);
  const before = await bars(page, 'boards_group_countries');
  const all = (await bars(page, 'topics'))[0][1];
  worker.asked.length = 0;
  await page.click('[data-testid="board-boards_group_countries"] [data-testid="bar"] button');
  await page.waitForSelector('.chip');
  await settles(page);
  assert.equal(reader.query(), '?country=us');
  for (const [name, query] of worker.boards)
    assert.deepEqual(query, name === 'boards_group_countries' ? {} : { country: 'us' }, name);
  assert.equal(worker.boards.length, NAMED.length);
  assert.deepEqual(await bars(page, 'boards_group_countries'), before);
  assert.ok((await bars(page, 'topics'))[0][1] < all);
  assert.deepEqual(
    (await bars(page, 'boards_venue_countries')).map(([name]) => name),
    ['United States'],
  );
  const nav = await page.$$eval('nav a', (links) => links.map((link) => link.getAttribute('href')));
  assert.deepEqual(nav, [
    './?country=us',
    'events?country=us',
    'explore?country=us',
    'query',
    'models',
    'clusters',
    'report?country=us',
    'status',
  ]);
  await page.goBack();
  await page.waitForSelector('.chip', { state: 'detached' });
  await settles(page);
  assert.equal((await bars(page, 'topics'))[0][1], all);
  await page.goForward();
  await page.waitForSelector('.chip');
  await page.keyboard.press('Escape');
  await page.waitForSelector('.chip', { state: 'detached' });
  await reader.close();
});

test('rows of other lists filter too', async () => {
  const reader = await open({ query: '?country=us' });
  const { page, worker } = reader;
  await settles(page);
  worker.asked.length = 0;
  await page.click('[data-testid="board-boards_categories"] [data-testid="bar"] >> nth=1 >> button');
  await page.waitForSelector('.chip >> text=category: Outdoors');
  await settles(page);
  assert.equal(reader.query(), '?country=us&category=Outdoors');
  const asked = Object.fromEntries(worker.boards);
  assert.deepEqual(asked.hours, { country: 'us', category: 'Outdoors' });
  assert.deepEqual(asked.boards_categories, { country: 'us' });
  const chosen = '[data-testid="board-boards_categories"] [aria-pressed="true"]';
  assert.match(await page.textContent(chosen), /Outdoors/);
  await page.click(chosen);
  await page.waitForSelector('.chip >> text=category', { state: 'detached' });
  assert.equal(reader.query(), '?country=us');
  await reader.close();
});

test('the other filters are taken from the address, and can be taken away', async () => {
  const reader = await open({ query: '?city=New%20York&response=yes&country=US' });
  const { page, worker } = reader;
  await settles(page);
  assert.deepEqual(Object.fromEntries(worker.boards).hours, {
    country: 'us',
    city: 'New York',
    response: 'yes',
  });
  await page.click('.chip >> text=city: New York');
  await settles(page);
  assert.equal(reader.query(), '?country=us&response=yes');
  await reader.eventually(() =>
    assert.deepEqual(worker.boards.at(-1)[1], { country: 'us', response: 'yes' }),
  );
  assert.deepEqual(await page.locator('.ignored-note').count(), 0);
  await reader.close();
});

test('events or people: the eight boards follow, ranked by what they show', async () => {
  const reader = await open();
  const { page, worker } = reader;
  await settles(page);
  const asked = worker.boards.length;
  await page.click('.segments >> text=People');
  assert.equal(reader.query(), '?measure=people');
  await page.waitForSelector('[data-testid="board-boards_categories"] .note >> text=people');
  const counts = (await bars(page, 'boards_categories')).map(([, count]) => count);
  assert.deepEqual(
    counts,
    counts.toSorted((one, other) => other - one),
  );
  assert.ok(counts[0] > 6_120);
  assert.deepEqual((await bars(page, 'topics'))[0], ['Dancing', 8_840], 'topics are of answers');
  assert.equal(worker.boards.length, asked, 'both figures came with the first answer');
  await reader.close();
});

test('a board that fails says why, alone, and can be asked again', async () => {
  const worker = new Worker();
  worker.instead = ({ path }) =>
    path.endsWith('/hours') ? problem(408, 'the statement took longer than 30 s') : undefined;
  const reader = await open({ worker });
  const { page } = reader;
  await settles(page);
  assert.equal(await page.locator('[role=alert]').count(), 1);
  assert.match(await page.textContent('[data-testid="board-hours"]'), /took longer than 30 s/);
  assert.deepEqual(await violations(page), []);
  worker.instead = () => undefined;
  await page.click('text=Try again');
  await page.waitForSelector('[data-testid="board-hours"] [data-testid="bar"]');
  forgetRefusals(reader, 408);
  await reader.close();
});

test('where an answer will be, there is something until then', async () => {
  const worker = new Worker();
  let answer;
  const held = new Promise((resolve) => {
    answer = resolve;
  });
  worker.instead = ({ path }) =>
    path.endsWith('/boards_categories') ? held.then(() => json({ columns: [], rows: [] })) : undefined;
  const reader = await open({ worker });
  const { page } = reader;
  const bone = await page.waitForSelector('[data-testid="board-boards_categories"] .skeleton i');
  assert.ok((await bone.boundingBox()).height > 5);
  answer();
  await settles(page);
  assert.match(await page.textContent('[data-testid="board-boards_categories"]'), /Nothing here yet/);
  await reader.close();
});

test('a board waits when the worker has too much to do', async () => {
  const worker = new Worker();
  const refused = new Set();
  worker.instead = ({ path }) => {
    if (!path.includes('/boards/') || refused.has(path)) return undefined;
    refused.add(path);
    return problem(429, 'too many statements at once');
  };
  const reader = await open({ worker });
  await reader.page.waitForSelector('[data-testid="board-hours"] [data-testid="bar"]');
  await settles(reader.page);
  assert.equal(await reader.page.locator('[role=alert]').count(), 0);
  forgetRefusals(reader, 429);
  await reader.close();
});

test('a board leads to its statement with the same filters', async () => {
  const reader = await open({ query: '?country=us' });
  const { page, worker } = reader;
  await settles(page);
  await page.click('[data-testid="board-topics"] >> text=Query');
  await page.waitForSelector('[data-testid="result"]');
  assert.deepEqual(worker.statements.at(-1), {
    named: 'topics',
    filters: { country: ['us'] },
    limit: 10_000,
  });
  await reader.close();
});

test('a board can be taken along as a file', async () => {
  const reader = await open({ query: '?country=us' });
  const { page } = reader;
  await settles(page);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.click('[data-testid="board-weekdays"] >> text=CSV'),
  ]);
  assert.match(download.suggestedFilename(), /^headcount-weekdays-us-.*\.csv$/);
  const lines = (await readFile(await download.path(), 'utf8')).trim().split('\r\n');
  assert.equal(lines.length, 8);
  assert.match(lines[0], /weekday,rsvps$/);
  await reader.close();
});

test('without a worker there is one calm panel', async () => {
  const worker = new Worker();
  worker.isThere = false;
  const reader = await open({ worker });
  const { page } = reader;
  await page.waitForSelector('[data-testid="no-worker"] >> text=cargo build --release -p headcount-batch');
  assert.equal(await page.locator('.panel').count(), 1);
  assert.equal(await page.locator('[role=alert]').count(), 0);
  worker.isThere = true;
  await page.click('text=Look now');
  await settles(page);
  forgetRefusals(reader, 503);
  await reader.close();
});

test('the report waits for its worker at its own address', async () => {
  const worker = new Worker();
  worker.isThere = false;
  const reader = await open({ worker, path: 'report', query: '?country=us' });
  const { page } = reader;
  await page.waitForSelector('[data-testid="no-worker"]');
  assert.deepEqual(await violations(page), []);
  worker.isThere = true;
  await page.route('**/report?country=us', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<title>The report</title>' }),
  );
  await page.click('text=Look now');
  await page.waitForFunction(() => document.title === 'The report');
  forgetRefusals(reader, 503);
  await reader.close();
});

test('a report that cannot be made says why', async () => {
  const worker = new Worker();
  const reader = await open({
    path: 'report',
    query: '?country=us',
    before: async (page) => {
      await worker.behind(page);
      await page.route('**/report?country=us', (route) => {
        const wantsPage = route.request().headers().accept.includes('text/html');
        if (wantsPage) return route.fallback();
        const { status, type, body } = problem(400, 'the end is before the begin');
        return route.fulfill({ status, contentType: type, body });
      });
    },
  });
  await reader.page.waitForSelector('text=the end is before the begin');
  assert.deepEqual(await violations(reader.page), []);
  // The page itself came with the status that there is no worker.
  forgetRefusals(reader, 400, 503);
  await reader.close();
});

for (const [name, options] of Object.entries({
  light: {},
  dark: { colorScheme: 'dark' },
  'filtered, people': { query: '?country=us&measure=people&topic=tech' },
  'filtered, dark': { query: '?country=us', colorScheme: 'dark' },
  phone: { width: 390, height: 844 },
  'phone, dark': { width: 390, height: 844, colorScheme: 'dark', query: '?country=jp' },
}))
  test(`axe finds nothing: ${name}`, async () => {
    const reader = await open({ reducedMotion: 'reduce', ...options });
    await settles(reader.page);
    assert.deepEqual(await violations(reader.page), []);
    await reader.close();
  });

for (const width of [320, 390, 768, 1440])
  test(`nothing is wider than a screen of ${width} pixels`, async () => {
    const reader = await open({ width, height: 800, query: '?country=us,gb,jp&city=London' });
    await settles(reader.page);
    assert.ok((await overhang(reader.page)) <= 0);
    await reader.close();
  });
