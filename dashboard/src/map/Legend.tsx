import { format } from '../format';
import { countryCounts } from '../selected';
import { labelsOf, rangeOf, STEPS } from './scale';

const RAMP = Array.from({ length: STEPS }, (_, index) => index + 1);

export function Legend() {
  if (countryCounts.value.size === 0) return null;
  const labels = labelsOf(rangeOf(countryCounts.value.values()));
  return (
    <div class="legend" aria-hidden="true">
      <span>RSVPs</span>
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
