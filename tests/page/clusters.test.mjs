// Clusters of venues, and themes of cities: the page `/clusters`, with a stand-in for the server's answers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clustersOf, themes } from '../../dashboard/fake/learnt-places.mjs';
import { overhang, violations } from './looks.mjs';
import { PAYLOADS } from './payloads.mjs';
import { Reader } from './reader.mjs';
import { testbed } from './testbed.mjs';
import { forgetRefusals, json, problem, Worker } from './worker.mjs';

const bed = testbed();

async function open({ worker = new Worker(), ...options } = {}) {
  const reader = await Reader.open(bed.browser, bed.address, {
    path: 'clusters',
    before: worker.behind,
    ...options,
  });
  reader.worker = worker;
  return reader;
}

const told = (k) => clustersOf(new URLSearchParams(k ? `k=${k}` : ''));
const rows = (page) => page.locator('[data-testid="cluster"]');
const chosen = (page) => page.locator('.cluster-list [aria-pressed="true"]');
const shows = (reader, count) =>
  reader.eventually(async () => assert.equal(await rows(reader.page).count(), count));
const settles = (page) => page.waitForSelector('#map .land');

test('the clusters are those of the server, as many as are suggested', async () => {
  const reader = await open();
  const { page, worker } = reader;
  const answer = told();
  await shows(reader, answer.suggested_k);
  await settles(page);
  assert.deepEqual(worker.of('/clusters'), [{}]);
  const largest = answer.clusters.toSorted((one, other) => other.points - one.points)[0];
  const first = await rows(page).first().textContent();
  assert.ok(first.includes(largest.name) && first.includes(`${largest.points} venues`), first);
  const hulls = answer.clusters.filter(({ hull }) => new Set(hull.map(String)).size >= 3).length;
  assert.equal(await page.locator('[data-testid="hull"]').count(), hulls);
  assert.match(await page.textContent('.panel-clusters-map .note'), /48 venues at 0,0 are left out/);
  await reader.close();
});

test('a hull across the seam of the map is cut there, and spans no world', async () => {
  const worker = new Worker();
  const hull = [
    [-13, 175],
    [-13, -160],
    [-25, -160],
    [-25, 175],
  ];
  worker.instead = ({ path }) => {
    if (!path.endsWith('/clusters')) return undefined;
    return json({ ...told(), clusters: [{ ...told().clusters[0], id: 5, hull }] });
  };
  const reader = await open({ worker });
  const { page } = reader;
  await settles(page);
  const d = await page.getAttribute('[data-testid="hull"][data-id="5"]', 'd');
  const parts = d.split('M').filter(Boolean);
  assert.equal(parts.length, 2);
  for (const part of parts) {
    const xs = [...part.matchAll(/([\d.]+),[\d.]+/g)].map(([, x]) => Number(x));
    assert.ok(Math.max(...xs) - Math.min(...xs) < 100, part);
  }
  await reader.close();
});

test('the slider asks for as many, by keyboard too; the address has them, and Back takes them back', async () => {
  const reader = await open();
  const { page, worker } = reader;
  await shows(reader, 9);
  await page.focus('#k');
  for (let press = 0; press < 3; press++) await page.keyboard.press('ArrowRight');
  await shows(reader, 12);
  assert.equal(reader.query(), '?k=12');
  assert.equal(await reader.value('k'), '12');
  assert.match(await page.getAttribute('#k', 'aria-valuetext'), /^12 clusters, silhouette 0\.\d+$/);
  await page.keyboard.press('End');
  await shows(reader, 40);
  await page.keyboard.press('Home');
  await shows(reader, 2);
  assert.deepEqual(worker.of('/clusters').at(-1), { k: '2' });
  await page.click('text=Suggested: 9');
  await shows(reader, 9);
  assert.equal(reader.query(), '');
  await page.goBack();
  await shows(reader, 2);
  await reader.close();
});

test('venues weigh the same, or by the people who came', async () => {
  const reader = await open({ query: '?k=15' });
  const { page, worker } = reader;
  await shows(reader, 15);
  await page.click('.panel-clusters-list .segments >> text=People');
  await reader.eventually(() =>
    assert.deepEqual(worker.of('/clusters').at(-1), { k: '15', weights: 'people' }),
  );
  assert.equal(reader.query(), '?k=15&weights=people');
  await page.goBack();
  await reader.eventually(() => assert.deepEqual(worker.of('/clusters').at(-1), { k: '15' }));
  await reader.close();
});

