// The page stays light: what it loads, and what it costs while it runs (facts are measured, not guessed).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Reader } from './reader.mjs';
import { testbed } from './testbed.mjs';

const bed = testbed();
const KB_MAX = { script: 70, stylesheet: 8, fetch: 75 };
const SCRIPT_MS_PER_SECOND_MAX = 60;
const HEAP_GROWTH_MAX = 1_000_000;
const SECONDS = 20;

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
