import { useSignalEffect } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { AsOfClock } from '../batch/AsOfClock';
import { NoWorker } from '../batch/NoWorker';
import { ProblemPanel } from '../batch/ProblemPanel';
import { questions } from '../batch/questions';
import { lack } from '../batch/schema';
import { countryName } from '../countries';
import { format } from '../format';
import { Skeleton } from '../lists/Skeleton';
import { eventOf } from '../pages';
import { ThemeButton } from '../panels/Bar';
import { IgnoredNote } from '../panels/IgnoredNote';
import { Mark } from '../panels/Mark';
import { Panel } from '../panels/Panel';
import { shown } from '../text';
import { Curve } from './Curve';
import type { EventDetails } from './contract';
import { Guesses } from './Guesses';
import { webAddress } from './links';
import { timesIn } from './place-time';
import '../styles/models.css';
import '../styles/charts.css';
import '../styles/event.css';

const AGAIN_MS = 15_000;
const { answer, problem, isBusy, ask } = questions<EventDetails>();
const id = eventOf(location.pathname);

/** What the page shows: a limit of nobody is none. */
function told(): EventDetails | null {
  const event = answer.value;
  return event?.rsvp_limit === 0 ? { ...event, rsvp_limit: null } : event;
}

function load(): void {
  void ask(`events/${encodeURIComponent(id)}`);
}

/** One event: who comes, how it fills, and what the models expect: `/events/ID`. */
export function EventPage() {
  useSignalEffect(() => {
    if (lack.value === null) load();
  });
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden && answer.peek() && !isBusy.peek()) load();
    }, AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  const event = useMemo(told, [answer.value]);
  useSignalEffect(() => {
    if (answer.value) document.title = `headcount: ${shown(answer.value.name ?? '')}`;
  });
  return (
    <>
      <a class="skip" href="#main">
        Skip to the event
      </a>
      <header class="bar">
        <Mark current="event" />
        <div class="status">
          <AsOfClock asOf={event?.as_of ?? null} />
        </div>
        <ThemeButton />
      </header>
      <main id="main" class={lack.value || (problem.value && !event) ? 'event is-lacking' : 'event'}>
        <Content told={event} />
      </main>
      <IgnoredNote />
    </>
  );
}

function Content({ told }: { told: EventDetails | null }) {
  if (lack.value && !told)
    return (
      <>
        <h1 class="unseen">Event</h1>
        <NoWorker lack={lack.value} />
      </>
    );
  if (told)
    return (
      <>
        <Head told={told} />
        <Figures told={told} />
        <Panel
          name="curve"
          title="How it fills"
          note="heads by time of the answer, on the clocks of the place"
        >
          <Curve told={told} />
        </Panel>
        <Guesses told={told} />
      </>
    );
  return (
    <>
      <h1 class="unseen">Event</h1>
      {problem.value && !isBusy.value ? (
        <ProblemPanel
          problem={problem.value}
          onAgain={load}
          link={{ href: './', name: 'What is trending now' }}
        />
      ) : (
        <div class="panel panel-curve">
          <Skeleton rows={9} height={36} />
        </div>
      )}
    </>
  );
}

function Head({ told }: { told: EventDetails }) {
  const { name, group, venue, time, utc_offset, status, url } = told;
  const web = webAddress(url);
  const place = venue ? [venue.name, venue.city] : [group?.city];
  const where = place.flatMap((part) => (part ? shown(part) : []));
  const country = group?.country ? countryName(group.country) : '';
  return (
    <div class="event-head">
      <h1 dir="auto">{shown(name ?? '')}</h1>
      {status && status !== 'upcoming' && <span class="tag">{shown(status)}</span>}
      <dl>
        <Fact name="Group">{group ? shown(group.name ?? '') : 'not said'}</Fact>
        <Fact name="When">{time === null ? 'not said' : timesIn(utc_offset).appointment(time)}</Fact>
        <Fact name="Where">{[...where, ...(country ? [country] : [])].join(', ') || 'not said'}</Fact>
        {web && (
          <Fact name="At its source">
            <a class="link" href={web.href} rel="noreferrer">
              {web.host}
            </a>
          </Fact>
        )}
      </dl>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd dir="auto">{children}</dd>
    </div>
  );
}

function Figures({ told: { answers, rsvp_limit, waitlist, photos, comments } }: { told: EventDetails }) {
  const { yes, no, maybe = 0, guests, heads, changed, versions } = answers;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
    <div class="event-figures" role="group" aria-label="Answers">
      <Figure
        name="heads"
        label="Coming"
        value={heads}
        note={rsvp_limit === null ? 'with guests' : `of ${format.full(rsvp_limit)}, with guests`}
      />
      <Figure name="yes" label="Yes" value={yes} />
      <Figure name="no" label="No" value={no} />
      {maybe > 0 && <Figure name="maybe" label="Maybe" value={maybe} />}
      <Figure name="guests" label="Guests" value={guests} />
      {waitlist != null && <Figure name="waitlist" label="Waiting" value={waitlist} note="for a place" />}
      <Figure
        name="changed"
        label="Changes of mind"
        value={changed}
        note={`${format.full(versions)} answers in all`}
      />
      <Figure name="photos" label="Photos" value={photos} />
      <Figure name="comments" label="Comments" value={comments} />
    </div>
  );
}

interface FigureParts {
  name: string;
  label: string;
  value: number;
  note?: string;
}

function Figure({ name, label, value, note }: FigureParts) {
  return (
    <div class="stat">
      <span class="label">{label}</span>
      <span class="figure" data-testid={`event-${name}`} data-value={value}>
        {format.count(value)}
      </span>
      <p>{note}</p>
    </div>
  );
}
