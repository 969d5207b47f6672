// The page shows what the server says, and one click filters it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshot, summary } from './api.mjs';
import { Reader } from './reader.mjs';
import { testbed } from './testbed.mjs';

const bed = testbed();
const open = (options) => Reader.open(bed.browser, bed.address, options);
const SHOWN = ['heads', 'rsvps', 'yes', 'no', 'guests', 'events', 'venues', 'countries'];

/** The country with most RSVPs: there is one in every recording. */
const busiest = async () => (await snapshot(bed.address)).countries[0].country;
const inBreakdown = (code) => `[data-testid="country-${code}"] button`;

test('the policy is strict, and the page lives under it', async () => {
  const reader = await open();
  await reader.flows();
  const answer = await reader.page.reload();
  const policy = answer.headers()['content-security-policy'] ?? '';
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /require-trusted-types-for 'script'/);
  assert.doesNotMatch(policy, /unsafe/);
  await reader.flows();
  await reader.close();
});

test('the numbers on the screen are those of the summary', async () => {
  const reader = await open();
  await reader.flows();
  await reader.eventually(async () => {
    const told = await summary(bed.address);
    const shown = await reader.totals();
    for (const name of SHOWN) assert.equal(shown[name], told[name], name);
    for (const [id, yes] of await reader.rows('country'))
      assert.equal(yes, told.by_country[id.slice('country-'.length)].yes, id);
  });
  await reader.close();
});

test('under a filter they are those of the filtered stream', async () => {
  const code = await busiest();
  const reader = await open({ query: `?country=${code}&by=cities` });
  await reader.flows();
  await reader.eventually(async () => {
    const told = await snapshot(bed.address, `?country=${code}`);
    const shown = await reader.totals();
    assert.deepEqual(told.filter, { country: [code] });
    for (const name of SHOWN.filter((name) => name !== 'countries'))
      assert.equal(shown[name], told.totals[name], name);
    const cities = told.cities.map(({ city, state, country, yes }) => [
      `city-${city}-${state}-${country}`,
      yes,
    ]);
    for (const row of await reader.rows('city'))
      assert.deepEqual(
        row,
        cities.find(([id]) => id === row[0]),
      );
    const venues = new Map(told.venues.map(({ venue_id, yes, no }) => [`venue-${venue_id}`, yes + no]));
    for (const [id, rsvps] of await reader.rows('venue')) assert.equal(rsvps, venues.get(id), id);
    const events = new Map(told.trending.map(({ event_id, recent }) => [`event-${event_id}`, recent]));
    for (const [id, recent] of await reader.rows('event')) assert.equal(recent, events.get(id), id);
  });
  await reader.close();
});

test('a click on a country filters every other panel, and Back takes it back', async () => {
  const code = await busiest();
  const reader = await open();
  const { page } = reader;
  await reader.flows();
  const worldwide = await reader.totals();
  const countriesBefore = (await reader.rows('country')).length;
  await page.click(inBreakdown(code));
  await reader.showsCountries(1);
  assert.equal(reader.query(), `?country=${code}`);
  const part = await reader.eventually(async () => {
    const totals = await reader.totals();
    const told = await snapshot(bed.address, `?country=${code}`);
    assert.equal(totals.rsvps, told.totals.rsvps);
    return totals;
  });
  assert.ok(part.rsvps <= worldwide.rsvps || part.rsvps <= (await summary(bed.address)).rsvps);
  assert.equal(
    (await reader.rows('country')).length,
    countriesBefore,
    'the panel of countries shows all of them',
  );
  assert.equal(await page.getAttribute(inBreakdown(code), 'aria-pressed'), 'true');
  for (const panel of ['trending', 'venues'])
    assert.equal(await page.textContent(`.panel-${panel} .note`), await page.textContent('.panel-world h2'));

  await page.goBack();
  await reader.showsCountries(0);
  assert.equal(reader.query(), '');
  await page.goForward();
  await reader.showsCountries(1);
  assert.equal(reader.query(), `?country=${code}`);
  await reader.close();
});

