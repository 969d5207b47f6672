import type { ComponentChildren } from 'preact';
import type { Totals } from '../contract';
import { countryNames } from '../countries';
import { format, ratio } from '../format';
import { chooseOwn, clearCountries, countries, filterQuery, own } from '../page';
import { all, totals } from '../selected';
import { LedgerStrip } from './LedgerStrip';
import { place } from './Panel';
import { Sparkline } from './Sparkline';

export function Stats() {
  const { events, venues } = totals.value ?? {};
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
    <div class="stats" role="group" aria-label={`Totals, ${place()}`}>
      <People />
      <Going />
      <Rsvps />
      <Stat label="Events" figure={<Figure name="events" value={events} />} note="with an RSVP" />
      <Stat label="Venues" figure={<Figure name="venues" value={venues} />} note="with an RSVP" />
      <Countries />
      <LedgerStrip />
    </div>
  );
}

type Counted = 'heads' | 'rsvps' | 'yes' | 'no' | 'guests' | 'events' | 'venues' | 'countries';

/** A total, with all its digits in the title once it is shortened; a dash until it is known. */
export function Figure({ name, value }: { name: Counted; value: number | undefined }) {
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

/** The product's number: everybody who comes, guests too. */
function People() {
  const known = totals.value;
  return (
    <div class="stat is-lead">
      <span class="label">People coming</span>
      <span class="figure">
        <Figure name="heads" value={known?.heads} />
      </span>
      <Sparkline />
      <p>
        <b>{known ? format.rate(known.rate) : '–'}</b> answers per second
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
        <Choice response="yes" value={known?.yes} />
        <Choice response="no" value={known?.no} />
      </p>
    </div>
  );
}

/** One of the answers, and the filter by it. What its own filter leaves out is shown all the same. */
function Choice({ response, value }: { response: 'yes' | 'no'; value: number | undefined }) {
  const chosen = own.value.response ?? [];
  const shownValue = chosen.length > 0 ? totals.value?.responses[response] : value;
  return (
    <button
      type="button"
      aria-pressed={chosen.includes(response)}
      title={`Only those who say ${response}`}
      onClick={(event) => chooseOwn('response', response, event.shiftKey)}
    >
      <i class={`key is-${response}`} />
      <Figure name={response} value={shownValue} /> {response}
    </button>
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

function Rsvps() {
  const isPart = filterQuery.value !== '' && all.value;
  const note = isPart ? `of ${format.count(all.value?.rsvps ?? 0)}` : 'each counted once';
  return <Stat label="RSVPs" figure={<Figure name="rsvps" value={totals.value?.rsvps} />} note={note} />;
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
