import { format } from '../format';
import { shown } from '../text';
import type { Card } from './contract';
import { Part } from './Part';

const VALUES_MAX = 6;

/** How the values of features were spread among the examples: what drift is measured against. */
export function FeatureShares({ features }: { features: Card['feature_shares'] }) {
  return (
    <Part title="Examples" note="what later data are compared with">
      <details>
        <summary>How features were spread</summary>
        <dl class="spread">
          {features.map(([name, shares], index) => (
            <div key={index}>
              <dt dir="auto">{shown(name)}</dt>
              <dd dir="auto">{spreadOf(shares)}</dd>
            </div>
          ))}
        </dl>
      </details>
    </Part>
  );
}

/** "yes 74%, no 26%" */
function spreadOf(shares: Card['feature_shares'][number][1]): string {
  const largest = shares.toSorted(([, one], [, other]) => other - one);
  const told = largest
    .slice(0, VALUES_MAX)
    .map(([value, share]) => `${shown(value)} ${format.percent(share)}`);
  const left = largest.length - told.length;
  return [...told, ...(left > 0 ? [`and ${format.full(left)} more`] : [])].join(', ');
}
