// What is learnt and how good it is: the page `/models`, with a stand-in for the server's answers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CATEGORIES, MODELS, NOW, TRAINING } from '../../dashboard/fake/learnt-models.mjs';
import { overhang, violations } from './looks.mjs';
import { PAYLOADS } from './payloads.mjs';
import { Reader } from './reader.mjs';
import { testbed } from './testbed.mjs';
import { forgetRefusals, json, problem, Worker } from './worker.mjs';

const bed = testbed();

async function open({ worker = new Worker(), ...options } = {}) {
  const reader = await Reader.open(bed.browser, bed.address, {
    path: 'models',
    before: worker.behind,
    ...options,
  });
  reader.worker = worker;
  return reader;
}

const card = (name) => `[data-testid="model-${name}"]`;
const row = (name, version) => `${card(name)} [data-testid="version"][data-value="${version}"]`;
const settles = (page) => page.waitForSelector(card('themes'));

/** A worker whose models are these. */
function telling(models, training = null) {
  const worker = new Worker();
  worker.instead = ({ path }) => (path.endsWith('/models') ? json({ models, training }) : undefined);
  return worker;
}

test('every model has a card that says what it predicts, how good it is, and against what', async () => {
  const reader = await open();
  const { page } = reader;
  await settles(page);
  const states = await page.$$eval('.model [data-testid="model-state"]', (all) =>
    all.map(({ dataset }) => dataset.value),
  );
  assert.deepEqual(states, ['served', 'served', 'baseline', 'served', 'absent']);
  const [inUse] = MODELS[0].versions.filter(({ version }) => version === 3);
  const text = await page.textContent(card('category'));
  for (const part of [
    'one of 33',
    'words and pairs of words',
    'Split by group',
    '40,020 examples of 3,224 groups',
  ])
    assert.ok(text.includes(part), part);
  const compared = await page.$$eval(`${card('category')} [data-testid="comparison"]`, (all) =>
    all.map(({ dataset }) => Number(dataset.value)),
  );
  assert.deepEqual(
    compared,
    inUse.card.comparisons.map(({ model }) => model),
  );
  // The bars are as long as the figures say: of 0.4812 and 0.0124, against 1.
  const lengths = await page.$$eval(
    `${card('category')} [data-testid="comparison"]:first-child .track i`,
    (bars) => bars.map((bar) => bar.getBoundingClientRect().width / bar.parentElement.clientWidth),
  );
  assert.ok(Math.abs(lengths[0] - 0.4812) < 0.01 && Math.abs(lengths[1] - 0.0124) < 0.01, String(lengths));
  assert.match(await page.textContent(card('turnout')), /0\.46 worse than the baseline/);
  await page.click(`${card('response')} summary >> text=How features were spread`);
  assert.match(await page.textContent(`${card('response')} .spread`), /yes 74%, no 26%/);
  assert.match(await page.textContent(card('themes')), /run headcount train --data data themes/);
  assert.equal(await page.getAttribute(`${card('category')} [data-testid="drift"]`, 'data-value'), 'watch');
  await reader.close();
});

test('versions tell which is in use, and one that is refused says why', async () => {
  const reader = await open();
  const { page } = reader;
  await settles(page);
  assert.match(await page.textContent(row('category', 3)), /in use/);
  assert.equal(await page.locator(`${row('category', 3)} >> text=Promote`).count(), 0);
  assert.match(await page.textContent(row('category', 1)), /refused/);
  assert.equal(await page.locator(`${row('category', 1)} button`).count(), 0);
  assert.match(await page.textContent(card('category')), /SHA-256 differs/);
  // The card of another version, which is not in use.
  await page.click(`${row('category', 2)} >> role=button[name="2"]`);
  await page.waitForSelector(`${card('category')} >> text=showing version 2, which is not in use`);
  assert.equal(await page.locator(`${card('category')} .calibration`).count(), 0);
  await reader.close();
});

test('a version that beats its baseline is promoted at once', async () => {
  const reader = await open();
  const { page, worker } = reader;
  await settles(page);
  await page.click(`${row('category', 2)} >> text=Promote`);
  await page.waitForSelector(`${card('category')} [data-testid="outcome"] >> text=Version 2 is in use.`);
  const asked = worker.asked.find(({ path }) => path.endsWith('/promote'));
  assert.match(asked.path, /\/api\/v1\/models\/category\/promote$/);
  assert.deepEqual(asked.body, { version: 2, anyway: false });
  assert.ok(worker.of('/models').length > 1, 'the models were asked again');
  await reader.close();
});