test('a click again, the chip and Escape clear', async () => {
  const code = await busiest();
  const reader = await open();
  const { page } = reader;
  await reader.flows();
  const clears = [
    () => page.click(inBreakdown(code)),
    () => page.click('.chip'),
    () => page.keyboard.press('Escape'),
  ];
  for (const clear of clears) {
    await page.click(inBreakdown(code));
    await reader.showsCountries(1);
    await clear();
    await reader.showsCountries(0);
    assert.equal(reader.query(), '');
  }
  await reader.close();
});

test('cities, topics, venues and answers filter every panel but their own, and chips take them away', async () => {
  const reader = await open({ query: '?by=cities' });
  const { page } = reader;
  await reader.flows();
  const agrees = (name) =>
    reader.eventually(async () => {
      const told = await snapshot(
        bed.address,
        `?${new URL(page.url()).searchParams}`.replace('by=cities', ''),
      );
      const shown = await reader.totals();
      for (const total of ['heads', 'rsvps', 'guests', 'events'])
        assert.equal(shown[total], told.totals[total], `${name}: ${total}`);
      assert.ok(told.filter[name]?.length > 0, name);
    });
  const [city] = (await snapshot(bed.address)).cities;
  const row = `[data-testid="city-${city.city}-${city.state}-${city.country}"] button`;
  const before = (await reader.rows('city')).length;
  await page.click(row);
  await page.waitForURL(/city=/);
  await agrees('city');
  assert.equal(await page.getAttribute(row, 'aria-pressed'), 'true');
  assert.equal((await reader.rows('city')).length, before, 'the panel of cities shows all of them');
  await page.click('.is-going button >> text=yes');
  await page.waitForURL(/response=yes/);
  await agrees('response');
  const told = await snapshot(
    bed.address,
    `?city=${encodeURIComponent(`${city.city}|${city.state}|${city.country}`)}`,
  );
  assert.ok(
    Number(await reader.value('total-no')) <= told.totals.no && told.totals.no > 0,
    'the other answer stays',
  );
  await page.click('.panel-venues th button');
  await page.waitForURL(/venue=/);
  await agrees('venue');
  assert.equal(await page.locator('.panel-world .chip').count(), 3);
  await page.goBack();
  await page.waitForURL((url) => !url.search.includes('venue='));
  await page.click('.panel-world .chip >> nth=0');
  await page.waitForURL((url) => !url.search.includes('city='));
  await page.keyboard.press('Escape');
  await page.waitForURL((url) => !url.search.includes('response='));
  await page.click('#tab-topics');
  await page.click('.panel-breakdown li button');
  await page.waitForURL(/topic=/);
  await reader.close();
});

test('the ledger leads from messages to people, and each term says what it is', async () => {
  const reader = await open();
  const { page } = reader;
  await reader.flows();
  const terms = await page.$$eval('.ledger-strip summary', (all) =>
    all.map((term) => [
      term.querySelector('i')?.textContent ?? '',
      Number(term.querySelector('b').dataset.value),
    ]),
  );
  const at = terms.findIndex(([sign]) => sign === '=');
  const [[, messages], ...taken] = terms.slice(0, at);
  assert.equal(
    taken.reduce((left, [, value]) => left - value, messages),
    terms[at][1],
    'messages - what is no answer, repeats and changes = RSVPs',
  );
  const [[, yes], [, guests], [, people]] = terms.slice(at + 1);
  assert.equal(yes + guests, people);
  await page.click('.ledger-strip summary >> text=repeats');
  assert.ok(await page.isVisible('text=The same answer sent again'));
  await page.focus('.ledger-strip summary >> nth=0');
  await page.keyboard.press('Enter');
  assert.ok(await page.isVisible('text=Everything that the sources delivered'));
  await reader.close();
});

