import { format } from '../format';
import { day } from '../program/times';
import { shown } from '../text';
import type { Drift } from './contract';
import { DRIFTED_FROM, driftOf, measured, WATCHED_FROM } from './figures';
import { Part } from './Part';

const WORDS = {
  steady: 'What it is asked is like what it learnt from.',
  watch: 'What it is asked begins to differ from what it learnt from.',
  drifted: 'What it is asked differs from what it learnt from: its predictions may be wrong.',
};
/** The end of the scale: twice the index that is called drift. */
const SCALE = 2 * DRIFTED_FROM;

/** How far the data of today are from those of the training. */
export function DriftOf({ drift }: { drift: Drift }) {
  const features = drift.features.toSorted((one, other) => other.index - one.index);
  return (
    <Part title="Drift" note={`watched until ${day(drift.at)}`}>
      <p class={`state is-${drift.state}`} data-testid="drift" data-value={drift.state}>
        {WORDS[drift.state]}
      </p>
      {features.length > 0 && (
        <ul class="drift" title="Population stability index of each feature">
          {features.map(({ name, index }) => (
            <li key={name} class={`pair is-${driftOf(index)}`}>
              <span class="name" dir="auto" title={shown(name)}>
                {shown(name)}
              </span>
              <span class="track" aria-hidden="true">
                <i style={{ transform: `scaleX(${Math.min(1, Math.max(0, index / SCALE))})` }} />
              </span>
              <span class="count">{measured(index)}</span>
            </li>
          ))}
        </ul>
      )}
      <p class="note">
        Population stability index: watched from {measured(WATCHED_FROM)}, drifted from{' '}
        {measured(DRIFTED_FROM)}.
        {drift.calibration !== null &&
          ` Calibration over the last day: ${format.share(drift.calibration)} off.`}
      </p>
    </Part>
  );
}
