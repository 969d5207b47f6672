// How the program is: the page `/status`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import axe from 'axe-core';
import { RULES } from './looks.mjs';
import { Reader } from './reader.mjs';
import { testbed } from './testbed.mjs';

const bed = testbed();
const open = (options) => Reader.open(bed.browser, bed.address, { path: 'status', ...options });

const NOW = 1_800_000_000_000;
const CLUSTER = {
  workers: [
    {
      name: 'a',
      roles: ['ingest', 'process'],
      version: '0.1.0',
      started: NOW - 90_000_000,
      seen: NOW - 1_000,
      partitions: [0],
      sources: ['sim:?rate=20'],
    },
    {
      name: '<b>\u202e',
      roles: ['serve'],
      version: '0.1.0',
      started: NOW - 90_000_000,
      seen: NOW - 60_000,
      partitions: [],
      sources: [],
    },
  ],
  partitions: [
    {
      partition: 0,
      owner: 'a',
      epoch: 3,
      offset: 1_234_567,
      lag: 89,
      stream_time: NOW,
      served_offset: 1_234_000,
      checkpoint_offset: null,
    },
    {
      partition: 1,
      owner: null,
      epoch: 0,
      offset: 0,
      lag: null,
      stream_time: null,
      served_offset: null,
      checkpoint_offset: null,
    },
  ],
};

/** Lets the server answer as one of a cluster would. */
const inCluster = (page) => answers(page, { at: NOW, cluster: CLUSTER });

/** Changes the status that the server answers with. */
const answers = (page, changed) =>
  page.route('**/api/v1/status', async (route) => {
    try {
      const answer = await route.fetch();
      await route.fulfill({ json: { ...(await answer.json()), ...changed } });
    } catch (error) {
      // The page may be closed while it asks.
      if (!page.isClosed() && !/disposed|closed/.test(error.message)) throw error;
    }
  });

test('the tables are those of the API', async () => {
  // The stream goes on between two questions: the page is held against the answer that it was given.
  let told;
  const listen = (page) =>
    page.on('response', async (answer) => {
      if (answer.url().endsWith('/api/v1/status')) told = await answer.json().catch(() => told);
    });
  const reader = await open({ before: listen });
  await reader.shows('simulated');
  assert.equal(await reader.page.title(), 'headcount: status');
  const values = (testId) =>
    reader.page.$$eval(`[data-testid="${testId}"]`, (rows) => rows.map((row) => row.dataset.value));
  await reader.eventually(async () => {
    assert.deepEqual(await values('ready'), ['ready']);
    assert.deepEqual(await values('balanced'), [String(told.ledger.balanced)]);
    assert.deepEqual(
      await values('source'),
      told.sources.map(({ state }) => state),
    );
    assert.deepEqual(await values('partition'), told.as_of.offsets.map(String));
    assert.deepEqual(await values('account'), [String(told.ledger.received)]);
  });
  assert.equal(await reader.page.$('[data-testid="workers"]'), null, 'one process is no cluster');
  await reader.close();
});

test('a cluster is shown with its owners and lags, and who is silent', async () => {
  const reader = await open({ before: inCluster });
  await reader.shows('simulated');
  const rows = (name) =>
    reader.page.$$eval(`[data-testid="${name}"] tbody tr`, (found) =>
      found.map((row) => [...row.cells].map((cell) => cell.textContent)),
    );
  const [owned, free] = await rows('partitions');
  assert.deepEqual(
    [owned[0], owned[1], ...owned.slice(3)],
    ['0', '1,234,567', '89', 'a', '3', '1,234,000', '–'],
  );
  assert.deepEqual(free, ['1', '0', '–', '–', 'nobody', '0', '–', '–']);
  const [there, silent] = await rows('workers');
  assert.deepEqual([there[0], there[1], there[2], there[6]], ['a', 'there', 'ingest, process', '0']);
  assert.deepEqual([silent[0], silent[1]], ['<b>', 'silent']);
  await reader.close();
});

test('the room on the disk is told, and what stopped for want of it', async () => {
  const disk = {
    level: 'optional_stopped',
    free_bytes: 900e6,
    total_bytes: 1e11,
    notice: 'the archive waits: make room on the disk',
  };
  const reader = await open({ before: (page) => answers(page, { disk }) });
  await reader.shows('simulated');
  assert.equal(await reader.value('disk'), 'optional_stopped');
  const facts = await reader.page.textContent('.facts');
  assert.match(facts, /very little: 900 MB of 100 GB free/);
  assert.match(facts, /the archive waits: make room/);
  await reader.close();
});

test('the pages lead to each other, and the keyboard reaches every table', async () => {
  const reader = await open({ before: inCluster });
  const { page } = reader;
  await reader.shows('simulated');
  const reached = new Set();
  for (let at = 0; at < 20; at++) {
    await page.keyboard.press('Tab');
    reached.add(
      await page.evaluate(() => document.activeElement.ariaLabel ?? document.activeElement.textContent),
    );
  }
  for (const name of ['Live', 'Processes of the cluster', 'Partitions of the journal', 'Ledger by source'])
    assert.ok(reached.has(name), name);
  const before = await page.getAttribute('html', 'data-theme');
  await page.keyboard.press('t');
  assert.notEqual(await page.getAttribute('html', 'data-theme'), before);
  await page.click('nav >> text=Live');
  await reader.settles();
  await page.click('nav >> text=Status');
  await page.waitForSelector('[data-testid="partitions"]');
  await reader.close();
});

test('a server that does not answer is said, and come back to', async () => {
  const reader = await open();
  const { page } = reader;
  await reader.shows('simulated');
  await page.route('**/api/v1/status', (route) => route.fulfill({ status: 503, json: {} }));
  await reader.shows('reconnecting');
  assert.match(await page.textContent('[role=alert]'), /the server answers 503/);
  await page.unroute('**/api/v1/status');
  await reader.shows('simulated');
  // The browser notes the refusals by itself.
  reader.complaints = reader.complaints.filter((complaint) => !complaint.includes('503'));
  await reader.close();
});

for (const [name, options] of Object.entries({
  light: {},
  dark: { colorScheme: 'dark' },
  'a cluster': { before: inCluster },
  'a cluster, dark': { before: inCluster, colorScheme: 'dark' },
  'a cluster, phone': { before: inCluster, width: 390, height: 844 },
}))
  test(`axe finds nothing: ${name}`, async () => {
    const reader = await open({ reducedMotion: 'reduce', ...options });
    await reader.shows('simulated');
    await reader.page.evaluate(axe.source);
    const { violations } = await reader.page.evaluate(
      (rules) => globalThis.axe.run(document, { runOnly: rules }),
      RULES,
    );
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join('\n')}`);
    assert.deepEqual(found, []);
    await reader.close();
  });

for (const width of [320, 390, 768, 1440])
  test(`nothing is wider than a screen of ${width} pixels`, async () => {
    const reader = await open({ before: inCluster, width, height: 800 });
    await reader.shows('simulated');
    const [content, screen] = await reader.page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    assert.ok(content <= screen, `${content} of ${screen} pixels`);
    await reader.close();
  });