test('deep links open the same view', async () => {
  const reader = await open({ query: '?k=15&view=density' });
  const { page, worker } = reader;
  await shows(reader, told().density.clusters.length);
  assert.deepEqual(worker.of('/clusters'), [{ k: '15' }]);
  assert.match(await page.textContent('.panel-clusters-map .note'), /120 of them in no cluster/);
  assert.equal(await page.locator('#k').count(), 0);
  await page.click('.segments >> text=k-means');
  await shows(reader, 15);
  assert.equal(reader.query(), '?k=15');
  await reader.close();
});

test('what the address says wrong is left out and named', async () => {
  const reader = await open({ query: '?k=99&view=spiral' });
  await shows(reader, 9);
  const note = await reader.page.textContent('.ignored-note');
  assert.ok(note.includes('k=99') && note.includes('view=spiral'), note);
  await reader.close();
});

test('a cluster that is chosen in the list is shown on the map, and again is not', async () => {
  const reader = await open({ reducedMotion: 'reduce' });
  const { page } = reader;
  await shows(reader, 9);
  await settles(page);
  const whole = await page.getAttribute('.camera', 'transform');
  await rows(page).nth(1).getByRole('button').click();
  const id = await rows(page).nth(1).getAttribute('data-value');
  await page.waitForSelector(`[data-testid="hull"][data-id="${id}"].is-on`);
  assert.equal(await page.locator('.hull.is-dimmed').count(), (await page.locator('.hull').count()) - 1);
  await reader.eventually(async () =>
    assert.notEqual(await page.getAttribute('.camera', 'transform'), whole),
  );
  await page.click('text=Show all');
  assert.equal(await chosen(page).count(), 0);
  assert.equal(await page.locator('.hull.is-dimmed').count(), 0);
  await reader.close();
});

test('a hull that is clicked on the map is chosen in the list', async () => {
  const reader = await open({ reducedMotion: 'reduce' });
  const { page } = reader;
  await shows(reader, 9);
  await settles(page);
  const london = told().clusters.find(({ name }) => name === 'London');
  await page.hover(`[data-testid="hull"][data-id="${london.id}"]`);
  await page.waitForSelector('.spot-tip >> text=London');
  await page.click(`[data-testid="hull"][data-id="${london.id}"]`);
  await reader.eventually(async () => assert.match(await chosen(page).textContent(), /London/));
  await reader.close();
});

test('the map is walked with the arrow keys', async () => {
  const reader = await open({ reducedMotion: 'reduce' });
  const { page } = reader;
  await shows(reader, 9);
  await settles(page);
  await page.focus('#map');
  await page.keyboard.press('ArrowRight');
  const said = () => page.textContent('.map-stage [aria-live]');
  await reader.eventually(async () => assert.match(await said(), /^New York\. \d+ venues/));
  await page.keyboard.press('ArrowRight');
  await reader.eventually(async () => assert.match(await said(), /^London\./));
  await page.keyboard.press('Enter');
  await reader.eventually(async () => assert.match(await chosen(page).textContent(), /London/));
  await page.keyboard.press('Escape');
  await reader.eventually(async () => assert.equal(await chosen(page).count(), 0));
  await reader.close();
});

test('themes have their words and shares, and one that is chosen shows its cities', async () => {
  const reader = await open({ query: '?view=themes' });
  const { page, worker } = reader;
  const answer = themes();
  await page.waitForSelector('[data-testid="theme"]');
  assert.deepEqual(worker.of('/themes'), [{}]);
  assert.deepEqual(worker.of('/clusters'), []);
  assert.equal(await page.locator('[data-testid="theme"]').count(), answer.themes.length);
  assert.equal(await page.locator('[data-testid="factor"]').count(), answer.factors.length);
  assert.equal(await page.locator('[data-testid="city"]').count(), answer.cities.length);
  const [first] = answer.themes.toSorted((one, other) => other.share - one.share);
  assert.ok(
    (await page.locator('[data-testid="theme"]').first().textContent()).includes(first.words.join(', ')),
  );
  await page.click('[data-testid="theme"] >> nth=0 >> button');
  const own = answer.cities.filter(({ theme }) => theme === first.id).length;
  await reader.eventually(async () => assert.equal(await page.locator('[data-testid="city"]').count(), own));
  await page.click('.segments >> text=k-means');
  await shows(reader, 9);
  assert.equal(await chosen(page).count(), 0, 'a theme is no cluster');
  await page.goBack();
  await page.waitForSelector('[data-testid="theme"]');
  await reader.close();
});

