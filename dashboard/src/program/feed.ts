// Asks how the program is, again and again; a hidden page does not.

import { signal } from '@preact/signals';
import type { ProgramStatus } from './contract';

const EVERY_MS = 2_000;
const WITHIN_MS = 5_000;

/** The last answer; null until the first. */
export const told = signal<ProgramStatus | null>(null);
/** Why there was no answer to the last question. */
export const problem = signal<string | null>(null);

export async function ask(): Promise<void> {
  try {
    const answer = await fetch('api/v1/status', { signal: AbortSignal.timeout(WITHIN_MS) });
    if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
    const status: ProgramStatus = await answer.json();
    // Another version serves now, and this page may not understand it.
    if (told.peek() && told.peek()?.build !== status.build) location.reload();
    told.value = status;
    problem.value = null;
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === 'TimeoutError';
    problem.value = isLate
      ? 'no answer within 5 seconds'
      : error instanceof Error
        ? error.message
        : 'no answer';
  }
}

/** The next question waits for the answer to the one before. */
export function startAsking(): void {
  const again = async () => {
    if (!document.hidden) await ask();
    setTimeout(again, EVERY_MS);
  };
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void ask();
  });
  void again();
}
