// Whatever the page says is for its reader: no name of the code, no value that was not there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reader } from './reader.mjs';
import { testbed } from './testbed.mjs';
import { forgetRefusals, Worker } from './worker.mjs';

const bed = testbed();

/** Words that only the code may use; those of docs/words.md are the reader's too. */
const CODE =
  /\b(undefined|null|NaN|Infinity|true|false|object|enum|struct|async|mutex|vec|arc|hub|permit|delta)\b/i;
const IDENTIFIER = /[a-z]_[a-z]|[a-z][A-Z][a-z]|::|[{}<>]|\[object/;

/** All that can be read or heard, but for names that come from the stream and addresses that were typed. */
function texts(page) {
  return page.evaluate(() => {
    const found = [document.title];
    const foreign = '[dir="auto"], code, script, style, noscript, .status, svg title';
    const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode())
      if (!node.parentElement.closest(foreign)) found.push(node.data);
    for (const element of document.querySelectorAll('*')) {
      if (element.closest(foreign)) continue;
      for (const name of ['title', 'aria-label', 'alt', 'placeholder']) {
        // The code of a reason is what `dead-letters list --reason` takes.
        if (name === 'title' && element.matches('.reason')) continue;
        if (element.hasAttribute(name)) found.push(element.getAttribute(name));
      }
    }
    return found.map((text) => text.trim()).filter(Boolean);
  });
}

function assertReadable(found, least = 30) {
  assert.ok(found.length > least, `${found.length} texts`);
  const unreadable = found.filter((text) => CODE.test(text) || IDENTIFIER.test(text));
  assert.deepEqual(unreadable, []);
}

test('what the live page says can be read', async () => {
  const reader = await Reader.open(bed.browser, bed.address);
  await reader.flows();
  await reader.page.waitForSelector('#map path');
  await reader.page.click('[data-testid^="country-"] button');
  await reader.showsCountries(1);
  assertReadable(await texts(reader.page));
  await reader.close();
});

test('what the status page says can be read', async () => {
  const refusing = (page) =>
    page.route('**/api/v1/status', async (route) => {
      try {
        const answer = await (await route.fetch()).json();
        for (const account of [answer.ledger, ...Object.values(answer.ledger.sources)]) {
          account.rejected = { bad_json: 2, 'unknown_enum:response': 1 };
          account.quarantined = { future_timestamp: 3 };
        }
        await route.fulfill({ json: answer });
      } catch (error) {
        // The page may be closed while it asks.
        if (!page.isClosed() && !/disposed|closed/.test(error.message)) throw error;
      }
    });
  const reader = await Reader.open(bed.browser, bed.address, { path: 'status', before: refusing });
  await reader.flows();
  await reader.eventually(async () => {
    const found = await texts(reader.page);
    assert.ok(found.some((text) => text.includes('future timestamp')));
    assertReadable(found.filter((text) => text !== 'unknown enum: response'));
  });
  await reader.close();
});

test('what the pages of the batch worker say can be read', async () => {
  const worker = new Worker();
  const open = (path, query = '') =>
    Reader.open(bed.browser, bed.address, { path, query, before: worker.behind });
  const explore = await open('explore', '?country=us');
  await explore.page.waitForSelector('[data-testid="bar"]');
  await explore.page.waitForFunction(() => !document.querySelector('.board[aria-busy="true"]'));
  assertReadable(await texts(explore.page));
  await explore.close();

  const query = await open('query', '?q=SELECT+*+FROM+generate_series(1,+12000)');
  await query.page.waitForSelector('[data-testid="truncated"]');
  await query.page.click('[data-testid="table-rsvps"]');
  for (const view of ['Bar', 'Line', 'Table']) {
    await query.page.click(`.panel-result .tabs >> text=${view}`);
    assertReadable(await texts(query.page));
  }
  await query.close();

  worker.isThere = false;
  const lacking = await open('query');
  await lacking.page.waitForSelector('[data-testid="no-worker"]');
  assertReadable(await texts(lacking.page), 15);
  forgetRefusals(lacking, 503);
  await lacking.close();
});

test('what the pages of models say can be read', async () => {
  const worker = new Worker();
  for (const [path, query, ready] of [
    ['models', '', '[data-testid="model-themes"]'],
    ['clusters', '?k=12', '#map .land'],
    ['clusters', '?view=density', '#map .land'],
    ['clusters', '?view=themes', '#map .land'],
    ['events/238486635', '', '[data-testid="event-heads"]'],
    ['events/bare', '', '[data-testid="event-heads"]'],
  ]) {
    const reader = await Reader.open(bed.browser, bed.address, { path, query, before: worker.behind });
    await reader.page.waitForSelector(ready);
    for (const summary of await reader.page.$$('summary')) await summary.click();
    await reader.page.keyboard.press('?');
    await reader.page.waitForSelector('.sheet');
    const title = await reader.page.title();
    // The title has the name of the event.
    assertReadable((await texts(reader.page)).filter((text) => text !== title));
    await reader.close();
  }
});