test('names are text', async () => {
  const names = PAYLOADS.slice(0, 38);
  const worker = new Worker();
  const clusters = names.map((name, id) => ({
    ...told().clusters[0],
    id,
    colour: id,
    name,
    country: name,
    topics: [name],
    lat: (id % 10) * 10 - 40,
    lon: id * 8 - 150,
  }));
  const theme = (words, id) => ({ id, words, share: 0.1, events: 3 });
  worker.instead = ({ path }) => {
    if (path.endsWith('/clusters')) return json({ ...told(), model: names[0], clusters });
    if (!path.endsWith('/themes')) return undefined;
    const all = names.map((name, id) => theme([name], id));
    const cities = names.map((name, id) => ({ ...themes().cities[0], city: name, country: name, theme: id }));
    return json({ model: names[1], themes: all, factors: all, cities });
  };
  const reader = await open({ worker });
  const { page } = reader;
  await shows(reader, names.length);
  await settles(page);
  const wanted = names.map((name) => name.replace(/\s+/g, ' ').trim());
  const shown = await page.$$eval('[data-testid="cluster"] .name', (all) =>
    all.map((name) => name.firstChild.textContent),
  );
  assert.deepEqual(shown.toSorted(), wanted.toSorted());
  await page.hover('[data-testid="hull"] >> nth=-1');
  await page.click('.segments >> text=Themes');
  await page.waitForSelector('[data-testid="theme"]');
  const words = await page.$$eval('[data-testid="theme"] .name', (all) =>
    all.map((name) => name.textContent),
  );
  assert.deepEqual(words.toSorted(), wanted.toSorted());
  assert.equal(await page.evaluate(() => globalThis.pwned), undefined);
  assert.equal(await page.locator('main :is(script, iframe, img, style, form, base, link, meta)').count(), 0);
  assert.ok((await overhang(page)) <= 0);
  await reader.close();
});

test('without a model the page says why, and what to do', async () => {
  const worker = new Worker();
  const detail = 'no version of the model places is in use';
  const remedy = 'the worker trains it when there is enough to learn from';
  worker.instead = ({ path }) =>
    /\/(clusters|themes)$/.test(path)
      ? problem(404, 'there is no such model yet', { detail, remedy })
      : undefined;
  const reader = await open({ worker });
  const { page } = reader;
  for (const part of [detail, remedy]) await page.waitForSelector(`[data-testid="problem"] >> text=${part}`);
  assert.equal(await page.getAttribute('[data-testid="problem"] a', 'href'), 'models');
  assert.deepEqual(await violations(page), []);
  worker.instead = () => undefined;
  await page.click('text=Try again');
  await shows(reader, 9);
  forgetRefusals(reader, 404);
  await reader.close();
});

test('a model without density clusters says so', async () => {
  const worker = new Worker();
  worker.instead = ({ path }) =>
    path.endsWith('/clusters') ? json({ ...told(), density: null }) : undefined;
  const reader = await open({ worker, query: '?view=density' });
  await reader.page.waitForSelector('text=This model has no density clusters.');
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
  await shows(reader, 9);
  forgetRefusals(reader, 503);
  await reader.close();
});

for (const [name, { act, ...options }] of Object.entries({
  light: {},
  'many clusters, dark': { query: '?k=40', colorScheme: 'dark' },
  'one chosen': { act: (page) => page.click('[data-testid="cluster"] >> nth=2 >> button') },
  'one chosen, dark': {
    colorScheme: 'dark',
    act: (page) => page.click('[data-testid="cluster"] >> nth=2 >> button'),
  },
  'by density': { query: '?view=density' },
  themes: { query: '?view=themes' },
  'themes, dark': { query: '?view=themes', colorScheme: 'dark' },
  'forced colours': { forcedColors: 'active' },
  phone: { width: 390, height: 844 },
  'phone, themes, dark': { width: 390, height: 844, query: '?view=themes', colorScheme: 'dark' },
}))
  test(`axe finds nothing: ${name}`, async () => {
    const reader = await open({ reducedMotion: 'reduce', ...options });
    await settles(reader.page);
    await act?.(reader.page);
    assert.deepEqual(await violations(reader.page), []);
    await reader.close();
  });

for (const width of [320, 390, 768, 1440])
  for (const query of ['?k=40', '?view=themes'])
    test(`nothing is wider than a screen of ${width} pixels: ${query}`, async () => {
      const reader = await open({ width, height: 800, query });
      await settles(reader.page);
      assert.ok((await overhang(reader.page)) <= 0);
      await reader.close();
    });
