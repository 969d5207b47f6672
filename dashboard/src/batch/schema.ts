// The tables and the statements that come with the program; and why there are none.

import { signal } from '@preact/signals';
import { askBatchStatus, askSchema, Refusal } from './client';
import type { BatchStatus, Schema } from './contract';

const WITHIN_MS = 30_000;
const AGAIN_MS = 5_000;
const FRESH_MS = 60_000;
const SILENT = 'The server does not answer.';

/** The last answer; null until the first. */
export const schema = signal<Schema | null>(null);
/** No worker answers; null while one does, or nothing is known yet. */
export const lack = signal<BatchStatus | null>(null);
/** What else went wrong at the last question. */
export const trouble = signal<string | null>(null);

let again: ReturnType<typeof setTimeout> | undefined;
let loadedAt = Number.NEGATIVE_INFINITY;

export async function loadSchema(): Promise<void> {
  clearTimeout(again);
  try {
    schema.value = await askSchema(AbortSignal.timeout(WITHIN_MS));
    loadedAt = performance.now();
    lack.value = null;
    trouble.value = null;
  } catch (error) {
    if (error instanceof Refusal && error.isAway) await noteLack(error);
    else {
      const { detail, title } = error instanceof Refusal ? error.problem : { detail: null, title: SILENT };
      trouble.value = detail ?? title;
      lookAgain();
    }
  }
}

/** Sizes of tables change: asks anew when the last answer is not of this minute. */
export function refreshSchema(): void {
  if (performance.now() - loadedAt > FRESH_MS) void loadSchema();
}

/**
 * The worker seems to be away: asks the live server why, which knows it even when the worker is not built. One that is
 * there and was only silent for once is not away.
 */
export async function noteLack(refusal: Refusal): Promise<void> {
  const { title, detail } = refusal.problem;
  const told = await askBatchStatus(AbortSignal.timeout(WITHIN_MS)).catch(() => null);
  trouble.value = told?.available ? (detail ?? title) : null;
  lack.value = told?.available ? null : (told ?? { available: false, reason: detail ?? title });
  lookAgain();
}

function lookAgain(): void {
  clearTimeout(again);
  again = setTimeout(loadWhenSeen, AGAIN_MS);
}

/** A hidden page waits until it is looked at. */
function loadWhenSeen(): void {
  if (!document.hidden) void loadSchema();
  else document.addEventListener('visibilitychange', loadWhenSeen, { once: true });
}
