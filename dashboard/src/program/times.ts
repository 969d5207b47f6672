import { format } from '../format';
import { utc } from '../page';

const NONE = '–';
const DAY_MS = 86_400_000;

/** 14:03:22 CET */
export function moment(at: number | null): string {
  return at === null ? NONE : `${format.second(at, utc.value)} ${format.zone(at, utc.value)}`;
}

/** 14:03:22 CET, with its day when that is not about now. */
export function momentOf(at: number | null, now: number): string {
  const isOld = at !== null && Math.abs(now - at) > DAY_MS;
  return isOld ? `${format.date(at, utc.value)}, ${moment(at)}` : moment(at);
}

/** 19 Mar 2017, 14:03 */
export function day(at: number): string {
  return `${format.date(at, utc.value)}, ${format.minute(at, utc.value)}`;
}

/** Every digit, or a dash when it is not known. */
export function figure(count: number | null): string {
  return count === null ? NONE : format.full(count);
}
