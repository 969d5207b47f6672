// Names from the stream are text, whatever is in them: from the source, through the program, to the screen.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { PAYLOADS, TRICKS } from './payloads.mjs';
import { Reader } from './reader.mjs';
import { lines, rsvp } from './records.mjs';
import { binary, Server } from './server.mjs';

const options = { skip: binary ? false : 'HEADCOUNT_BIN is not set' };
/** Tall enough for all rows. */
const WINDOW = { width: 1440, height: 3_600 };
/** Trending events are twenty at most, so they come in portions, each from a country of its own. */
const PORTION = 18;
const COUNTRIES = ['de', 'fr', 'gb', 'us'];

const names = [...PAYLOADS.map((payload) => [payload, payload.replace(/\s+/g, ' ').trim()]), ...TRICKS];
const portions = COUNTRIES.map((country, index) => ({
  country,
  names: names.slice(index * PORTION, (index + 1) * PORTION),
})).filter((portion) => portion.names.length > 0);

let browser;
let directory;
let server;

before(async () => {
  assert.ok(names.length <= PORTION * COUNTRIES.length);
  browser = await launch();
  if (!binary) return;
  directory = await mkdtemp(join(tmpdir(), 'headcount-names-'));
  const records = portions.flatMap(({ country, names: some }) =>
    some.map(([name]) =>
      rsvp({ country, names: { event: name, group: name, city: name, venue: name, topic: name } }),
    ),
  );
  await writeFile(join(directory, 'names.ndjson'), lines(records));
  server = await Server.start(`file:${join(directory, 'names.ndjson')}`);
});
after(async () => {
  await browser.close();
  await server?.stop();
  if (directory) await rm(directory, { recursive: true, force: true });
});

for (const { country, names: some } of portions)
  test(`${some.length} names that try to be more, of ${country}`, options, async () => {
    const reader = await Reader.open(browser, server.address, { query: `?country=${country}`, ...WINDOW });
    const { page } = reader;
    await reader.shows('ended');
    const wanted = some.map(([, shown]) => shown).sort();
    const textOf = (selector) =>
      page.$$eval(selector, (cells) => cells.map((cell) => cell.textContent).sort());
    await page.waitForFunction(
      (count) => document.querySelectorAll('.panel-trending li').length === count,
      some.length,
    );
    assert.deepEqual(await textOf('.panel-trending li .name'), wanted);
    assert.deepEqual(await textOf('.panel-trending li .group'), wanted);
    assert.deepEqual(await textOf('.panel-venues tbody th'), wanted);
    for (const row of await page.$$('.panel-trending li')) await row.hover();
    for (const by of ['cities', 'topics']) {
      await page.click(`#tab-${by}`);
      const shown = await page.$$eval('.panel-breakdown li .name', (cells) =>
        cells.map((cell) => cell.firstChild.textContent).sort(),
      );
      assert.deepEqual(shown, wanted);
    }
    assert.equal(await page.evaluate(() => globalThis.pwned), undefined);
    const foreign =
      'main :is(script, iframe, object, embed, video, audio, link, style, form, input, img, base, meta)';
    assert.equal(await page.locator(foreign).count(), 0);
    await reader.close();
  });

/** Names that are too long or too tall for a row. */
const LARGE = TRICKS.map(([name]) => name).filter((name) => name.length > 300);

for (const width of [400, 1440])
  test(`large names break no layout at ${width} pixels`, options, async () => {
    const records = [...LARGE, 'Reading party'].map((name) =>
      rsvp({ names: { event: name, group: name, city: name, venue: name, topic: name } }),
    );
    const file = join(directory, `large-${width}.ndjson`);
    await writeFile(file, lines(records));
    const own = await Server.start(`file:${file}`);
    const reader = await Reader.open(browser, own.address, { width, height: 900 });
    const { page } = reader;
    await reader.shows('ended');
    const rows = ['.panel-trending li', '.panel-venues tbody tr', '.panel-breakdown li'];
    for (const selector of rows) {
      if (selector.includes('breakdown')) await page.click('#tab-cities');
      await page.waitForFunction(
        ([all, count]) => document.querySelectorAll(all).length === count,
        [selector, records.length],
      );
      const heights = await page.$$eval(selector, (all) =>
        all.map((row) => row.getBoundingClientRect().height),
      );
      assert.equal(new Set(heights.map(Math.round)).size, 1, `${selector}: ${heights}`);
    }
    const titles = await page.$$eval('.panel-venues tbody th', (cells) => cells.map(({ title }) => title));
    for (const name of LARGE) {
      const told = titles.some((title) => title.startsWith(name.slice(0, 499)));
      assert.ok(told, `the title has all that the list has: ${name.slice(0, 9)}`);
    }
    await isWithin(page);
    await page.click('.panel-trending li:first-child button');
    await isWithin(page);
    if (process.env.HEADCOUNT_SHOTS)
      await page.screenshot({ path: `${process.env.HEADCOUNT_SHOTS}/large-${width}.png`, fullPage: true });
    await page.goto(`${own.address}/api/top_venues`);
    await isWithin(page);
    const lineHeight = 24;
    const last = page.locator('tr', { hasText: 'Reading party' });
    assert.ok((await last.boundingBox()).height < 4 * lineHeight);
    if (process.env.HEADCOUNT_SHOTS)
      await page.screenshot({
        path: `${process.env.HEADCOUNT_SHOTS}/top-venues-${width}.png`,
        fullPage: true,
      });
    await reader.close();
    await own.stop();
  });

async function isWithin(page) {
  const [content, screen] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert.ok(content <= screen, `${content} of ${screen} pixels`);
}
