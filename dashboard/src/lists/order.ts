import { useRef } from 'preact/hooks';

/** Rows keep their places for this long: figures may tick, positions may not jump. */
const CALM_MS = 1_000;

/** The rows in the places they had; new ones follow in the order they came. */
export function inOrder<T>(rows: readonly T[], keyOf: (row: T) => string, order: readonly string[]): T[] {
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  const kept = order.flatMap((key) => byKey.get(key) ?? []);
  const known = new Set(order);
  return [...kept, ...rows.filter((row) => !known.has(keyOf(row)))];
}

/**
 * Rows whose figures change at the speed of the stream but whose order is read anew only once a second,
 * and never while the pointer is on them. `subject` says what the rows are of: another one is another list.
 */
export function useCalmOrder<T>(
  rows: readonly T[],
  keyOf: (row: T) => string,
  { isHeld, subject }: { isHeld: boolean; subject: string },
): T[] {
  const last = useRef({ order: [] as string[], at: Number.NEGATIVE_INFINITY, subject });
  const now = performance.now();
  const isDue = !isHeld && now - last.current.at > CALM_MS;
  if (isDue || last.current.subject !== subject) last.current = { order: rows.map(keyOf), at: now, subject };
  return inOrder(rows, keyOf, last.current.order);
}
