// The tables and the statements that come with the program; and why there are none.

import { signal } from '@preact/signals';
import { askBatchStatus, askSchema, Refusal } from './client';
import type { BatchStatus, Schema } from './contract';

const WITHIN_MS = 10_000;
const AGAIN_MS = 5_000;

/** The last answer; null until the first. */
export const schema = signal<Schema | null>(null);
/** No worker answers; null while one does, or nothing is known yet. */
export const lack = signal<BatchStatus | null>(null);
/** What else went wrong at the last question. */
export const trouble = signal<string | null>(null);

let again: ReturnType<typeof setTimeout> | undefined;

export async function loadSchema(): Promise<void> {
  clearTimeout(again);
  try {
    schema.value = await askSchema(AbortSignal.timeout(WITHIN_MS));
    lack.value = null;
    trouble.value = null;
  } catch (error) {
    if (error instanceof Refusal && error.isAway) await noteLack(error);
    else trouble.value = error instanceof Refusal ? error.message : 'The server does not answer.';
    again = setTimeout(loadWhenSeen, AGAIN_MS);
  }
}

/** The worker is away: asks the live server why, which knows it even when the worker is not built. */
export async function noteLack(refusal: Refusal): Promise<void> {
  const { title, detail } = refusal.problem;
  const told = await askBatchStatus(AbortSignal.timeout(WITHIN_MS)).catch(() => null);
  trouble.value = null;
  lack.value = told && !told.available ? told : { available: false, reason: detail ?? title };
}

/** A hidden page waits until it is looked at. */
function loadWhenSeen(): void {
  if (!document.hidden) void loadSchema();
  else document.addEventListener('visibilitychange', loadWhenSeen, { once: true });
}
