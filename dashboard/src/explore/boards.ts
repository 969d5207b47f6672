// The answers of the boards. All are asked anew when the filters change; a few at a time, for the worker has
// other readers too.

import { computed, effect, signal } from '@preact/signals';
import { askBoard, Refusal } from '../batch/client';
import type { Answer, Named, Problem } from '../batch/contract';
import { noteLack, schema } from '../batch/schema';
import { boardFilters } from '../page';
import { Queue } from './queue';
import { queryFor, sectionsOf } from './sections';

export interface BoardState {
  /** Of the filters before, while the next one comes. */
  answer: Answer | null;
  problem: Problem | null;
  isBusy: boolean;
}

const AT_ONCE = 3;
const TOO_MANY = 429;
const TRIES = 5;
const WAIT_MS = 800;
const NOTHING: BoardState = { answer: null, problem: null, isBusy: true };

const queue = new Queue(AT_ONCE);
const states = signal<Readonly<Record<string, BoardState>>>({});
let stop: AbortController | undefined;

export function boardState(name: string): BoardState {
  return states.value[name] ?? NOTHING;
}

/** Asks them whenever the filters change; the answers before stay until then. */
export function startBoards(): () => void {
  const filterKey = computed(() => JSON.stringify(boardFilters.value));
  return effect(() => {
    // In the order in which they are read.
    const sections = sectionsOf(schema.value?.named ?? []);
    if (filterKey.value) askAll(sections.flatMap(({ boards }) => boards));
  });
}

function askAll(named: readonly Named[]): void {
  stop?.abort();
  stop = new AbortController();
  for (const { name } of named) void load(name, stop.signal);
}

export function askAgain(name: string): void {
  if (stop) void load(name, stop.signal);
}

async function load(name: string, signal: AbortSignal): Promise<void> {
  const query = queryFor(name, boardFilters.peek());
  change(name, { isBusy: true });
  try {
    const answer = await queue.run(() => askPatiently(name, query, signal), signal);
    if (!signal.aborted) change(name, { answer, problem: null, isBusy: false });
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof Refusal && error.isAway) void noteLack(error);
    const problem = error instanceof Refusal ? error.problem : { title: 'The server does not answer.' };
    change(name, { problem, isBusy: false });
  }
}

/** When the worker has too much to do, a board can wait. */
async function askPatiently(name: string, query: string, signal: AbortSignal): Promise<Answer> {
  for (let left = TRIES; ; left--) {
    try {
      return await askBoard(name, query, signal);
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== TOO_MANY || left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS * (1 + Math.random())));
      signal.throwIfAborted();
    }
  }
}

function change(name: string, part: Partial<BoardState>): void {
  const before = states.peek();
  states.value = { ...before, [name]: { ...(before[name] ?? NOTHING), ...part } };
}
