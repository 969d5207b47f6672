import { computed } from '@preact/signals';
import { format } from '../format';
import { connection, heardAt, heldBack, paused, refusal } from '../live';
import { utc } from '../page';
import { ready, sources, streamTime } from '../selected';
import { type Known, lagShown, lastRecordAt, type Status, speedOf, statusOf } from '../status';
import { shown } from '../text';

export const known = computed<Known>(() => ({
  // A server that says why it refuses is connected.
  connection: refusal.value ? 'live' : connection.value,
  isPaused: paused.value,
  ready: refusal.value ?? ready.value ?? { state: 'ready', reason: null },
  sources: sources.value ?? [],
  streamTime: streamTime.value ?? null,
  at: heardAt.value,
}));

export const status = computed<Status>(() => statusOf(known.value));

const WORDS: Record<Exclude<Status, 'behind' | 'replay' | 'silent' | 'ended'>, string> = {
  connecting: 'Connecting…',
  live: 'Live',
  stale: 'No data',
  reconnecting: 'Reconnecting…',
  paused: 'Paused',
  failed: 'Failed',
  blocked: 'Waiting…',
  waiting: 'Source reconnecting…',
  simulated: 'Simulated',
  reading: 'Reading a recording',
  stored: 'Stored records',
};

/** What each needs to be told beside its name. */
const MEANINGS: Partial<Record<Status, string>> = {
  behind:
    'These records are older than the time at which they came: headcount is catching up, or a recording is played.',
  silent: 'The source is connected, but nothing has come from it.',
  simulated: 'These RSVPs are invented: headcount simulates a stream.',
  replay: 'A recording is played at its own times, not a stream of today.',
  reading: 'A recording is read as fast as it can be counted.',
  stored: 'No source brings new records: these are the counts of those that were stored.',
};

function words(): string {
  const { sources: all, at, streamTime: data } = known.value;
  switch (status.value) {
    case 'behind':
      return `${format.duration(lagShown(known.value) ?? 0)} behind`;
    case 'silent':
      return `No records for ${format.duration((at ?? 0) - (lastRecordAt(all) ?? 0))}`;
    case 'replay':
      return `Replay${data === null ? '' : ` of ${format.date(data, utc.value)}`}, ${format.speed(speedOf(all) ?? 1)}×`;
    case 'ended':
      return all.some(({ kind }) => kind === 'stream') ? 'Stream ended' : 'Replay finished';
    default:
      return WORDS[status.value];
  }
}

export function StatusLine() {
  const lag = status.value === 'simulated' ? lagShown(known.value) : null;
  return (
    <div class={`status is-${status.value}`} title={describe()}>
      <i aria-hidden="true" />
      <b role="status" data-testid="status" data-value={status.value}>
        {words()}
      </b>
      {lag !== null && <span>{format.duration(lag)} behind</span>}
      <Clock />
      {paused.value && heldBack.value > 0 && (
        <em data-testid="held-back" data-value={heldBack.value}>
          {format.count(heldBack.value)} new
        </em>
      )}
    </div>
  );
}

/** These show the time of their data, which is not the present. */
const OWN_TIME: readonly Status[] = ['behind', 'replay', 'reading', 'silent', 'stored'];
const UPDATED: readonly Status[] = ['live', 'simulated', 'waiting'];
const DAY_MS = 86_400_000;

/** When the figures were right. It stands still as soon as nothing arrives, so it cannot lie. */
function Clock() {
  const now = status.value;
  const { sources: all, streamTime: data } = known.value;
  const own = OWN_TIME.includes(now) ? data : null;
  const at = own ?? (now === 'ended' ? lastRecordAt(all) : null) ?? heardAt.value;
  if (at === null) return null;
  // A replay has its day beside it.
  const isOld = now !== 'replay' && own !== null && heardAt.value !== null && heardAt.value - own > DAY_MS;
  return (
    <button
      type="button"
      class={isOld ? 'clock is-old' : 'clock'}
      data-testid="clock"
      data-value={at}
      title={utc.value ? 'Show local time' : 'Show UTC'}
      onClick={() => {
        utc.value = !utc.value;
      }}
    >
      <span class="word">{wordOf(now, own !== null)} </span>
      {isOld && <span class="day">{format.date(at, utc.value)}, </span>}
      {now === 'ended' ? format.minute(at, utc.value) : format.second(at, utc.value)}{' '}
      {format.zone(at, utc.value)}
    </button>
  );
}

function wordOf(now: Status, isOwn: boolean): string {
  if (isOwn) return 'data up to';
  if (UPDATED.includes(now)) return 'updated';
  return now === 'ended' ? 'at' : 'since';
}

function describe(): string | undefined {
  const list = sources.value?.map(({ name, state, error }) => {
    const why = error ? `, ${shown(error)}` : '';
    return `${shown(name)}: ${state}${why}`;
  });
  const meaning = MEANINGS[status.value];
  return list && [...(meaning ? [meaning] : []), ...list].join('\n');
}
