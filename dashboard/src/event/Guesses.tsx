import type { ComponentChildren } from 'preact';
import { format } from '../format';
import { root } from '../pages';
import { Panel } from '../panels/Panel';
import { shown } from '../text';
import type { Category, EventDetails } from './contract';

/** What the models say of the event. */
export function Guesses({ told }: { told: EventDetails }) {
  return (
    <Panel name="guesses" title="Forecast">
      <dl class="guesses">
        <Guess name="How many will come" model={told.turnout?.model}>
          <TurnoutOf told={told} />
        </Guess>
        <Guess name="The next answer is yes" model={told.response?.model}>
          {told.response ? <Probability value={told.response.probability} /> : <None />}
        </Guess>
        <Guess name="Category" model={told.category?.source === 'model' ? told.category.model : null}>
          {told.category ? <CategoryOf category={told.category} /> : <None />}
        </Guess>
      </dl>
    </Panel>
  );
}

function TurnoutOf({ told: { turnout, rsvp_limit } }: { told: EventDetails }) {
  if (!turnout) return <None />;
  const isFull = rsvp_limit !== null && turnout.high > rsvp_limit;
  return (
    <>
      <b class="figure" data-testid="turnout" data-value={turnout.value}>
        {format.full(turnout.value)}
      </b>
      <span>
        between {format.full(turnout.low)} and {format.full(turnout.high)}, four times in five
        {isFull && '; it may fill up'}
      </span>
    </>
  );
}

function Probability({ value }: { value: number }) {
  return (
    <>
      <b class="figure" data-testid="response" data-value={value}>
        {format.percent(value)}
      </b>
      <span class="track" aria-hidden="true">
        <i style={{ transform: `scaleX(${Math.min(1, Math.max(0, value))})` }} />
      </span>
    </>
  );
}

function CategoryOf({ category: { value, source, probability, alternatives = [] } }: { category: Category }) {
  const isKnown = source === 'group';
  return (
    <>
      <b class="figure is-name" dir="auto" data-testid="category" data-value={source}>
        {shown(value)}
      </b>
      <span>
        {isKnown
          ? 'from its group'
          : `guessed from its description, ${format.percent(probability ?? 0)} sure`}
      </span>
      {!isKnown && alternatives.length > 0 && (
        <ul class="alternatives">
          {alternatives.map(([name, share], index) => (
            <li key={index}>
              <span class="name" dir="auto" title={shown(name)}>
                {shown(name)}
              </span>
              <span class="track" aria-hidden="true">
                <i style={{ transform: `scaleX(${Math.min(1, Math.max(0, share))})` }} />
              </span>
              <span class="count">{format.percent(share)}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function None() {
  return <span>No model says so yet.</span>;
}

interface GuessParts {
  name: string;
  model: string | null | undefined;
  children: ComponentChildren;
}

function Guess({ name, model, children }: GuessParts) {
  return (
    <div>
      <dt>
        {name}{' '}
        {model && (
          <a class="link" href={`${root}models#model-${encodeURIComponent(model.split('/')[0] ?? '')}`}>
            {shown(model)}
          </a>
        )}
      </dt>
      <dd>{children}</dd>
    </div>
  );
}
