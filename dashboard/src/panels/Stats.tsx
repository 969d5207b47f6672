import type { ComponentChildren } from 'preact';
import type { Totals } from '../contract';
import { countryNames } from '../countries';
import { format, ratio } from '../format';
import { clearCountries, countries } from '../page';
import { all, totals } from '../selected';
import { place } from './Panel';
import { Sparkline } from './Sparkline';

export function Stats() {
  const { events, venues } = totals.value ?? {};
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
    <div class="stats" role="group" aria-label={`Totals, ${place()}`}>
      <Rsvps />
      <Going />
      <Guests />
      <Stat label="Events" figure={<Figure name="events" value={events} />} note="with an RSVP" />
      <Stat label="Venues" figure={<Figure name="venues" value={venues} />} note="with an RSVP" />
      <Countries />
    </div>
  );
}

type Counted = 'rsvps' | 'yes' | 'no' | 'guests' | 'events' | 'venues' | 'countries';

/** A total, with all its digits in the title once it is shortened; a dash until it is known. */
function Figure({ name, value }: { name: Counted; value: number | undefined }) {
  if (value === undefined) return <>–</>;
  const text = format.count(value);
  const full = format.full(value);
  return (
    <span data-testid={`total-${name}`} data-value={value} title={text === full ? undefined : full}>
      {text}
    </span>
  );
}

interface StatParts {
  label: string;
  figure: ComponentChildren;
  note: ComponentChildren;
  isName?: boolean;
}

function Stat({ label, figure, note, isName = false }: StatParts) {
  return (
    <div class={isName ? 'stat is-name' : 'stat'}>
      <span class="label">{label}</span>
      <span class="figure">{figure}</span>
      <p>{note}</p>
    </div>
  );
}

function Rsvps() {
  const known = totals.value;
  const isPart = countries.value.length > 0 && all.value;
  return (
    <div
      class="stat is-lead"
      title={isPart ? `of ${format.full(all.value?.rsvps ?? 0)} worldwide` : undefined}
    >
      <span class="label">RSVPs</span>
      <span class="figure">
        <Figure name="rsvps" value={known?.rsvps} />
      </span>
      <Sparkline />
      <p>
        <b>{known ? format.rate(known.rate) : '–'}</b> per second
      </p>
    </div>
  );
}

function Going() {
  const known = totals.value;
  return (
    <div class="stat is-going">
      <span class="label">Going</span>
      <span class="figure">{known?.rsvps ? format.percent(known.yes / known.rsvps) : '–'}</span>
      <AnswerBar totals={known} />
      <p>
        <span>
          <i class="key is-yes" />
          <Figure name="yes" value={known?.yes} /> yes
        </span>
        <span>
          <i class="key is-no" />
          <Figure name="no" value={known?.no} /> no
        </span>
      </p>
    </div>
  );
}

function AnswerBar({ totals: known }: { totals: Totals | undefined }) {
  if (!known?.rsvps) return <div class="answers" role="img" aria-label="no answers yet" />;
  const yes = ratio(known.yes, known.rsvps);
  return (
    <div class="answers" role="img" aria-label={`${format.share(yes)} yes, ${format.share(1 - yes)} no`}>
      {known.yes > 0 && <i class="is-yes" style={{ flexGrow: known.yes }} />}
      {known.no > 0 && <i class="is-no" style={{ flexGrow: known.no }} />}
    </div>
  );
}

function Guests() {
  const known = totals.value;
  const each = known?.yes ? `+${format.rate((known.guests / known.yes) * 100)} per 100 yes` : 'brought along';
  return <Stat label="Guests" figure={<Figure name="guests" value={known?.guests} />} note={each} />;
}

function Countries() {
  const chosen = countries.value;
  if (chosen.length === 0)
    return (
      <Stat
        label="Countries"
        figure={<Figure name="countries" value={totals.value?.countries} />}
        note="seen so far"
      />
    );
  const clear = (
    <button type="button" class="link" onClick={clearCountries}>
      Show all<span class="wide-only"> countries</span>
    </button>
  );
  return (
    <Stat
      label={chosen.length === 1 ? 'Country' : 'Countries'}
      figure={<span class="place-name">{countryNames(chosen)}</span>}
      note={clear}
      isName
    />
  );
}
