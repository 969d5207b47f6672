import { language } from '../format';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

const texts = (options: Intl.DateTimeFormatOptions) => {
  const format = new Intl.DateTimeFormat(language, { ...options, timeZone: 'UTC' });
  return (at: number) => format.format(at);
};
const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
const date = { day: 'numeric', month: 'short' } as const;
const minute = texts(clock);
const day = texts(date);
const moment = texts({ ...date, ...clock });
const appointment = texts({ weekday: 'short', ...date, year: 'numeric', ...clock });

/** Times as clocks at the place show them, which is what its guests go by; in UTC when its zone is not known. */
export function timesIn(offset: number | null) {
  const shifted = (write: (at: number) => string) => (at: number) => write(at + (offset ?? 0));
  return {
    /** 14:03 */
    minute: shifted(minute),
    /** 19 Mar */
    day: shifted(day),
    /** 19 Mar, 14:03 */
    moment: shifted(moment),
    /** Sun, 19 Mar 2017, 14:00 UTC−4 */
    appointment: (at: number) => `${shifted(appointment)(at)} ${zoneOf(offset)}`,
  };
}

/** UTC, UTC+1, UTC−3:30 */
export function zoneOf(offset: number | null): string {
  if (!offset) return 'UTC';
  const hours = Math.floor(Math.abs(offset) / HOUR_MS);
  const minutes = Math.round((Math.abs(offset) % HOUR_MS) / MINUTE_MS);
  const rest = minutes > 0 ? `:${String(minutes).padStart(2, '0')}` : '';
  return `UTC${offset < 0 ? '−' : '+'}${hours}${rest}`;
}
