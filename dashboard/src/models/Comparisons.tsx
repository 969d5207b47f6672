import { shown } from '../text';
import type { Comparison } from './contract';
import { measured, pairOf } from './figures';
import { Part } from './Part';

/** The model and what it has to beat, as pairs of bars. */
export function Comparisons({ comparisons }: { comparisons: readonly Comparison[] }) {
  return (
    <Part title="How good" note="against a simple baseline">
      <ul class="comparisons">
        {comparisons.map((comparison, index) => (
          <Pair key={index} comparison={comparison} />
        ))}
      </ul>
    </Part>
  );
}

function Pair({ comparison }: { comparison: Comparison }) {
  const { measure, on, model, baseline, baseline_figure, better, decides } = comparison;
  const pair = pairOf(comparison);
  return (
    <li data-testid="comparison" data-value={model}>
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
      <p class={pair.isBetter ? 'verdict is-good' : 'verdict is-bad'}>
        {pair.difference === 0
          ? 'no better than the baseline'
          : `${measured(pair.difference)} ${pair.isBetter ? 'better' : 'worse'} than the baseline`}
      </p>
    </li>
  );
}

interface BarParts {
  label: string;
  value: number;
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
