// For every reader: on any screen, with any eyes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import axe from 'axe-core';
import { snapshot } from './api.mjs';
import { RULES } from './looks.mjs';
import { Reader } from './reader.mjs';
import { testbed } from './testbed.mjs';

const bed = testbed();
const open = (options) => Reader.open(bed.browser, bed.address, options);

for (const [name, options] of Object.entries({
  light: {},
  dark: { colorScheme: 'dark' },
  'one country, dark': { colorScheme: 'dark', isFiltered: true },
  'one country, cities': { isFiltered: true, by: 'cities' },
  paused: { key: 'p' },
  phone: { width: 390, height: 844 },
  'phone, dark, one country': { width: 390, height: 844, colorScheme: 'dark', isFiltered: true },
}))
  test(`axe finds nothing: ${name}`, async () => {
    const { isFiltered, by, key, ...rest } = options;
    const [busiest] = (await snapshot(bed.address)).countries;
    const query = isFiltered ? `?country=${busiest.country}${by ? `&by=${by}` : ''}` : '';
    // Rows on the way to their new places lie over each other for a moment.
    const reader = await open({ query, reducedMotion: 'reduce', ...rest });
    await reader.settles();
    if (key) await reader.page.keyboard.press(key);
    // Evaluated by the debugger: the page's own policy would not let a script in.
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
    const reader = await open({ width, height: 800 });
    await reader.settles();
    const [content, screen] = await reader.page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    assert.ok(content <= screen, `${content} of ${screen} pixels`);
    await reader.close();
  });

test('one screen of 1440 by 900 needs no scrolling', async () => {
  const reader = await open();
  await reader.flows();
  const [content, screen] = await reader.page.evaluate(() => [
    document.documentElement.scrollHeight,
    innerHeight,
  ]);
  assert.ok(content <= screen, `${content} of ${screen} pixels`);
  await reader.close();
});
