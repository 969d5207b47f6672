import { shown } from '../text';
import type { Model } from './contract';
import { decisiveOf, measured, shownVersion } from './figures';
import { StateOf } from './StateOf';

/** All models at a glance, each leading to its card. */
export function Overview({ models }: { models: readonly Model[] }) {
  return (
    <ul class="overview">
      {models.map((model) => {
        const best = decisiveOf(shownVersion(model, null)?.card ?? null);
        return (
          <li key={model.name}>
            <a href={`#model-${encodeURIComponent(model.name)}`}>
              <b dir="auto">{shown(model.name)}</b>
              <StateOf model={model} />
              {best ? (
                <span class="best">
                  <span class="figure">{measured(best.model)}</span>
                  <span class="note" dir="auto">
                    {shown(best.measure)}, baseline {measured(best.baseline_figure)}
                  </span>
                </span>
              ) : (
                <span class="best">
                  <span class="figure">–</span>
                  <span class="note">never trained</span>
                </span>
              )}
            </a>
          </li>
        );
      })}
    </ul>
  );
}