test('one that does not is promoted only when it is meant', async () => {
  const reader = await open();
  const { page, worker } = reader;
  await settles(page);
  const promoted = () => worker.asked.filter(({ path }) => path.endsWith('/promote')).map(({ body }) => body);
  await page.focus(`${row('category', 4)} >> text=Promote`);
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-testid="confirmation"]');
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press('Escape');
  await page.waitForSelector('[data-testid="confirmation"]', { state: 'detached' });
  assert.deepEqual(promoted(), []);
  await page.click(`${row('category', 4)} >> text=Promote`);
  await page.click('text=Promote anyway');
  await page.waitForSelector('[data-testid="outcome"] >> text=Version 4 is in use.');
  assert.deepEqual(promoted(), [{ version: 4, anyway: true }]);
  await reader.close();
});

test('a refusal is told in the server’s words', async () => {
  const worker = new Worker();
  worker.instead = ({ path }) =>
    path.endsWith('/promote')
      ? problem(409, 'Not promoted', { detail: 'models/category/2 was removed; list the models again' })
      : undefined;
  const reader = await open({ worker });
  const { page } = reader;
  await settles(page);
  await page.click(`${row('category', 2)} >> text=Promote`);
  await page.waitForSelector(
    '[role="alert"][data-testid="outcome"] >> text=was removed; list the models again',
  );
  forgetRefusals(reader, 409);
  await reader.close();
});

test('the confusion matrix is read by pointer, by keyboard, and as a table', async () => {
  const reader = await open();
  const { page } = reader;
  await settles(page);
  const told = () => page.textContent(`${card('category')} .cell-told`);
  await page.hover(`${card('category')} .heat-map [data-row="0"][data-column="1"]`);
  await reader.eventually(async () =>
    assert.match(await told(), /^Of \d+ tech, \d+ \(.*\) were taken for career\/business\.$/),
  );
  await page.focus(`${card('category')} .heat-map`);
  await page.mouse.move(0, 0);
  await page.keyboard.press('ArrowDown');
  await reader.eventually(async () => assert.match(await told(), /tech, \d+ \(.*\) were predicted right/));
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await reader.eventually(async () =>
    assert.match(await told(), /career\/business, .* were predicted right/),
  );
  await page.click(`${card('category')} summary >> nth=1`);
  const cells = await page.$$eval('[data-testid="confusion"] tbody tr', (rows) =>
    rows.map((line) => [...line.cells].slice(1).map((cell) => cell.textContent)),
  );
  assert.equal(cells.length, CATEGORIES.length);
  for (const [examples, , ...counts] of cells) {
    const sum = counts.reduce((all, count) => all + Number(count.replace(',', '')), 0);
    assert.equal(sum, Number(examples.replace(',', '')), 'a row adds up');
  }
  await reader.close();
});

test('training is told while it runs, and what came of the last', async () => {
  const worker = telling(MODELS, TRAINING);
  const reader = await open({ worker });
  const { page } = reader;
  await page.waitForSelector('[data-testid="training"] >> text=Training now');
  await page.waitForSelector('text=category 3 promoted');
  const last = {
    at: NOW,
    ok: false,
    message: 'category: fewer than 50 examples of each class; read more events',
  };
  worker.instead = ({ path }) =>
    path.endsWith('/models')
      ? json({ models: MODELS, training: { running: false, since: null, last } })
      : undefined;
  await page.waitForSelector('text=fewer than 50 examples');
  assert.equal(await page.locator('[data-testid="training"]').count(), 0);
  await reader.close();
});

