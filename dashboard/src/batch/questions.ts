// A question that is asked again and again: the last answer stays until the next one comes.

import { type ReadonlySignal, signal } from '@preact/signals';
import { askJson, Refusal } from './client';
import type { Problem } from './contract';
import { noteLack } from './schema';

const SILENT = 'The server does not answer.';

export interface Questions<T> {
  /** The last one; null until the first. */
  answer: ReadonlySignal<T | null>;
  /** Why the last question has none. */
  problem: ReadonlySignal<Problem | null>;
  isBusy: ReadonlySignal<boolean>;
  /** Asks; an earlier question that is still open is taken back. */
  ask(path: string): Promise<void>;
}

export function questions<T>(): Questions<T> {
  const answer = signal<T | null>(null);
  const problem = signal<Problem | null>(null);
  const isBusy = signal(false);
  let stop: AbortController | undefined;
  async function ask(path: string): Promise<void> {
    stop?.abort();
    const own = new AbortController();
    stop = own;
    isBusy.value = true;
    try {
      const told = await askJson<T>(path, own.signal);
      if (own.signal.aborted) return;
      answer.value = told;
      problem.value = null;
    } catch (error) {
      if (own.signal.aborted) return;
      if (error instanceof Refusal && error.isAway) await noteLack(error);
      problem.value = problemOf(error);
    }
    isBusy.value = false;
  }
  return { answer, problem, isBusy, ask };
}

export function problemOf(error: unknown): Problem {
  return error instanceof Refusal ? error.problem : { title: SILENT };
}

/** What a problem says to the reader: the longer sentence, where there are two, and the way out. */
export function sentenceOf({ title, detail, remedy }: Problem): string {
  return remedy ? `${detail ?? title}; ${remedy}` : (detail ?? title);
}
