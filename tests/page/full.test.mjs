// A server that has no room for another page.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import axe from 'axe-core';
import { launch } from './browser.mjs';
import { RULES } from './looks.mjs';
import { Reader } from './reader.mjs';
import { binary, Server } from './server.mjs';

const options = { skip: binary ? false : 'HEADCOUNT_BIN is not set' };
let browser;
let server;

before(async () => {
  browser = await launch();
  if (binary)
    server = await Server.startWith(['--streams-per-address', '1'], 'sim:?rate=20&seed=1&warmup=60');
});
after(async () => {
  await browser.close();
  await server?.stop();
});

for (const [name, look] of Object.entries({
  'a wide screen': {},
  'a phone, dark': { width: 400, height: 800, colorScheme: 'dark' },
}))
  test(`one page too many says so, and goes on when there is room: ${name}`, options, async () => {
    const first = await Reader.open(browser, server.address);
    await first.flows();
    const second = await Reader.open(browser, server.address, look);
    const { page } = second;
    await second.shows('full');
    assert.equal(await page.textContent('[data-testid="status"]'), 'Too many viewers');
    const said = await page.textContent('[data-testid="banner"]');
    assert.match(said, /Too many live streams are open from this address \(1 at most\).*goes on by itself/);
    if (process.env.HEADCOUNT_SHOTS)
      await page.screenshot({ path: `${process.env.HEADCOUNT_SHOTS}/full-${look.width ?? 1440}.png` });
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(
      (rules) => globalThis.axe.run(document, { runOnly: rules }),
      RULES,
    );
    assert.deepEqual(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join('\n')}`),
      [],
    );
    await first.close();
    await second.flows(30_000);
    assert.equal(await page.$('[data-testid="banner"]'), null);
    // The browser notes the refusals by itself.
    second.complaints = second.complaints.filter((text) => !/429|Failed to load resource/.test(text));
    await second.close();
  });
