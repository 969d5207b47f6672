// The statements that were run, in this browser only.

import { signal } from '@preact/signals';

export interface Entry {
  sql: string;
  /** Milliseconds since 1970. */
  at: number;
  /** Null when it failed. */
  rows: number | null;
  ms: number;
}

const KEY = 'statements';
const ENTRIES_MAX = 50;
/** The storage is small, and shared with the other pages. */
const SQL_MAX = 10_000;

export const entries = signal<readonly Entry[]>(read());

/** Puts a statement on top; one that is run again moves there. */
export function withEntry(known: readonly Entry[], entry: Entry): Entry[] {
  const others = known.filter(({ sql }) => sql !== entry.sql);
  return [entry, ...others].slice(0, ENTRIES_MAX);
}

export function remember(entry: Entry): void {
  if (entry.sql.length <= SQL_MAX) write(withEntry(entries.peek(), entry));
}

export function forgetAll(): void {
  write([]);
}

function write(next: readonly Entry[]): void {
  entries.value = next;
  try {
    localStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // Storage may be full or forbidden: the list holds until the page is left.
  }
}

function read(): Entry[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(stored) ? stored.filter(isEntry) : [];
  } catch {
    return [];
  }
}

function isEntry(value: unknown): value is Entry {
  const { sql, at, rows, ms } = (value ?? {}) as Partial<Record<keyof Entry, unknown>>;
  const isCount = rows === null || typeof rows === 'number';
  return typeof sql === 'string' && typeof at === 'number' && isCount && typeof ms === 'number';
}
