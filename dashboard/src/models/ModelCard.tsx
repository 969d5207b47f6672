import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { format } from '../format';
import { day } from '../program/times';
import { shown } from '../text';
import { Calibration } from './Calibration';
import { Comparisons } from './Comparisons';
import { ConfusionMatrix } from './ConfusionMatrix';
import type { Card, Model, Version } from './contract';
import { DriftOf } from './DriftOf';
import { FeatureShares } from './FeatureShares';
import { shownVersion } from './figures';
import { Part } from './Part';
import { StateOf } from './StateOf';
import { Versions } from './Versions';

export function ModelCard({ model }: { model: Model }) {
  const chosen = useSignal<number | null>(null);
  const version = shownVersion(model, chosen.value);
  const id = `model-${encodeURIComponent(model.name)}`;
  return (
    <section class="panel model" id={id} aria-labelledby={`${id}-title`} data-testid={`model-${model.name}`}>
      <header>
        <h2 id={`${id}-title`} dir="auto">
          {shown(model.name)}
        </h2>
        <StateOf model={model} />
        {version && version.version !== model.in_use && (
          <span class="note">showing version {version.version}, which is not in use</span>
        )}
      </header>
      <p class="why" dir="auto">
        {shown(model.why)}
      </p>
      {version?.card && <Told version={version} card={version.card} model={model} />}
      {model.versions.length > 0 && (
        <Versions
          model={model}
          shownOne={version?.version ?? null}
          onShow={(wanted) => {
            chosen.value = wanted;
          }}
        />
      )}
    </section>
  );
}

function Told({ version, card, model }: { version: Version; card: Card; model: Model }) {
  return (
    <>
      <dl class="told">
        <Line name="Predicts">{shown(card.predicts)}</Line>
        <Line name="From">{shown(card.from)}</Line>
        <Line name="Tested">{shown(card.tested)}</Line>
        <Line name="Learnt from">
          {format.full(card.examples)} examples
          {card.groups > 0 && ` of ${format.full(card.groups)} groups`}
          {card.range && `, ${format.date(card.range[0], true)} to ${format.date(card.range[1], true)}`}
        </Line>
        <Line name="Trained">
          {version.trained_at !== null && `${day(version.trained_at)}, `}
          {version.seconds !== null && `in ${format.rate(version.seconds)} s, `}seed {card.seed}
        </Line>
      </dl>
      <div class="pictures">
        {card.comparisons.length > 0 && <Comparisons comparisons={card.comparisons} />}
        {card.calibration.length > 0 && <Calibration bins={card.calibration} of={shown(model.name)} />}
        {model.drift && version.version === model.in_use && <DriftOf drift={model.drift} />}
        {card.feature_shares.length > 0 && <FeatureShares features={card.feature_shares} />}
        {card.notes.length > 0 && (
          <Part title="Notes">
            <ul class="notes">
              {card.notes.map((note) => (
                <li key={note} dir="auto">
                  {shown(note)}
                </li>
              ))}
            </ul>
          </Part>
        )}
        {card.confusion && <ConfusionMatrix confusion={card.confusion} of={shown(model.name)} />}
      </div>
    </>
  );
}

function Line({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd dir="auto">{children}</dd>
    </div>
  );
}
