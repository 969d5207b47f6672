import { computed } from '@preact/signals';
import { format } from '../format';
import { connection, heardAt, heldBack, paused } from '../live';
import { utc } from '../page';
import { sources } from '../selected';
import { lastRecordAt, type Status, statusOf } from '../status';
import { shown } from '../text';

export const status = computed<Status>(() => statusOf(connection.value, paused.value, sources.value ?? []));

const WORDS: Record<Status, string> = {
  connecting: 'Connecting…',
  live: 'Live',
  stale: 'No data',
  reconnecting: 'Reconnecting…',
  paused: 'Paused',
  ended: 'Replay finished',
  waiting: 'Source reconnecting…',
};

export function StatusLine() {
  return (
    <div class={`status is-${status.value}`} title={describeSources()}>
      <i aria-hidden="true" />
      <b role="status" data-testid="status" data-value={status.value}>
        {WORDS[status.value]}
      </b>
      <Clock />
      {paused.value && heldBack.value > 0 && (
        <em data-testid="held-back" data-value={heldBack.value}>
          {format.count(heldBack.value)} new
        </em>
      )}
    </div>
  );
}

/** When the figures were right. It stands still as soon as nothing arrives, so it cannot lie. */
function Clock() {
  const hasEnded = status.value === 'ended';
  const at = (hasEnded ? lastRecordAt(sources.value ?? []) : null) ?? heardAt.value;
  if (at === null) return null;
  const word = status.value === 'live' || status.value === 'waiting' ? 'updated' : hasEnded ? 'at' : 'since';
  const time = hasEnded ? format.minute(at, utc.value) : format.second(at, utc.value);
  return (
    <button
      type="button"
      class="clock"
      title={utc.value ? 'Show local time' : 'Show UTC'}
      onClick={() => {
        utc.value = !utc.value;
      }}
    >
      <span class="word">{word} </span>
      {time} {format.zone(at, utc.value)}
    </button>
  );
}

function describeSources(): string | undefined {
  return sources.value?.map(({ name, state }) => `${shown(name)}: ${state}`).join('\n');
}
