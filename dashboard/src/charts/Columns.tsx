import { visible } from '../batch/values';
import { figureOf, roundTop } from './figures';
import type { Bar } from './series';

/** From here on, only every third label has room. */
const CROWDED = 13;
const EVERY = 3;

/** Bars side by side, in the order of the answer: hours, weekdays, steps of time. */
export function Columns({
  bars,
  nameOf = visible,
}: {
  bars: readonly Bar[];
  nameOf?: (label: string) => string;
}) {
  const top = roundTop(Math.max(0, ...bars.map(({ value }) => value)));
  const every = bars.length >= CROWDED ? EVERY : 1;
  return (
    <div class="columns">
      <div class="columns-scale" aria-hidden="true">
        {[top, top / 2, 0].map((value) => (
          <span key={value}>{figureOf(value)}</span>
        ))}
      </div>
      <ol class={every > 1 ? 'is-crowded' : undefined}>
        {bars.map(({ label, value }, index) => (
          <li key={index} data-testid="bar" data-value={value} title={`${nameOf(label)}: ${figureOf(value)}`}>
            <span class="columns-bar" aria-hidden="true">
              <i style={{ height: `${(Math.max(0, value) / top) * 100}%` }} />
            </span>
            <span class={index % every === 0 ? 'tick' : 'tick is-left-out'} dir="auto">
              {nameOf(label)}
            </span>
            <span class="unseen">{figureOf(value)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}
