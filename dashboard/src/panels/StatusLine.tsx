import { computed } from '@preact/signals';
import { format } from '../format';
import { connection, heardAt, heldBack, paused, refusal } from '../live';
import { utc } from '../page';
import { ready, sources, streamTime } from '../selected';
import { errorOf, type Known, lagShown, lastRecordAt, type Status, statusOf } from '../status';
import { shown } from '../text';
import { meaningOf, wordsOf } from '../words';

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

export function StatusLine() {
  const lag = status.value === 'simulated' ? lagShown(known.value) : null;
  return (
    <div class={`status is-${status.value}`} title={describe()}>
      <i aria-hidden="true" />
      <b role="status" data-testid="status" data-value={status.value}>
        {wordsOf(known.value, utc.value)}
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
const OWN_TIME: readonly Status[] = ['behind', 'replay', 'reading', 'silent', 'current', 'stored'];
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
  const list = sources.value?.map((source) => {
    const error = errorOf(source);
    return `${shown(source.name)}: ${source.state}${error ? `, ${shown(error)}` : ''}`;
  });
  const meaning = meaningOf(status.value);
  return list && [...(meaning ? [meaning] : []), ...list].join('\n');
}
