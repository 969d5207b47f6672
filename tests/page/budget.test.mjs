// The page stays light: what it loads, and what it costs while it runs (facts are measured, not guessed).
import assert from 'node:assert/strict';
import { get } from 'node:http';
import { test } from 'node:test';
import { constants, createGunzip, gzipSync } from 'node:zlib';
import { Reader } from './reader.mjs';
import { testbed } from './testbed.mjs';

const bed = testbed();
const KB_MAX = { script: 70, stylesheet: 8, fetch: 75 };
const SCRIPT_MS_PER_SECOND_MAX = 60;
const HEAP_GROWTH_MAX = 1_000_000;
const SECONDS = 20;
/** The stream of the demo: so many records a second. */
const RATE = 20;
const RECORDS = 300;
const STREAM_BYTES_PER_HOUR_MAX = 25_000_000;

test('what is loaded', async () => {
  const bytes = { script: 0, stylesheet: 0, fetch: 0 };
  const pending = [];
  const reader = await Reader.open(bed.browser, bed.address, {
    before: (page) =>
      page.on('response', (response) => {
        const kind = response.request().resourceType();
        if (!(kind in bytes)) return;
        pending.push(
          response.body().then((body) => {
            bytes[kind] += gzipSync(body, { level: 9 }).length;
          }),
        );
      }),
  });
  await reader.settles();
  await Promise.all(pending);
  for (const [kind, most] of Object.entries(KB_MAX)) {
    console.log(`${kind}: ${bytes[kind]} bytes compressed, at most ${most} kB`);
    assert.ok(bytes[kind] > 0 && bytes[kind] <= most * 1_000, kind);
  }
  await reader.close();
});

test('what it costs to watch', async () => {
  const reader = await Reader.open(bed.browser, bed.address);
  await reader.flows();
  // What is still being loaded is no growth.
  await reader.settles();
  await reader.page.waitForTimeout(3_000);
  const session = await reader.context.newCDPSession(reader.page);
  // The thread's own clock: frames and the wall clock depend on what else the machine does.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const measure = async () => {
    await session.send('HeapProfiler.collectGarbage');
    const { metrics } = await session.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  const before = await measure();
  await reader.page.waitForTimeout(SECONDS * 1_000);
  const { metrics } = await session.send('Performance.getMetrics');
  const script = metrics.find(({ name }) => name === 'ScriptDuration').value - before.ScriptDuration;
  const grown = (await measure()).JSHeapUsedSize - before.JSHeapUsedSize;
  const perSecond = (script / SECONDS) * 1_000;
  console.log(`script: ${perSecond.toFixed(1)} ms a second; heap: ${grown} bytes more after ${SECONDS} s`);
  assert.ok(perSecond <= SCRIPT_MS_PER_SECOND_MAX);
  assert.ok(grown <= HEAP_GROWTH_MAX);
  await reader.close();
});

test('what comes over the wire', async () => {
  const { bytes, records } = await streamed(RECORDS);
  const hour = (bytes / records) * RATE * 3_600;
  console.log(`stream: ${Math.round(bytes / records)} bytes a record, ${(hour / 1e6).toFixed(1)} MB an hour`);
  assert.ok(hour <= STREAM_BYTES_PER_HOUR_MAX, `${hour} bytes an hour at ${RATE} records a second`);
});

/** Bytes as they come, after the snapshot, until so many records have been received. */
async function streamed(wanted) {
  const headers = { 'accept-encoding': 'gzip', accept: 'text/event-stream' };
  const address = `${bed.address}/api/v1/live`;
  const response = await new Promise((resolve, reject) =>
    get(address, { headers }, resolve).on('error', reject),
  );
  assert.equal(response.headers['content-encoding'], 'gzip');
  let [all, before, first] = [0, 0, 0];
  response.on('data', (part) => {
    all += part.length;
  });
  const plain = response.pipe(createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }));
  let text = '';
  for await (const part of plain) {
    const events = (text + part).split('\n\n');
    text = events.pop();
    for (const event of events) {
      const received = Number(event.match(/"received":(\d+)/)?.[1] ?? 0);
      if (event.includes('event: snapshot')) [before, first] = [all, received];
      if (first > 0 && received >= first + wanted) {
        response.destroy();
        return { bytes: all - before, records: received - first };
      }
    }
  }
  throw new Error('the stream ended');
}
