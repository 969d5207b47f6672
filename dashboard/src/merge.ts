import type { Dot, History, LiveFilter, Snapshot, Tick } from './contract';
import type { OwnParameters } from './url';

/** The snapshot with the members that the tick carries in place of its own. One from before it changes nothing. */
export function merge(snapshot: Snapshot, tick: Tick): Snapshot {
  if (tick.seq < snapshot.seq) return snapshot;
  const { pulses: _, history_changes, dots_changes, ...changed } = tick;
  const merged = { ...snapshot, ...changed };
  if (history_changes) merged.history = mergeHistory(merged.history, history_changes);
  if (dots_changes) merged.dots = mergeDots(merged.dots, dots_changes);
  return merged;
}

/** The windows of before up to the first that changed, and those that did; as many as there were. */
function mergeHistory(before: History, changes: History): History {
  const length = before.yes.length;
  const end = changes.start + changes.yes.length * changes.step_ms;
  const start = end - length * changes.step_ms;
  const moved = (start - before.start) / changes.step_ms;
  const isAll = changes.yes.length >= length || !Number.isInteger(moved) || changes.maybe !== undefined;
  if (isAll) return changes;
  const kept = length - changes.yes.length;
  const windows = (name: 'yes' | 'no') => [
    ...Array.from({ length: kept }, (_, at) => before[name][at + moved] ?? 0),
    ...changes[name],
  ];
  return { start, step_ms: changes.step_ms, yes: windows('yes'), no: windows('no') };
}

function mergeDots(before: readonly Dot[], changes: readonly Dot[]): Dot[] {
  const places = new Map<string, Dot>();
  for (const dot of before) {
    const [lon, lat, rsvps, country] = dot;
    const known = places.get(`${lon},${lat}`);
    places.set(`${lon},${lat}`, known ? [lon, lat, known[2] + rsvps, country] : dot);
  }
  for (const dot of changes) {
    const place = `${dot[0]},${dot[1]}`;
    if (dot[2] > 0) places.set(place, dot);
    else places.delete(place);
  }
  return [...places.values()];
}

/** Whether figures are of what the reader chose. */
export function isFilteredBy(filter: LiveFilter, chosen: OwnParameters): boolean {
  const names = new Set([...Object.keys(filter), ...Object.keys(chosen)]) as Set<keyof LiveFilter>;
  return [...names].every((name) => sameValues(filter[name]?.map(String) ?? [], chosen[name] ?? []));
}

/** Whether two lists have the same values, in whatever order. */
export function sameValues(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((code) => b.includes(code));
}
