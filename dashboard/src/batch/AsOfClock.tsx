import { format } from '../format';
import { utc } from '../page';
import { momentOf } from '../program/times';
import type { AsOf } from './contract';

/** Up to which record the figures go; a click changes the zone. */
export function AsOfClock({ asOf, word = 'as of' }: { asOf: AsOf | null; word?: string }) {
  if (asOf?.stream_time === undefined || asOf.stream_time === null) return null;
  const offsets = asOf.offsets.map((offset) => format.full(offset)).join(', ');
  return (
    <button
      type="button"
      class="clock"
      data-testid="as-of"
      data-value={asOf.stream_time}
      title={`Journal up to ${offsets}. ${utc.value ? 'Show local time' : 'Show UTC'}`}
      onClick={() => {
        utc.value = !utc.value;
      }}
    >
      {word} {momentOf(asOf.stream_time, Date.now())}
    </button>
  );
}