test('a click on the map filters, with Shift it adds', async () => {
  const [first, second] = (await snapshot(bed.address)).countries.map(({ country }) => country);
  const reader = await open();
  await reader.flows();
  await clickLand(reader.page, first);
  await reader.showsCountries(1);
  assert.equal(reader.query(), `?country=${first}`);
  await reader.page.click(inBreakdown(second), { modifiers: ['Shift'] });
  await reader.showsCountries(2);
  assert.equal(reader.query(), `?country=${first},${second}`);
  await reader.eventually(async () => {
    const told = await snapshot(bed.address, reader.query());
    assert.equal((await reader.totals()).rsvps, told.totals.rsvps);
  });
  await reader.close();
});

test('the address opens what it says, in small letters or capitals', async () => {
  const code = await busiest();
  const reader = await open({ query: `?country=${code.toUpperCase()}&by=topics&tz=utc&theme=dark` });
  const { page } = reader;
  await reader.showsCountries(1);
  await reader.flows();
  assert.equal(await page.getAttribute('html', 'data-theme'), 'dark');
  assert.match(await page.textContent('.clock'), /UTC$/);
  assert.equal(await page.textContent('[role=tab][aria-selected=true]'), 'Topics');
  await page.click('#tab-cities');
  assert.equal(reader.query(), `?country=${code}&by=cities&tz=utc&theme=dark`);
  await reader.close();
});

test('the keyboard does all of it', async () => {
  const reader = await open();
  const { page } = reader;
  await reader.flows();
  await page.waitForSelector('#map');
  await page.keyboard.press('/');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'map');
  await page.keyboard.press('ArrowRight');
  const heard = '.map [aria-live]';
  await page.waitForFunction(
    (selector) => document.querySelector(selector).textContent.includes('RSVPs'),
    heard,
  );
  await page.keyboard.press('Enter');
  await reader.showsCountries(1);
  assert.match(reader.query(), /^\?country=[a-z]{2}$/);
  await page.keyboard.press('Escape');
  await reader.showsCountries(0);
  await page.keyboard.press('p');
  await reader.shows('paused');
  const frozen = await reader.totals();
  await page.waitForSelector('[data-testid="held-back"]');
  assert.deepEqual(await reader.totals(), frozen);
  await page.keyboard.press('p');
  await reader.flows();
  const before = await page.getAttribute('html', 'data-theme');
  await page.keyboard.press('t');
  assert.notEqual(await page.getAttribute('html', 'data-theme'), before);
  await reader.close();
});

test('a list can be taken along as a file', async () => {
  const reader = await open();
  await reader.flows();
  const [download] = await Promise.all([reader.page.waitForEvent('download'), reader.page.click('text=CSV')]);
  assert.match(download.suggestedFilename(), /^headcount-top-venues-.*\.csv$/);
  await reader.close();
});

if (process.env.HEADCOUNT_SCREENSHOT)
  test('the picture of the README', async () => {
    const reader = await open({ colorScheme: 'light' });
    await reader.flows();
    // Until there is something in every panel, and some answers flash on the map.
    await reader.page.waitForSelector('.panel-trending li:nth-child(5)', { timeout: 120_000 });
    await reader.page.waitForTimeout(Number(process.env.HEADCOUNT_SCREENSHOT_AFTER_MS ?? 3_000));
    await reader.page.screenshot({ path: process.env.HEADCOUNT_SCREENSHOT });
    await reader.close();
  });

/** Clicks a point of the map that lies within the country. */
async function clickLand(page, code) {
  const point = await page.waitForFunction((country) => {
    const land = document.querySelector(`path[data-country="${country}"]`);
    const matrix = land?.getScreenCTM();
    if (!matrix) return false;
    const { x, y, width, height } = land.getBBox();
    for (let across = 1; across < 40; across++)
      for (let down = 1; down < 40; down++) {
        const inside = new DOMPoint(x + (width * across) / 40, y + (height * down) / 40);
        const seen = inside.matrixTransform(matrix);
        if (document.elementFromPoint(seen.x, seen.y) === land) return { x: seen.x, y: seen.y };
      }
    return false;
  }, code);
  const { x, y } = await point.jsonValue();
  await page.mouse.click(x, y);
}
