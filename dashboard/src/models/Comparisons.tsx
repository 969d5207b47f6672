import { shown } from '../text';
import type { Comparison } from './contract';
import { type Pair as Lengths, measured, pairOf } from './figures';
import { Part } from './Part';

/** More have two columns. */
const FEW = 2;

/** The model and what it has to beat, as pairs of bars. */
export function Comparisons({ comparisons }: { comparisons: readonly Comparison[] }) {
  return (
    <Part
      title="How good"
      note="against a simple baseline"
      size={comparisons.length > FEW ? 'is-double' : undefined}
    >
      <ul class="comparisons">
        {comparisons.map((comparison, index) => (
          <Pair key={index} comparison={comparison} />
        ))}
      </ul>
    </Part>
  );
}

function verdictOf({ difference, isBetter }: Lengths): string {
  if (difference === null) return 'cannot be compared: a figure is no number';
  if (difference === 0) return 'no better than the baseline';
  return `${measured(difference)} ${isBetter ? 'better' : 'worse'} than the baseline`;
}

function Pair({ comparison }: { comparison: Comparison }) {
  const { measure, on, model, baseline, baseline_figure, better, decides } = comparison;
  const pair = pairOf(comparison);
  return (
    <li data-testid="comparison" data-value={model ?? undefined}>
      <p>
        <b dir="auto">{shown(measure)}</b>{' '}
        <span class="note">
          {better === 'lower' && 'less is better, '}on <span dir="auto">{shown(on)}</span>
        </span>
        {decides && (
          <span class="tag" title="This comparison decides whether the model is served">
            decides
          </span>
        )}
      </p>
      <Bar label="model" value={model} length={pair.model} kind="is-model" />
      <Bar label={shown(baseline)} value={baseline_figure} length={pair.baseline} kind="is-baseline" />
      <p class={pair.isBetter ? 'verdict is-good' : 'verdict is-bad'}>{verdictOf(pair)}</p>
    </li>
  );
}

interface BarParts {
  label: string;
  value: number | null;
  /** From 0 to 1. */
  length: number;
  kind: string;
}

function Bar({ label, value, length, kind }: BarParts) {
  return (
    <div class={`pair ${kind}`}>
      <span class="name" dir="auto" title={label}>
        {label}
      </span>
      <span class="track" aria-hidden="true">
        <i style={{ transform: `scaleX(${length})` }} />
      </span>
      <span class="count">{measured(value)}</span>
    </div>
  );
}
