import { format } from '../format';
import { labelsOf, rangeOf, STEPS } from './scale';

const RAMP = Array.from({ length: STEPS }, (_, index) => index + 1);

/** What the shades stand for. */
export function Legend({ counts, of }: { counts: ReadonlyMap<string, number>; of: string }) {
  if (counts.size === 0) return null;
  const labels = labelsOf(rangeOf(counts.values()));
  return (
    <div class="legend" aria-hidden="true">
      <span dir="auto">{of}</span>
      <div class="ramp">
        {RAMP.map((step) => (
          <i key={step} data-step={step} />
        ))}
      </div>
      <div class="ramp-labels">
        {labels.map((label) => (
          <span key={label}>{format.count(label)}</span>
        ))}
      </div>
    </div>
  );
}
