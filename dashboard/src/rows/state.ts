// The rows in sight, asked for in pages. The order is that of the server, which has all rows.

import { batch, computed, effect, signal } from '@preact/signals';
import { askJson } from '../batch/client';
import { problemOf, sentenceOf } from '../batch/questions';
import { boardFilters, own, page, setOwn } from '../page';
import type { List } from '../pages';
import { orderAtFirst } from './columns';
import type { ListAnswer, ListRow } from './contract';

export const PAGE_ROWS = 100;
const EVERY_MS = 3_000;
/** While somebody types, the server is left alone. */
const TYPED_MS = 250;

export const list = page as List;

/** Rows by their place in the list; those of pages that were never in sight are missing. */
export const rows = signal<ReadonlyMap<number, ListRow>>(new Map());
export const total = signal<number | null>(null);
export const problem = signal<string | null>(null);
/** Other rows are asked for than those that are on the screen. */
export const isBusy = signal(true);

export const sort = computed(() => own.value.sort?.[0] ?? 'heads');
export const order = computed(() => own.value.order?.[0] ?? orderAtFirst(sort.value));
export const search = computed(() => own.value.q?.[0] ?? '');

/** What is asked, but for the part of the list. */
export const query = computed(() => {
  const parts = Object.entries(boardFilters.value).flatMap(([name, values]) =>
    values.map((value) => [name, value]),
  );
  parts.push(['sort', sort.value], ['order', order.value]);
  if (search.value !== '') parts.push(['q', search.value]);
  return new URLSearchParams(parts).toString();
});

let inSight = { first: 0, last: PAGE_ROWS };
let stop: AbortController | undefined;
let typed: ReturnType<typeof setTimeout> | undefined;

/** The table shows these rows now. */
export function show(first: number, last: number): void {
  inSight = { first, last };
  const missing = pagesInSight().some((at) => !rows.peek().has(at * PAGE_ROWS));
  if (missing && total.peek() !== null) void load();
}

export function sortBy(name: string): void {
  const isSame = sort.peek() === name;
  const first = orderAtFirst(name);
  const next = isSame && order.peek() === first ? (first === 'asc' ? 'desc' : 'asc') : first;
  setOwn({ sort: name === 'heads' ? [] : [name], order: next === first ? [] : [next] });
}

export function searchFor(text: string): void {
  clearTimeout(typed);
  typed = setTimeout(() => setOwn({ q: text.trim() === '' ? [] : [text.trim()] }), TYPED_MS);
}

/** Asks when the question changes, and again every few seconds while somebody looks. */
export function startAsking(): () => void {
  const asks = effect(() => {
    if (query.value === '') return;
    inSight = { first: 0, last: PAGE_ROWS };
    isBusy.value = true;
    void load();
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const again = async () => {
    if (!document.hidden && !isBusy.peek()) await load();
    timer = setTimeout(again, EVERY_MS);
  };
  timer = setTimeout(again, EVERY_MS);
  return () => {
    asks();
    clearTimeout(timer);
  };
}

export function load(): Promise<void> {
  stop?.abort();
  stop = new AbortController();
  return loadPages(query.peek(), stop.signal);
}

async function loadPages(asked: string, signal: AbortSignal): Promise<void> {
  try {
    const answers = await Promise.all(pagesInSight().map((at) => askPage(asked, at, signal)));
    if (signal.aborted) return;
    const next = new Map<number, ListRow>();
    for (const { offset, rows } of answers)
      for (const [at, row] of rows.entries()) next.set(offset + at, row);
    batch(() => {
      rows.value = next;
      total.value = answers[0]?.total ?? 0;
      problem.value = null;
      isBusy.value = false;
    });
  } catch (error) {
    if (signal.aborted) return;
    batch(() => {
      problem.value = sentenceOf(problemOf(error));
      isBusy.value = false;
    });
  }
}

function askPage(asked: string, at: number, signal: AbortSignal): Promise<ListAnswer> {
  return askJson<ListAnswer>(`${list}?${asked}&limit=${PAGE_ROWS}&offset=${at * PAGE_ROWS}`, signal);
}

function pagesInSight(): number[] {
  const first = Math.floor(inSight.first / PAGE_ROWS);
  const last = Math.max(first, Math.ceil(inSight.last / PAGE_ROWS) - 1);
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}