test('names are text', async () => {
  const names = PAYLOADS.slice(0, 34);
  const [, , version] = MODELS[0].versions;
  const hostile = {
    ...MODELS[0],
    why: names[0],
    in_use: 2,
    versions: [
      {
        ...version,
        card: {
          ...version.card,
          predicts: names[1],
          from: names[2],
          tested: names[3],
          notes: names,
          feature_shares: names.map((name) => [name, [[name, 0.5]]]),
          confusion: {
            classes: names,
            counts: names.map((_, at) => names.map((__, to) => (at === to ? 9 : 1))),
          },
          comparisons: names.map((name) => ({
            measure: name,
            on: name,
            model: 0.5,
            baseline: name,
            baseline_figure: 0.4,
            better: 'higher',
            decides: false,
          })),
        },
      },
      { ...version, version: 1, card: null, damage: names[4] },
    ],
  };
  const training = { running: true, since: null, last: { at: NOW, ok: false, message: names[5] } };
  const reader = await open({ worker: telling([hostile], training) });
  const { page } = reader;
  await page.waitForSelector('.notes li');
  const notes = await page.$$eval('.notes li', (all) => all.map((note) => note.textContent));
  assert.deepEqual(
    notes,
    names.map((name) => name.replace(/\s+/g, ' ').trim()),
  );
  assert.equal(await page.evaluate(() => globalThis.pwned), undefined);
  assert.equal(await page.locator('main :is(script, iframe, img, style, form, base, link, meta)').count(), 0);
  assert.ok((await overhang(page)) <= 0);
  await reader.close();
});

test('without a worker there is one calm panel, and the cards come by themselves', async () => {
  const worker = new Worker();
  worker.isThere = false;
  const reader = await open({ worker });
  const { page } = reader;
  await page.waitForSelector('[data-testid="no-worker"]');
  assert.deepEqual(await violations(page), []);
  worker.isThere = true;
  await page.click('text=Look now');
  await settles(page);
  forgetRefusals(reader, 503);
  await reader.close();
});

test('a failure is told, and can be asked again', async () => {
  const worker = new Worker();
  worker.instead = ({ path }) =>
    path.endsWith('/models')
      ? problem(500, 'models/category cannot be listed: permission denied')
      : undefined;
  const reader = await open({ worker });
  const { page } = reader;
  await page.waitForSelector('[role=alert] >> text=permission denied');
  worker.instead = () => undefined;
  await page.click('text=Try again');
  await settles(page);
  forgetRefusals(reader, 500);
  await reader.close();
});

test('g and m lead here, and the sheet of keys says so', async () => {
  const reader = await open({ path: 'clusters' });
  const { page } = reader;
  await page.waitForSelector('[data-testid="cluster"]');
  await page.keyboard.press('?');
  await page.waitForSelector('.sheet >> text=Models');
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press('Escape');
  await page.waitForSelector('.sheet', { state: 'detached' });
  await page.keyboard.press('g');
  await page.keyboard.press('m');
  await settles(page);
  assert.equal(await page.getAttribute('nav >> text=Models', 'aria-current'), 'page');
  await page.keyboard.press('m');
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  await page.waitForSelector('[data-testid="cluster"]');
  await reader.close();
});

test('every bar is seen in forced colours', async () => {
  const reader = await open({ forcedColors: 'active' });
  const { page } = reader;
  await settles(page);
  const unseen = await page.$$eval('.pair .track i', (bars) => {
    const ground = getComputedStyle(document.querySelector('.panel')).backgroundColor;
    return bars.filter((bar) => getComputedStyle(bar).backgroundColor === ground).length;
  });
  assert.equal(unseen, 0);
  await reader.close();
});

for (const [name, options] of Object.entries({
  light: {},
  dark: { colorScheme: 'dark' },
  'forced colours': { forcedColors: 'active' },
  phone: { width: 390, height: 844 },
  'phone, dark': { width: 390, height: 844, colorScheme: 'dark' },
}))
  test(`axe finds nothing: ${name}`, async () => {
    const reader = await open({ reducedMotion: 'reduce', ...options });
    await settles(reader.page);
    for (const summary of await reader.page.$$('summary')) await summary.click();
    assert.deepEqual(await violations(reader.page), []);
    await reader.close();
  });

for (const width of [320, 390, 768, 1440])
  test(`nothing is wider than a screen of ${width} pixels`, async () => {
    const reader = await open({ width, height: 800 });
    await settles(reader.page);
    for (const summary of await reader.page.$$('summary')) await summary.click();
    assert.ok((await overhang(reader.page)) <= 0);
    await reader.close();
  });
