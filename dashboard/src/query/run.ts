// One statement at a time: what is asked, how far it is, and what came of it.

import { batch, computed, signal } from '@preact/signals';
import { ask, type Received, Refusal } from '../batch/client';
import type { Named, Problem, Question } from '../batch/contract';
import { noteLack, refreshSchema, schema } from '../batch/schema';
import { boardFilters, countries, own } from '../page';
import type { OwnParameters } from '../url';
import { remember } from './history';

export interface Failure {
  problem: Problem;
  /** The statement it is about: a place in another one would be wrong. */
  sql: string;
}

/** What the editor holds. */
export const text = signal('');
/** What is being asked; null when nothing is. */
export const running = signal<{ since: number; bytes: number } | null>(null);
/** The last answer, and the question that it answers. */
export const received = signal<(Received & { question: Question }) | null>(null);
export const failure = signal<Failure | null>(null);
/** The reader stopped the last statement. */
export const wasCancelled = signal(false);

/** The named statement of the address, with its filters. */
const asked = computed<{ named: Named; filters: OwnParameters } | null>(() => {
  const named = schema.value?.named.find(({ name }) => name === own.value.named?.[0]);
  return named ? { named, filters: boardFilters.value } : null;
});

/** The filters that hold for what the editor shows; nothing once the statement was changed. */
export const filtersShown = computed(() => {
  const { filters, named } = asked.value ?? {};
  return filters && named?.sql === text.value && Object.keys(filters).length > 0 ? filters : null;
});

let stop: AbortController | undefined;

export async function run(): Promise<void> {
  const sql = text.peek();
  if (sql.trim() === '') return;
  stop?.abort();
  const mine = new AbortController();
  stop = mine;
  const question = questionOf(sql);
  const since = performance.now();
  note(question);
  batch(() => {
    running.value = { since, bytes: 0 };
    failure.value = null;
    wasCancelled.value = false;
  });
  try {
    const got = await ask(question, mine.signal, (bytes) => {
      if (stop === mine) running.value = { since, bytes };
    });
    if (stop !== mine) return;
    received.value = { ...got, question };
    remember({ sql, at: Date.now(), rows: got.answer.row_count, ms: got.answer.elapsed_ms });
    refreshSchema();
  } catch (error) {
    if (stop !== mine || mine.signal.aborted) return;
    failure.value = { problem: problemOf(error), sql };
    remember({ sql, at: Date.now(), rows: null, ms: performance.now() - since });
    if (error instanceof Refusal && error.isAway) void noteLack(error);
  } finally {
    if (stop === mine) running.value = null;
  }
}

export function cancel(): void {
  if (!running.peek()) return;
  stop?.abort();
  batch(() => {
    running.value = null;
    wasCancelled.value = true;
  });
}

/** Shows a statement and runs it. */
export function open(sql: string): void {
  text.value = sql;
  void run();
}

/** What of the address was run: the reader may write on while the schema comes. */
let handled: string | undefined;

/** Runs the statement of the address, when it has one that was not run yet. */
export function runAddress(): void {
  const { q, named } = own.peek();
  const known = schema.peek()?.named.find(({ name }) => name === named?.[0]);
  const sql = q?.[0] ?? known?.sql;
  if (sql === undefined || sql === handled) return;
  handled = sql;
  if (sql !== text.peek()) open(sql);
}

function questionOf(sql: string): Question {
  const { named, filters } = asked.peek() ?? {};
  return named && filters && named.sql === sql ? { named: named.name, filters } : { sql };
}

/** The address says what was run, so that it can be sent to somebody. */
function note(question: Question): void {
  handled = 'sql' in question ? question.sql : handled;
  if ('named' in question || own.peek().q?.[0] === question.sql) return;
  batch(() => {
    own.value = { q: [question.sql] };
    countries.value = [];
  });
}

export function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem;
  if (error instanceof TypeError) return { title: 'The server does not answer.' };
  return { title: error instanceof Error ? error.message : 'It failed.' };
}
