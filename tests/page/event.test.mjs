// One event: the page `/events/ID`, with a stand-in for the server's answers, and the ways that lead to it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventOf } from '../../dashboard/fake/learnt-places.mjs';
import { overhang, violations } from './looks.mjs';
import { PAYLOADS, TRICKS } from './payloads.mjs';
import { Reader } from './reader.mjs';
import { testbed } from './testbed.mjs';
import { forgetRefusals, json, problem, Worker } from './worker.mjs';

const bed = testbed();
const ID = '238486635';

async function open({ worker = new Worker(), id = ID, ...options } = {}) {
  const reader = await Reader.open(bed.browser, bed.address, {
    path: `events/${id}`,
    before: worker.behind,
    ...options,
  });
  reader.worker = worker;
  return reader;
}

const settles = (page) => page.waitForSelector('[data-testid="event-heads"]');
const telling = (event) => {
  const worker = new Worker();
  worker.instead = ({ path }) => (path.includes('/events/') ? json(event) : undefined);
  return worker;
};

test('the figures are those of the server', async () => {
  const reader = await open();
  const { page, worker } = reader;
  const told = eventOf(ID);
  await settles(page);
  assert.match(worker.asked[0].path, new RegExp(`/api/v1/events/${ID}$`));
  assert.equal(await page.textContent('h1'), told.name);
  assert.equal(await page.title(), `headcount: ${told.name}`);
  for (const name of ['heads', 'yes', 'no', 'guests', 'changed'])
    assert.equal(Number(await reader.value(`event-${name}`)), told.answers[name], name);
  for (const name of ['photos', 'comments'])
    assert.equal(Number(await reader.value(`event-${name}`)), told[name]);
  const head = await page.textContent('.event-head');
  for (const part of ['Rust New York', '19 Mar 2017, 14:00 UTC−4', 'Foundry Loft, New York, United States'])
    assert.ok(head.includes(part), `${part}: ${head}`);
  const link = page.locator('.event-head a');
  assert.equal(await link.getAttribute('href'), told.url);
  assert.equal(await link.getAttribute('rel'), 'noreferrer');
  await reader.close();
});

test('what the models say stands beside the curve, with the interval and the model', async () => {
  const reader = await open();
  const { page } = reader;
  await settles(page);
  assert.equal(await reader.value('turnout'), '41');
  assert.equal(await reader.value('response'), '0.78');
  assert.equal(await reader.value('category'), 'model');
  const text = await page.textContent('.panel-guesses');
  for (const part of [
    'between 30 and 58',
    '83% sure',
    'career/business',
    'category/3',
    'turnout/2',
    'response/4',
  ])
    assert.ok(text.includes(part), part);
  assert.equal(await page.getAttribute('.panel-guesses a >> nth=0', 'href'), '../models#model-turnout');
  const label = await page.getAttribute('.curve svg', 'aria-label');
  assert.match(label, /room for 50, 41 expected, between 30 and 58/);
  assert.equal(await page.locator('[data-testid="forecast"]').count(), 1);
  assert.equal(await page.locator('[data-testid="limit"]').count(), 1);
  await page.click('summary');
  assert.equal(await page.locator('[data-testid="curve"] tbody tr').count(), 25);
  await page.hover('.curve svg', { position: { x: 300, y: 100 } });
  await page.waitForSelector('.curve .reading >> text=heads');
  await reader.close();
});

test('a known category is from its group; what nobody knows is not guessed at', async () => {
  const past = await open({ id: 'past' });
  await settles(past.page);
  assert.equal(await past.value('category'), 'group');
  assert.match(await past.page.textContent('.panel-guesses'), /from its group/);
  assert.equal(await past.value('event-waitlist'), '7');
  await past.close();
  const bare = await open({ id: 'bare' });
  await settles(bare.page);
  assert.equal(await bare.page.locator('text=No model says so yet.').count(), 3);
  await bare.page.waitForSelector('text=Nobody has said yes yet.');
  assert.match(await bare.page.textContent('.event-head'), /When\s*not said/);
  assert.equal(await bare.page.locator('.curve').count(), 0);
  assert.deepEqual(await violations(bare.page), []);
  await bare.close();
});

test('a limit of nobody is none', async () => {
  const reader = await open({ worker: telling({ ...eventOf(ID), rsvp_limit: 0 }) });
  await settles(reader.page);
  assert.equal(await reader.page.locator('[data-testid="limit"]').count(), 0);
  assert.doesNotMatch(await reader.page.textContent('.event-figures'), /of 0/);
  await reader.close();
});

test('an id that nobody knows has a page that says so', async () => {
  const reader = await open({ id: 'nothing%20<b>' });
  const { page, worker } = reader;
  await page.waitForSelector('[data-testid="problem"] >> text=No event with the id nothing <b> was seen');
  assert.match(worker.asked[0].path, /\/events\/nothing%20%3Cb%3E$/);
  assert.deepEqual(await violations(page), []);
  await page.click('text=What is trending now');
  await reader.flows();
  assert.equal(new URL(page.url()).pathname, '/');
  forgetRefusals(reader, 404);
  await reader.close();
});

test('without a worker there is one calm panel', async () => {
  const worker = new Worker();
  worker.isThere = false;
  const reader = await open({ worker });
  const { page } = reader;
  await page.waitForSelector('[data-testid="no-worker"]');
  worker.isThere = true;
  await page.click('text=Look now');
  await settles(page);
  forgetRefusals(reader, 503);
  await reader.close();
});

