// The page `/query` for every reader, under the page's policy.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MANY, openQuery, outcome } from './asking.mjs';
import { overhang, violations } from './looks.mjs';
import { testbed } from './testbed.mjs';
import { forgetRefusals } from './worker.mjs';

const bed = testbed();
const open = (options) => openQuery(bed, options);

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
