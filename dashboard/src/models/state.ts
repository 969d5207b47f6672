// The models as the server has them, asked again every few seconds; a hidden page does not ask.

import { signal } from '@preact/signals';
import { accepted } from '../batch/client';
import { problemOf, questions, sentenceOf } from '../batch/questions';
import { root } from '../pages';
import type { Models } from './contract';

const EVERY_MS = 10_000;
const TRAINING_EVERY_MS = 2_000;

export const { answer: models, problem, ask } = questions<Models>();

/** What came of the last promotion of a model, by its name. */
export const outcomes = signal<Readonly<Record<string, Outcome>>>({});

export interface Outcome {
  isDone: boolean;
  /** The server's sentence when it is not. */
  text: string;
}

export function load(): Promise<void> {
  return ask('models');
}

/** Asks until it is stopped. The next question waits for the answer to the one before. */
export function startAsking(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const again = async () => {
    if (!document.hidden) await load();
    timer = setTimeout(again, models.peek()?.training?.running ? TRAINING_EVERY_MS : EVERY_MS);
  };
  timer = setTimeout(again, EVERY_MS);
  return () => clearTimeout(timer);
}

/** Puts a version in use; `anyway` although it does not beat its baseline. */
export async function promote(name: string, version: number, anyway: boolean): Promise<void> {
  note(name, null);
  try {
    await accepted(
      await fetch(`${root}api/v1/models/${encodeURIComponent(name)}/promote`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ version, anyway }),
      }),
    );
    note(name, { isDone: true, text: `Version ${version} is in use.` });
  } catch (error) {
    note(name, { isDone: false, text: sentenceOf(problemOf(error)) });
  }
  await load();
}

function note(name: string, outcome: Outcome | null): void {
  const { [name]: _, ...others } = outcomes.peek();
  outcomes.value = outcome ? { ...others, [name]: outcome } : others;
}
