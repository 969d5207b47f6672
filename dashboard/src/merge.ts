import type { LiveFilter, Snapshot, Tick } from './contract';
import type { OwnParameters } from './url';

/** The snapshot with the members that the tick carries in place of its own. One from before it changes nothing. */
export function merge(snapshot: Snapshot, tick: Tick): Snapshot {
  if (tick.seq < snapshot.seq) return snapshot;
  const { pulses: _, ...changed } = tick;
  return { ...snapshot, ...changed };
}

/** Whether figures are of what the reader chose. */
export function isFilteredBy(filter: LiveFilter, chosen: OwnParameters): boolean {
  const names = new Set([...Object.keys(filter), ...Object.keys(chosen)]) as Set<keyof LiveFilter>;
  return [...names].every((name) => sameCountries(filter[name]?.map(String) ?? [], chosen[name] ?? []));
}

/** Whether two lists name the same countries, in whatever order. */
export function sameCountries(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((code) => b.includes(code));
}
