import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { measured } from '../models/figures';
import type { Clusters } from './contract';
import { k, setK } from './state';
import { K_MAX, K_MIN } from './view';

/** The reader has stopped moving the slider. */
const SETTLED_MS = 180;
const HEIGHT = 34;
const WIDTH = 380;
const STEPS = K_MAX - K_MIN;

/** How many clusters, and how well apart they are for each number. */
export function KSlider({ told }: { told: Clusters }) {
  const moving = useSignal<number | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const wanted = moving.value ?? k.value ?? told.suggested_k;
  const scores = new Map(told.silhouette);
  const score = scores.get(wanted);
  const onInput = (event: Event) => {
    const value = Number((event.currentTarget as HTMLInputElement).value);
    moving.value = value;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      moving.value = null;
      setK(value);
    }, SETTLED_MS);
  };
  return (
    <div class="k-slider">
      <label for="k">
        Clusters{' '}
        <b data-testid="k" data-value={wanted}>
          {wanted}
        </b>
      </label>
      <div class="k-range">
        <input
          id="k"
          type="range"
          min={K_MIN}
          max={K_MAX}
          value={wanted}
          aria-valuetext={`${wanted} clusters${score === undefined ? '' : `, silhouette ${measured(score)}`}`}
          onInput={onInput}
        />
        <Silhouette scores={told.silhouette} wanted={wanted} suggested={told.suggested_k} />
      </div>
      <p class="note">
        silhouette <b>{score === undefined ? '–' : measured(score)}</b>
      </p>
      <button
        type="button"
        class="button is-small"
        aria-pressed={k.value === null}
        title="The number with the best silhouette"
        onClick={() => {
          clearTimeout(timer.current);
          moving.value = null;
          setK(null);
        }}
      >
        Suggested: {told.suggested_k}
      </button>
    </div>
  );
}

interface SilhouetteParts {
  scores: readonly (readonly [k: number, score: number])[];
  wanted: number;
  suggested: number;
}

/** Under the slider, each score below its number. */
function Silhouette({ scores, wanted, suggested }: SilhouetteParts) {
  if (scores.length < 2) return null;
  const values = scores.map(([, score]) => score);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const x = (number: number) => ((number - K_MIN) / STEPS) * WIDTH;
  const y = (score: number) => 3 + (1 - (score - least) / Math.max(1e-9, most - least)) * (HEIGHT - 6);
  const line = scores.map(([number, score]) => `${x(number).toFixed(1)} ${y(score).toFixed(1)}`).join('L');
  return (
    <svg
      class="silhouette"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Silhouette by number of clusters, from ${measured(least)} to ${measured(most)}, best at ${suggested}`}
    >
      <path class="mark" d={`M${x(suggested)} 0V${HEIGHT}`} />
      <path class="mark is-wanted" d={`M${x(wanted)} 0V${HEIGHT}`} />
      <path class="line" d={`M${line}`} />
    </svg>
  );
}
