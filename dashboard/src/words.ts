// The words for how the figures stand, the same on every page.

import { format } from './format';
import { type Known, lagShown, lastRecordAt, type Status, speedOf, statusOf } from './status';

const WORDS: Record<Exclude<Status, 'behind' | 'replay' | 'silent' | 'ended'>, string> = {
  connecting: 'Connecting…',
  live: 'Live',
  stale: 'No data',
  reconnecting: 'Reconnecting…',
  paused: 'Paused',
  failed: 'Failed',
  full: 'Too many viewers',
  blocked: 'Waiting…',
  waiting: 'Source reconnecting…',
  current: 'Up to date',
  simulated: 'Simulated',
  reading: 'Reading a recording',
  stored: 'Stored records',
};

const MEANINGS: Partial<Record<Status, string>> = {
  behind:
    'These records are older than the time at which they came: headcount is catching up, or a recording is played.',
  silent: 'The source is connected, but nothing has come from it.',
  full: 'The server gives no further live stream for now.',
  current: 'Everything that the source has was read; more may come.',
  simulated: 'These RSVPs are invented: headcount simulates a stream.',
  replay: 'A recording is played at its own times, not a stream of today.',
  reading: 'A recording is read as fast as it can be counted.',
  stored: 'No source brings new records: these are the counts of those that were stored.',
};

/** "Live", "6 min behind", "Replay of 19 Mar 2017, 10×" */
export function wordsOf(known: Known, utc: boolean): string {
  const { sources, at, streamTime } = known;
  const status = statusOf(known);
  switch (status) {
    case 'behind':
      return `${format.duration(lagShown(known) ?? 0)} behind`;
    case 'silent':
      return `No records for ${format.duration((at ?? 0) - (lastRecordAt(sources) ?? 0))}`;
    case 'replay':
      return `Replay${streamTime === null ? '' : ` of ${format.date(streamTime, utc)}`}, ${format.speed(speedOf(sources) ?? 1)}×`;
    case 'ended':
      return sources.some(({ kind }) => kind === 'stream') ? 'Stream ended' : 'Replay finished';
    default:
      return WORDS[status];
  }
}

/** What a word needs to be told beside it. */
export function meaningOf(status: Status): string | undefined {
  return MEANINGS[status];
}
