// Someone who reads the page, and notes everything that should not happen meanwhile.
import assert from 'node:assert/strict';
import { openContext } from './browser.mjs';

/** What a frame or two change is told once. */
const CHANGES_TOGETHER_MS = 50;

export class Reader {
  /** What must be empty at the end. */
  complaints = [];
  requests = [];
  /** Changes of the page so far, and who waits for the next one. */
  #changes = 0;
  #waiting = [];

  static async open(browser, address, { path = '', query = '', ...options } = {}) {
    const reader = new Reader();
    reader.address = new URL(address).origin;
    reader.context = await openContext(browser, options);
    reader.page = await reader.context.newPage();
    await reader.#listen();
    await options.before?.(reader.page);
    await reader.page.goto(`${reader.address}/${path}${query}`);
    return reader;
  }

  async #listen() {
    const { page, complaints } = this;
    page.on('request', (request) => this.requests.push(request.url()));
    page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(`console: ${message.text()}`);
    });
    await page.exposeFunction('noteChange', () => {
      this.#changes += 1;
      for (const tell of this.#waiting.splice(0)) tell(true);
    });
    await page.addInitScript(tellChanges, CHANGES_TOGETHER_MS);
    await page.exposeFunction('noteViolation', (text) => complaints.push(`policy: ${text}`));
    await page.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) =>
        globalThis.noteViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
      );
    });
  }

  /** A totals member, or the value of any element with that test id. */
  value(testId) {
    return this.page.getAttribute(`[data-testid="${testId}"]`, 'data-value');
  }

  /** All totals on the screen at one moment. */
  totals() {
    return this.page.$$eval('[data-testid^="total-"]', (elements) =>
      Object.fromEntries(
        elements.map(({ dataset }) => [dataset.testid.slice('total-'.length), Number(dataset.value)]),
      ),
    );
  }

  /** The rows of a list at one moment, by test id. */
  rows(prefix) {
    return this.page.$$eval(`[data-testid^="${prefix}-"]`, (elements) =>
      elements.map(({ dataset }) => [dataset.testid, Number(dataset.value)]),
    );
  }

  /** Waits until the page is in one of these states. */
  async shows(wanted, timeout = 15_000) {
    const statuses = [wanted].flat();
    const selector = statuses.map((status) => `[data-testid="status"][data-value="${status}"]`).join();
    await this.page.waitForSelector(selector, { timeout });
  }

  /** Waits until figures flow, whatever kind of source they are from. */
  flows(timeout) {
    return this.shows(['live', 'simulated'], timeout);
  }

  /** Waits until everything is there that a page needs to go on without its server. */
  async settles() {
    await this.flows();
    await this.page.waitForSelector('#map');
  }

  /** Waits until so many countries are chosen and their figures are on the screen. */
  async showsCountries(count) {
    await this.page.waitForFunction(
      (wanted) =>
        document.querySelectorAll('.chip').length === wanted &&
        document.querySelector('main[aria-busy="false"]') !== null &&
        document.querySelectorAll('[data-testid="total-countries"]').length === (wanted === 0 ? 1 : 0),
      count,
    );
  }

  /** Tries again with each change of the page until it holds, as figures move on; the last reason when it never does. */
  async eventually(check, withinMs = 30_000) {
    const until = Date.now() + withinMs;
    for (;;) {
      const seen = this.#changes;
      try {
        return await check();
      } catch (reason) {
        if (!(await this.#changesAfter(seen, until - Date.now()))) throw reason;
      }
    }
  }

  /** Whether the page changes within this time, if it has not already. */
  #changesAfter(seen, withinMs) {
    if (withinMs <= 0) return false;
    if (this.#changes !== seen) return true;
    return new Promise((resolve) => {
      const limit = setTimeout(resolve, withinMs, false);
      this.#waiting.push((hasChanged) => {
        clearTimeout(limit);
        resolve(hasChanged);
      });
    });
  }

  query() {
    return new URL(this.page.url()).search;
  }

  /** Nothing went wrong, and nothing was asked of anyone else. */
  async close() {
    await this.context.close();
    const foreign = this.requests.filter(
      (url) => !url.startsWith(`${this.address}/`) && !url.startsWith('blob:'),
    );
    assert.deepEqual(foreign, [], 'requests to another host');
    assert.deepEqual(this.complaints, []);
  }
}

/** Runs in the page. */
function tellChanges(togetherMs) {
  let isDue = false;
  const observer = new MutationObserver(() => {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      globalThis.noteChange();
    }, togetherMs);
  });
  const attributeFilter = ['data-value', 'class', 'title', 'aria-busy', 'aria-selected'];
  observer.observe(document, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
    attributeFilter,
  });
}
