import { visible } from '../batch/values';
import { figureOf } from './figures';
import type { Bar } from './series';

export interface BarsParts {
  bars: readonly Bar[];
  /** A label as the reader knows it. */
  nameOf?: (label: string) => string;
  /** What a click on a bar chooses, and which are chosen. */
  onChoose?: (label: string, isAdded: boolean) => void;
  chosen?: readonly string[];
}

/** Bars behind rows, as in the lists of the live page. */
export function Bars({ bars, nameOf, onChoose, chosen = [] }: BarsParts) {
  const most = Math.max(1e-9, ...bars.map(({ value }) => Math.abs(value)));
  return (
    <ul class="bars">
      {bars.map(({ label, value }, index) => {
        const content = (
          <>
            <span class="track" aria-hidden="true">
              <i style={{ transform: `scaleX(${Math.abs(value) / most})` }} />
            </span>
            <span class="name" dir="auto" title={visible(label)}>
              {nameOf ? nameOf(label) : visible(label) || <em class="empty">empty</em>}
            </span>
            <span class="count">{figureOf(value)}</span>
          </>
        );
        return (
          // Labels need not differ: two groups may have one name.
          <li key={index} data-testid="bar" data-value={value}>
            {onChoose ? (
              <button
                type="button"
                aria-pressed={chosen.includes(label)}
                onClick={(event) => onChoose(label, event.shiftKey)}
              >
                {content}
              </button>
            ) : (
              <div>{content}</div>
            )}
          </li>
        );
      })}
    </ul>
  );
}