test('an answer that fails leaves what was there', async () => {
  const worker = new Worker();
  worker.instead = () => problem(500, 'the tables cannot be read');
  const reader = await open({ worker });
  await reader.page.waitForSelector('[data-testid="problem"] >> text=the tables cannot be read');
  worker.instead = () => undefined;
  await reader.page.click('text=Try again');
  await settles(reader.page);
  forgetRefusals(reader, 500);
  await reader.close();
});

test('the other pages are one folder higher', async () => {
  const reader = await open();
  const { page } = reader;
  await settles(page);
  await page.click('nav >> text=Models');
  await page.waitForSelector('[data-testid="model-themes"]');
  assert.equal(new URL(page.url()).pathname, '/models');
  await page.goBack();
  await settles(page);
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await reader.flows();
  await reader.close();
});

test('a trending event leads to its page, and its guessed category is told', async () => {
  const worker = new Worker();
  const reader = await open({
    worker,
    path: '',
    before: async (page) => {
      await worker.behind(page);
      await page.addInitScript(addCategories);
    },
  });
  const { page } = reader;
  await reader.flows();
  const chip = await page.waitForSelector('.panel-trending .category');
  assert.equal(await chip.textContent(), 'tech <b>');
  assert.equal(await chip.getAttribute('title'), 'tech <b>, with a probability of 83%');
  assert.deepEqual(await violations(page), []);
  const row = page.locator('.panel-trending li').first();
  const id = await row.getAttribute('data-key');
  assert.equal(await row.locator('a').getAttribute('href'), `events/${encodeURIComponent(id)}`);
  await row.locator('a').focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('.event-head, [data-testid="problem"]');
  assert.equal(new URL(page.url()).pathname, `/events/${encodeURIComponent(id)}`);
  forgetRefusals(reader, 404);
  await reader.close();
});

/** Runs in the page: each trending row gets a category, as from a server that has a model. */
function addCategories() {
  const parse = JSON.parse;
  JSON.parse = (...all) => {
    const value = parse(...all);
    for (const row of value?.trending ?? []) row.category = { value: 'tech <b>', probability: 0.83 };
    return value;
  };
}

for (const width of [390, 1440])
  test(`a guessed category and a surprise leave a row as high as the others at ${width} pixels`, async () => {
    const worker = new Worker();
    worker.instead = ({ path }) =>
      path.endsWith('/surprise') ? json({ events: { now: surprising } }) : undefined;
    const surprising = [];
    const reader = await open({
      worker,
      path: '',
      width,
      before: async (page) => {
        await worker.behind(page);
        await page.addInitScript(addCategories);
      },
    });
    const { page } = reader;
    await page.waitForSelector('.panel-trending .category');
    const keys = await page.$$eval('.panel-trending li', (rows) => rows.map(({ dataset }) => dataset.key));
    const some = keys.filter((_, at) => at % 2 === 0);
    surprising.push(...some.map((key) => ({ key, count: 9, expected: 2, probability: 0.0001 })));
    await page.reload();
    await page.waitForSelector('.surprise');
    const heights = await page.$$eval('.panel-trending li', (rows) =>
      rows.map((row) => Math.round(row.getBoundingClientRect().height)),
    );
    assert.equal(new Set(heights).size, 1, String(heights));
    await reader.close();
  });

test('a board of events leads to their pages', async () => {
  const reader = await open({ path: 'explore' });
  const { page } = reader;
  const link = await page.waitForSelector('[data-testid="board-photos"] a[href^="events/"]');
  await link.click();
  await settles(page);
  assert.match(new URL(page.url()).pathname, /^\/events\/\d+$/);
  await reader.close();
});

/** A script, an address that acts, a name that is too long, one with what cannot be seen. */
const NAMES = [
  [PAYLOADS[0], PAYLOADS[0]],
  ...PAYLOADS.filter((payload) => payload.startsWith('javascript:')).map((payload) => [payload, payload]),
  TRICKS.find(([name]) => name.startsWith('yyy')),
  TRICKS.find(([name]) => name.startsWith('zero')),
];

for (const [index, [name, shown]] of NAMES.entries())
  test(`names are text, and only addresses of the web can be opened: ${index}`, async () => {
    const told = eventOf(ID);
    const event = {
      ...told,
      name,
      url: name,
      status: name,
      group: { ...told.group, name, city: name, country: name },
      venue: { ...told.venue, name, city: name },
      category: { ...told.category, value: name, model: name, alternatives: [[name, 0.5]] },
    };
    const reader = await open({ worker: telling(event), width: 390, height: 844 });
    const { page } = reader;
    await settles(page);
    assert.equal(await page.textContent('h1'), shown);
    assert.equal(await page.locator('.event-head a').count(), 0);
    assert.equal(await page.evaluate(() => globalThis.pwned), undefined);
    assert.equal(
      await page.locator('main :is(script, iframe, img, style, form, base, link, meta)').count(),
      0,
    );
    assert.ok((await overhang(page)) <= 0);
    await reader.close();
  });

for (const [name, options] of Object.entries({
  light: {},
  dark: { colorScheme: 'dark' },
  'past, dark': { id: 'past', colorScheme: 'dark' },
  'forced colours': { forcedColors: 'active' },
  phone: { width: 390, height: 844 },
  'phone, dark': { width: 390, height: 844, colorScheme: 'dark' },
}))
  test(`axe finds nothing: ${name}`, async () => {
    const reader = await open({ reducedMotion: 'reduce', ...options });
    await settles(reader.page);
    await reader.page.click('summary');
    assert.deepEqual(await violations(reader.page), []);
    await reader.close();
  });

for (const width of [320, 390, 768, 1440])
  test(`nothing is wider than a screen of ${width} pixels`, async () => {
    const reader = await open({ width, height: 800 });
    await settles(reader.page);
    assert.ok((await overhang(reader.page)) <= 0);
    await reader.close();
  });
