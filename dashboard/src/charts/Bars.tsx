import { visible } from '../batch/values';
import { figureOf } from './figures';
import type { Bar, Choice } from './series';

export interface BarsParts {
  bars: readonly Bar[];
  /** A label as the reader knows it. */
  nameOf?: (label: string) => string;
  choice?: Choice;
}

/** Bars behind rows, as in the lists of the live page. */
export function Bars({ bars, nameOf, choice }: BarsParts) {
  const most = Math.max(1e-9, ...bars.map(({ value }) => Math.abs(value)));
  return (
    <ul class="bars">
      {bars.map(({ label, value, key, href }, index) => {
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
            {choice && key !== undefined ? (
              <button
                type="button"
                aria-pressed={choice.chosen.includes(key)}
                onClick={(event) => choice.onChoose(key, event.shiftKey)}
              >
                {content}
              </button>
            ) : href !== undefined ? (
              <a href={href} title="Open the event">
                {content}
              </a>
            ) : (
              <div>{content}</div>
            )}
          </li>
        );
      })}
    </ul>
  );
}
