// Whole lists of what is counted: the pages `/events`, `/groups` and so on, of the real program.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overhang, violations } from './looks.mjs';
import { Reader } from './reader.mjs';
import { testbed } from './testbed.mjs';

const bed = testbed();
const LISTS = ['events', 'groups', 'venues', 'cities', 'topics', 'countries'];

async function open(path, options = {}) {
  const reader = await Reader.open(bed.browser, bed.address, { path, ...options });
  await reader.page.waitForSelector('[data-testid="list-row"] a, [data-testid="list-row"] th');
  return reader;
}

const ids = (page) =>
  page.$$eval('[data-testid="list-row"][data-value]', (rows) => rows.map(({ dataset }) => dataset.value));

async function told(list, query = '') {
  const answer = await fetch(`${new URL(bed.address).origin}/api/v1/${list}?${query}`);
  assert.equal(answer.status, 200, `${list}?${query}`);
  return answer.json();
}

test('every list has its rows, and looks right for every reader', async () => {
  for (const list of LISTS) {
    const reader = await open(list);
    const { page } = reader;
    assert.equal(await page.textContent('.list-tabs [aria-current]'), list[0].toUpperCase() + list.slice(1));
    assert.ok((await ids(page)).length > 3, list);
    assert.deepEqual(await violations(page), [], list);
    for (const width of [320, 390, 768, 1440]) {
      await page.setViewportSize({ width, height: 800 });
      assert.equal(await overhang(page), 0, `${list} at ${width}`);
    }
    await reader.close();
  }
  const dark = await open('venues', { colorScheme: 'dark' });
  assert.deepEqual(await violations(dark.page), []);
  await dark.close();
});

test('rows are those of the API, in its order', async () => {
  // What has the fewest changes while it is looked at.
  const reader = await open('topics?sort=name');
  const { page } = reader;
  await reader.eventually(async () => {
    const { rows, total } = await told('topics', 'sort=name');
    assert.deepEqual(
      (await ids(page)).slice(0, 15),
      rows.slice(0, 15).map(({ id }) => id),
    );
    assert.match(await page.textContent('.status'), new RegExp(`^${total.toLocaleString('en-US')} `));
  });
  await reader.close();
});

test('a list is sorted and searched in its address, and Back takes it back', async () => {
  const reader = await open('groups');
  const { page } = reader;
  await page.click('th >> text=Group');
  await page.waitForURL(/sort=name/);
  const sorted = 'th[aria-sort="ascending"] >> text=Group';
  await page.waitForSelector(sorted);
  await reader.eventually(async () => {
    const names = await page.$$eval('[data-testid="list-row"] th', (all) => all.map((th) => th.title));
    assert.deepEqual(
      names.slice(0, 10),
      names.slice(0, 10).toSorted((a, b) => (a < b ? -1 : 1)),
    );
  });
  await page.click(sorted);
  await page.waitForURL(/order=desc/);
  const [{ name }] = (await told('groups', 'limit=1')).rows;
  await page.fill('input[type="search"]', name.toUpperCase());
  await page.waitForURL(/q=/);
  await reader.eventually(async () => {
    const names = await page.$$eval('[data-testid="list-row"] th', (all) => all.map((th) => th.title));
    assert.ok(names.length > 0 && names.every((found) => found.toLowerCase().includes(name.toLowerCase())));
  });
  await page.goBack();
  await page.waitForURL((url) => !url.search.includes('q='));
  assert.equal(await page.inputValue('input[type="search"]'), '');
  await page.fill('input[type="search"]', 'no group is called like this');
  await page.waitForSelector('text=Nothing is called like');
  await reader.close();
});

test('of thousands of rows few are elements, and the last is reached by keyboard', async () => {
  const reader = await open('events?sort=name');
  const { page } = reader;
  const { total } = await told('events', 'limit=1');
  assert.ok(total > 200, `${total} events are too few to show it`);
  assert.ok((await ids(page)).length < 120);
  await page.focus('.rows-scroll');
  // New events come while it scrolls.
  await reader.eventually(async () => {
    await page.keyboard.press('End');
    const { rows } = await told('events', 'sort=name&order=desc&limit=1');
    assert.equal((await ids(page)).at(-1), rows[0].id);
  });
  await reader.close();
});

test('a row leads to what it consists of, and the files have the same filters', async () => {
  const reader = await open('countries');
  const { page } = reader;
  const [country] = await ids(page);
  await page.click(`[data-value="${country}"] a`);
  await page.waitForURL((url) => url.pathname.endsWith('/cities') && url.search === `?country=${country}`);
  await page.waitForSelector('[data-testid="list-row"] a');
  const [city] = await ids(page);
  await page.click(`[data-testid="list-row"]:nth-child(1) a`);
  await page.waitForURL((url) => url.pathname.endsWith('/groups'));
  assert.equal(new URL(page.url()).searchParams.get('city'), city);
  await page.waitForSelector('[data-testid="list-row"] a');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('text=CSV')]);
  assert.equal(download.suggestedFilename(), 'groups.csv');
  const query = new URL(download.url()).searchParams;
  assert.deepEqual([query.get('country'), query.get('city')], [country, city]);
  // A chip takes its filter away.
  await page.click('.chip >> nth=1');
  await page.waitForURL((url) => !url.search.includes('city='));
  await reader.close();
});
