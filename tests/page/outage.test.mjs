// What the page says when the server does not: the program dies, stands still, or refuses.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { summary } from './api.mjs';
import { launch } from './browser.mjs';
import { Reader } from './reader.mjs';
import { lines, rsvp } from './records.mjs';
import { binary, Server } from './server.mjs';

const options = { skip: binary ? false : 'HEADCOUNT_BIN is not set' };
const SIMULATION = 'sim:?rate=20&seed=1';
let browser;
let directory;

before(async () => {
  browser = await launch();
  directory = await mkdtemp(join(tmpdir(), 'headcount-outage-'));
});
after(async () => {
  await browser.close();
  await rm(directory, { recursive: true, force: true });
});

/** A browser notes every failed connection; here they are wanted. */
function forgiveConnections(reader) {
  reader.complaints = reader.complaints.filter((text) => !/net::ERR_|Failed to load resource/.test(text));
}

test('killed: the page says so and freezes; started again: it is live by itself', options, async () => {
  const server = await Server.start(SIMULATION);
  const reader = await Reader.open(browser, server.address, { query: '?theme=dark' });
  await reader.settles();
  await server.kill();
  await reader.shows('reconnecting');
  await reader.page.waitForSelector('[role=alert] >> text=Connection lost');
  assert.equal(await reader.page.getAttribute('main', 'class'), 'is-frozen');
  if (process.env.HEADCOUNT_SHOTS)
    await reader.page.screenshot({ path: `${process.env.HEADCOUNT_SHOTS}/lost.png` });
  const frozen = await reader.totals();
  for (let attempt = 0; attempt < 2; attempt++) await reader.page.waitForEvent('requestfailed');
  assert.deepEqual(await reader.totals(), frozen, 'the last figures stay');

  await server.resume();
  await reader.flows(40_000);
  assert.equal(await reader.page.$('[role=alert]'), null);
  await reader.eventually(async () => {
    const told = await summary(server.address);
    const shown = await reader.totals();
    for (const name of ['rsvps', 'yes', 'no', 'events']) assert.equal(shown[name], told[name], name);
  });
  forgiveConnections(reader);
  await reader.close();
  await server.stop();
});

test('standing still: stale after five seconds, live when it goes on', options, async () => {
  const server = await Server.start(SIMULATION);
  const reader = await Reader.open(browser, server.address);
  await reader.settles();
  const frozenAt = Date.now();
  server.freeze();
  await reader.shows('stale', 10_000);
  const after = Date.now() - frozenAt;
  assert.ok(after > 3_500 && after < 8_000, `${after} ms`);
  await reader.page.waitForSelector('[role=alert] >> text=nothing has arrived');
  server.thaw();
  await reader.flows();
  await reader.close();
  await server.stop();
});

test('refused with 503: the page opens the stream again by itself', options, async () => {
  const server = await Server.start(SIMULATION);
  const isRefusing = { value: true };
  const isLive = (request) => request.url().includes('/api/v1/live');
  const reader = await Reader.open(browser, server.address, {
    before: (page) =>
      page.route('**/api/v1/live*', (route) =>
        isRefusing.value ? route.fulfill({ status: 503, body: 'starting' }) : route.continue(),
      ),
  });
  for (let attempt = 0; attempt < 2; attempt++) await reader.page.waitForRequest(isLive);
  assert.equal(await reader.value('status'), 'connecting');
  isRefusing.value = false;
  await reader.flows(20_000);
  forgiveConnections(reader);
  await reader.close();
  await server.stop();
});

test('a recording that ended is finished, not broken', options, async () => {
  const recording = join(directory, 'three.ndjson');
  await writeFile(recording, lines([rsvp({ guests: 2 }), rsvp({ response: 'no' }), rsvp({ country: 'fr' })]));
  const server = await Server.start(`file:${recording}`);
  const reader = await Reader.open(browser, server.address);
  await reader.shows('ended');
  await reader.eventually(async () => {
    const { rsvps, yes, no, guests, events, venues, countries } = await reader.totals();
    assert.deepEqual(
      { rsvps, yes, no, guests, events, venues, countries },
      {
        rsvps: 3,
        yes: 2,
        no: 1,
        guests: 2,
        events: 3,
        venues: 3,
        countries: 2,
      },
    );
  });
  if (process.env.HEADCOUNT_SHOTS)
    await reader.page.screenshot({ path: `${process.env.HEADCOUNT_SHOTS}/ended.png` });
  await reader.close();
  await server.stop();
});

test('without any RSVP the page says what was read, and how to see it move', options, async () => {
  const recording = join(directory, 'empty.ndjson');
  await writeFile(recording, '');
  const server = await Server.start(`file:${recording}`);
  const reader = await Reader.open(browser, server.address);
  await reader.page.waitForSelector('text=No RSVP was found');
  assert.match(await reader.page.textContent('.first-run'), /empty\.ndjson/);
  if (process.env.HEADCOUNT_SHOTS)
    await reader.page.screenshot({ path: `${process.env.HEADCOUNT_SHOTS}/first.png` });
  await reader.close();
  await server.stop();
});

test('without the map every other panel still works', options, async () => {
  const server = await Server.start(SIMULATION);
  const reader = await Reader.open(browser, server.address, {
    before: (page) => page.route('**/assets/world-*.json', (route) => route.fulfill({ status: 404 })),
  });
  await reader.flows();
  await reader.page.waitForSelector('text=The map data could not be loaded.');
  await reader.page.click('[data-testid^="country-"] button');
  await reader.showsCountries(1);
  reader.complaints = reader.complaints.filter((text) => !text.includes('load the map'));
  forgiveConnections(reader);
  await reader.close();
  await server.stop();
});

test('another build at the server reloads the page', options, async () => {
  const server = await Server.start(SIMULATION);
  let builds = 0;
  const reader = await Reader.open(browser, server.address, {
    before: (page) =>
      page.route('**/api/v1/live*', async (route) => {
        const body = await firstEvents(`${server.address}/api/v1/live`);
        // The first two snapshots differ; later ones are as the second.
        builds = Math.min(2, builds + 1);
        const changed = body.replace(/"build":"[^"]*"/, `"build":"build ${builds}"`);
        await route.fulfill({ contentType: 'text/event-stream', body: `retry: 200\n${changed}` });
      }),
  });
  const loaded = () => reader.requests.filter((url) => new URL(url).pathname === '/').length;
  const again = () => reader.page.waitForRequest((request) => request.url().includes('/api/v1/live'));
  await reader.eventually(() => assert.equal(loaded(), 2), 15_000);
  // Each answer ends, and the page asks for the stream once more.
  for (let time = 0; time < 3; time++) await again();
  assert.equal(loaded(), 2, 'reloaded once, not for ever');
  await reader.close();
  await server.stop();
});

async function firstEvents(address) {
  const stop = new AbortController();
  const answer = await fetch(address, { signal: stop.signal });
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of answer.body) {
    text += decoder.decode(bytes, { stream: true });
    if (/data: ?\{.*\}\n\n/.test(text)) break;
  }
  stop.abort();
  return text;
}
