import { format } from '../format';
import { history, totals } from '../selected';
import { ratesOf } from './rates';

const WIDTH = 152;
const HEIGHT = 34;
const TOP = 3;

/** The rate of answers over the last five minutes, without an axis: only which way it goes. */
export function Sparkline() {
  if (!history.value) return <svg class="sparkline" aria-hidden="true" />;
  const { yes, no } = ratesOf(history.value);
  const line = lineOf(yes.map((rate, index) => rate + (no[index] ?? 0)));
  const now = format.rate(totals.value?.rate ?? 0);
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Answers per second over the last five minutes, now ${now}`}
    >
      {line && <path class="area" d={`${line}V${HEIGHT}H0Z`} />}
      {line && <path class="line" d={line} />}
    </svg>
  );
}

function lineOf(rates: readonly number[]): string {
  if (rates.length < 2) return '';
  const most = Math.max(1, ...rates);
  const points = rates.map((rate, index) => {
    const x = (index / (rates.length - 1)) * WIDTH;
    const y = HEIGHT - 1 - (rate / most) * (HEIGHT - 1 - TOP);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  return `M${points.join('L')}`;
}
