// What the page calls its figures: live only when they are of records that have just happened.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import axe from 'axe-core';
import { launch } from './browser.mjs';
import { RULES } from './looks.mjs';
import { Reader } from './reader.mjs';
import { lines, rsvp } from './records.mjs';
import { rewriting } from './rewriting.mjs';
import { binary, Server } from './server.mjs';

const options = { skip: binary ? false : 'HEADCOUNT_BIN is not set' };
const MINUTE = 60_000;
const DAY = 86_400_000;
let browser;
let directory;
let simulated;

before(async () => {
  browser = await launch();
  directory = await mkdtemp(join(tmpdir(), 'headcount-freshness-'));
  if (binary) simulated = await Server.start('sim:?rate=20&seed=1&warmup=60');
});
after(async () => {
  await simulated?.stop();
  await browser.close();
  await rm(directory, { recursive: true, force: true });
});

const words = (reader) => reader.page.textContent('[data-testid="status"]');

async function picture(reader, name) {
  if (process.env.HEADCOUNT_SHOTS)
    await reader.page.screenshot({ path: `${process.env.HEADCOUNT_SHOTS}/${name}.png` });
}

/** RSVPs of Sunday, 19 March 2017, one a second; the last of them are a minute after the first. */
async function recording(name) {
  const file = join(directory, name);
  const first = Date.UTC(2017, 2, 19, 12, 0);
  const records = Array.from({ length: 60 }, (_, second) => ({
    ...rsvp({ at: first }),
    mtime: first + second * 1_000 + 7,
  }));
  await writeFile(file, lines(records));
  return file;
}

test('a simulation is not called live', options, async () => {
  const reader = await Reader.open(browser, simulated.address);
  await reader.shows('simulated');
  assert.equal(await words(reader), 'Simulated');
  assert.match(await reader.page.getAttribute('.status', 'title'), /invented/);
  await picture(reader, 'simulated');
  await reader.close();
});

test('a replay says its day and its speed, and shows the time of its records', options, async () => {
  const server = await Server.start(`file:${await recording('replay.ndjson')}?speed=0.1`);
  const reader = await Reader.open(browser, server.address);
  await reader.shows('replay');
  await reader.eventually(async () => assert.equal(await words(reader), 'Replay of 19 Mar 2017, 0.1×'));
  const at = Number(await reader.value('clock'));
  assert.ok(Math.abs(at - Date.UTC(2017, 2, 19, 12, 0)) < MINUTE, new Date(at).toISOString());
  await picture(reader, 'replay');
  const status = await Reader.open(browser, server.address, { path: 'status' });
  await status.shows('replay');
  await status.eventually(async () => assert.equal(await words(status), await words(reader)));
  assert.match(await status.page.textContent('[data-testid="source"]'), /Replay, 0\.1×/);
  assert.match(await status.page.textContent('.facts'), /19 Mar 2017/);
  await status.close();
  await reader.close();
  await server.stop();
});

test(
  'a followed file that was read to its end is up to date, with the day of its data',
  options,
  async () => {
    const server = await Server.start(`file:${await recording('followed.ndjson')}?follow=1`);
    const reader = await Reader.open(browser, server.address);
    await reader.shows('current');
    assert.equal(await words(reader), 'Up to date');
    assert.match(
      await reader.page.textContent('[data-testid="clock"]'),
      /data up to 19 Mar 2017, 13:00:\d\d/,
    );
    await picture(reader, 'followed');
    const status = await Reader.open(browser, server.address, { path: 'status' });
    await status.shows('current');
    assert.equal(await words(status), 'Up to date');
    await status.close();
    await reader.close();
    await server.stop();
  },
);

/** What the stream of a page says in place of the simulation's words. */
const SCENES = {
  live: { source: {}, says: /^Live$/ },
  behind: { source: {}, late: 6.2 * MINUTE, says: /^6 mins behind$/ },
  'behind by years': { is: 'behind', source: {}, late: 4_000.5 * DAY, says: /^4,000 days behind$/ },
  silent: { source: {}, quiet: 3.2 * MINUTE, late: 3.2 * MINUTE, says: /^No records for 3 mins$/ },
  failed: {
    source: { state: 'failed', error: 'Kafka is not built into this headcount' },
    says: /^Failed$/,
    banner: /Kafka is not built/,
  },
  waiting: {
    source: { state: 'connecting', error: 'connection refused' },
    says: /^Source reconnecting/,
    banner: /connection refused/,
  },
  'live on a disk with little room': {
    is: 'live',
    source: {},
    notice: 'the disk of data has 900 MB left',
    says: /^Live$/,
    banner: /900 MB left/,
  },
  blocked: {
    source: {},
    ready: { state: 'waiting', reason: 'the disk is full' },
    says: /^Waiting/,
    banner: /the disk is full/,
  },
};

function scene({ source, late = 10_000, quiet = 0, ready, notice }) {
  return (data, name) => {
    const known = {
      name: 'wss://example.org/2/rsvps',
      kind: 'stream',
      state: 'live',
      last_record_at: data.at - quiet,
      gaps: 0,
      error: null,
      ...source,
    };
    if (name === 'ping') return { ...data, sources: { [known.name]: known } };
    return {
      ...data,
      source: [known],
      stream_time: data.at - late,
      ...(ready && { ready }),
      ...(notice && { notice }),
    };
  };
}

for (const [name, { is: status = name, says, banner, ...told }] of Object.entries(SCENES))
  test(`a stream that is ${name} is called so`, options, async () => {
    const between = await rewriting(simulated.address, { change: scene(told) });
    for (const look of [{}, { colorScheme: 'dark', width: 320, height: 640 }]) {
      const reader = await Reader.open(browser, between.address, { reducedMotion: 'reduce', ...look });
      const { page } = reader;
      await reader.shows(status);
      await reader.eventually(async () => assert.match(await words(reader), says));
      const banners = await page.$$eval('[data-testid="banner"]', (all) => all.map((one) => one.textContent));
      assert.equal(banners.length, banner ? 1 : 0, banners.join());
      if (banner) assert.match(banners[0], banner);
      const [content, screen] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.documentElement.clientWidth,
      ]);
      assert.ok(content <= screen, `${content} of ${screen} pixels`);
      await picture(reader, `${status}-${look.width ?? 'light'}`);
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(
        (rules) => globalThis.axe.run(document, { runOnly: rules }),
        RULES,
      );
      assert.deepEqual(
        violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join('\n')}`),
        [],
      );
      await reader.close();
    }
    between.stop();
  });

test('a program that gives no figures says why', options, async () => {
  const between = await rewriting(simulated.address, { refuse: 'the journal is damaged' });
  const reader = await Reader.open(browser, between.address);
  await reader.page.waitForSelector('text=the journal is damaged');
  await reader.shows('failed');
  await picture(reader, 'refused');
  reader.complaints = reader.complaints.filter((text) => !/503|Failed to load resource/.test(text));
  await reader.close();
  between.stop();
});
