// What the tests of `/query` have in common.
import { Reader } from './reader.mjs';
import { Worker } from './worker.mjs';

export const EDITOR = '[data-testid="editor"] .cm-content';
/** More rows than are shown, with values of every kind. */
export const MANY = 'SELECT * FROM generate_series(1, 12000) AS n';

/** Opens the page with a worker behind it, and waits for the editor. */
export async function openQuery(bed, { sql, query, worker = new Worker(), ...options } = {}) {
  const reader = await Reader.open(bed.browser, bed.address, {
    path: 'query',
    query: query ?? (sql ? `?q=${encodeURIComponent(sql)}` : ''),
    before: worker.behind,
    ...options,
  });
  reader.worker = worker;
  if (worker.isThere) {
    await reader.page.waitForSelector(EDITOR);
    await reader.page.waitForSelector('[data-testid="schema"]');
  }
  return reader;
}

/** Waits for so many rows, or another end of a statement. */
export function outcome(page, value) {
  return page.waitForSelector(
    `[data-testid="outcome"]${value === undefined ? '' : `[data-value="${value}"]`}`,
  );
}

export function statement(page) {
  return page.$$eval(`${EDITOR} .cm-line`, (lines) => lines.map((line) => line.textContent).join('\n'));
}

export async function write(page, sql) {
  await page.click(EDITOR);
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText(sql);
}

/** The name of what has the keyboard, through the editor's shadow root. */
export function focused(page) {
  return page.evaluate(() => {
    const element = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement;
    return element.getAttribute('aria-label') ?? element.textContent.trim();
  });
}
