// Figures and times in the reader's language.

const FULL_MAX = 999_999;

export function formatsFor(language: string | undefined) {
  const number = (options: Intl.NumberFormatOptions) => {
    const format = new Intl.NumberFormat(language, options);
    return (value: number) => format.format(value);
  };
  const oneDecimal = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  const full = number({ maximumFractionDigits: 0 });
  const compact = number({ notation: 'compact', maximumFractionDigits: 1 });
  return {
    /** Every digit. */
    full,
    /** Every digit as long as they are few: 173,494, then 1.2M. */
    count: (value: number) => (value > FULL_MAX ? compact(value) : full(value)),
    /** 26.3 */
    rate: number(oneDecimal),
    /** 30.4 % */
    share: number({ style: 'percent', ...oneDecimal }),
    /** 71 % */
    percent: number({ style: 'percent', maximumFractionDigits: 0 }),
    /** 2.5, 10 */
    speed: number({ maximumFractionDigits: 3 }),
    bytes: bytesFor(language),
    duration: durationFor(language),
    ...timesFor(language),
  };
}

/** 512 byte, 37.5 GB: as disks are sold, in thousands. */
function bytesFor(language: string | undefined) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'];
  const formats = units.map(
    (unit) =>
      new Intl.NumberFormat(language, {
        style: 'unit',
        unit,
        unitDisplay: 'short',
        maximumSignificantDigits: 3,
      }),
  );
  return (bytes: number): string => {
    const power = bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3);
    const unit = Math.min(formats.length - 1, power);
    return formats[unit]?.format(bytes / 1_000 ** unit) ?? '';
  };
}

/** 45 sec, 6 min, 3 hrs, 12 days: the largest unit that is not nothing, rounded down. */
function durationFor(language: string | undefined) {
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
    ['second', 1_000],
  ] as const;
  const formats = units.map(([unit, ms]) => ({
    ms,
    format: new Intl.NumberFormat(language, {
      style: 'unit',
      unit,
      unitDisplay: 'short',
      maximumFractionDigits: 0,
    }),
  }));
  const last = formats[formats.length - 1];
  return (ms: number): string => {
    const unit = formats.find((known) => ms >= known.ms) ?? last;
    return unit ? unit.format.format(Math.floor(ms / unit.ms)) : '';
  };
}

function timesFor(language: string | undefined) {
  const time = (options: Intl.DateTimeFormatOptions) => {
    // A format costs far more to make than to use: one for each zone.
    const local = new Intl.DateTimeFormat(language, options);
    const universal = new Intl.DateTimeFormat(language, { ...options, timeZone: 'UTC' });
    return (at: number, utc: boolean) => (utc ? universal : local).format(at);
  };
  const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const date = { day: 'numeric', month: 'short' } as const;
  return {
    /** 14:03 */
    minute: time(clock),
    /** 14:03:22 */
    second: time({ ...clock, second: '2-digit' }),
    /** 19 Mar */
    day: time(date),
    /** 19 Mar 2017 */
    date: time({ ...date, year: 'numeric' }),
    /** Mon, 30 Nov 2026, 19:00 CET */
    appointment: time({ weekday: 'short', ...date, year: 'numeric', ...clock, timeZoneName: 'short' }),
    /** CET */
    zone: (at: number, utc: boolean) => (utc ? 'UTC' : zoneName(language, at)),
  };
}

function zoneName(language: string | undefined, at: number): string {
  const parts = new Intl.DateTimeFormat(language, { timeZoneName: 'short' }).formatToParts(at);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
}

/** A share that is 0 when there is nothing to have a share of. */
export function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}

/** The browser's language, or none when it has a name that nothing knows ("en-US@posix"). */
export function knownLanguage(name: string | undefined): string | undefined {
  try {
    return name && Intl.getCanonicalLocales(name)[0];
  } catch {
    return undefined;
  }
}

export const language = knownLanguage(globalThis.navigator?.language);
export const format = formatsFor(language);
