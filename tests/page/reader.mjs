// Someone who reads the page, and notes everything that should not happen meanwhile.
import assert from 'node:assert/strict';
import { openContext } from './browser.mjs';

export class Reader {
  /** What must be empty at the end. */
  complaints = [];
  requests = [];

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

/** Tries until it holds; the last reason when it never does. A stream moves on between two looks at it. */
export async function eventually(check, withinMs = 30_000) {
  const until = Date.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (reason) {
      if (Date.now() > until) throw reason;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
}
