// Many tabs of one browser share one stream: a browser has only six connections for each host.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reader } from './reader.mjs';
import { testbed } from './testbed.mjs';

const bed = testbed();
const TABS = 9;

const streams = (requests) => requests.filter((url) => url.includes('/api/v1/live')).length;
const figure = (page) =>
  page.getAttribute('[data-testid="total-rsvps"]', 'data-value', { timeout: 10_000 }).then(Number);

/** Waits until the figure is another one. */
async function moves(page, limit = 20_000) {
  const before = await figure(page);
  await page.waitForFunction(
    (known) => Number(document.querySelector('[data-testid="total-rsvps"]')?.dataset.value) > known,
    before,
    { timeout: limit },
  );
}

test('the ninth tab shows figures that move, and all tabs have one stream', async () => {
  const reader = await Reader.open(bed.browser, bed.address);
  await reader.flows();
  const requests = [];
  const tabs = [];
  for (let tab = 1; tab < TABS; tab++) {
    const page = await reader.context.newPage();
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(`${reader.address}/`);
    await page.waitForSelector('[data-testid="total-rsvps"]', { timeout: 10_000 });
    tabs.push(page);
  }
  for (const page of tabs) await moves(page);
  assert.equal(streams(requests), 0, 'the first tab has the stream');
  // Whoever shows something else has a stream of its own.
  const [{ country }] = await (await fetch(`${reader.address}/api/v1/countries?limit=1`))
    .json()
    .then(({ rows }) => rows.map(({ id }) => ({ country: id })));
  await tabs[0].goto(`${reader.address}/?country=${country}`);
  await tabs[0].waitForSelector('[data-testid="total-rsvps"]');
  assert.equal(streams(requests), 1);
  // The next one takes over from the tab that goes.
  await reader.page.close();
  for (const page of tabs) await moves(page);
  assert.equal(streams(requests), 2);
  await reader.context.close();
});
