import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { TrendingRow } from '../contract';
import { countryName } from '../countries';
import { format } from '../format';
import { useFit } from '../lists/fit';
import { useGlide } from '../lists/glide';
import { useHold } from '../lists/hold';
import { useCalmOrder } from '../lists/order';
import { Skeleton } from '../lists/Skeleton';
import { filterQuery, utc } from '../page';
import { eventAddress } from '../pages';
import { trendingRows } from '../selected';
import { shown, whole } from '../text';
import { Chevron } from './icons';
import { Panel, place } from './Panel';
import { followSurprise, isRare, type Surprise, surprises } from './surprise';

const keyOf = (row: TrendingRow) => row.event_id;

export function Trending() {
  return (
    <Panel
      name="trending"
      title="Trending events"
      note={place()}
      aside={<span title="Those who said yes in the last 10 minutes of the stream">yes, last 10 min</span>}
    >
      <List />
    </Panel>
  );
}

function List() {
  const { box, count } = useFit({ row: 36, head: 10, unbounded: 10 });
  const { isHeld, handlers } = useHold();
  const open = useSignal('');
  useEffect(followSurprise, []);
  const top = (trendingRows.value ?? []).slice(0, count);
  const rows = useCalmOrder(top, keyOf, { isHeld, subject: filterQuery.value });
  const list = useGlide<HTMLOListElement>(rows.map(keyOf));
  const most = Math.max(1, ...rows.map((row) => row.recent));
  return (
    <div class="rows" ref={box}>
      {!trendingRows.value && <Skeleton rows={9} height={36} />}
      {trendingRows.value && rows.length === 0 && <Nothing />}
      {rows.length > 0 && (
        <ol ref={list} class={rows.length === count ? 'is-full' : undefined} {...handlers}>
          {rows.map((row, index) => (
            <Row
              key={row.event_id}
              row={row}
              rank={index + 1}
              share={row.recent / most}
              isOpen={open.value === row.event_id}
              opensUp={index >= rows.length / 2}
              onOpen={(isOpen) => {
                open.value = isOpen ? row.event_id : '';
              }}
            />
          ))}
        </ol>
      )}
    </div>
  );
}

function Nothing() {
  return (
    <p class="nothing">
      Nothing is trending here yet.
      <span>Events appear as soon as someone says yes.</span>
    </p>
  );
}

interface RowParts {
  row: TrendingRow;
  rank: number;
  /** Of the first one. */
  share: number;
  isOpen: boolean;
  opensUp: boolean;
  onOpen: (isOpen: boolean) => void;
}

function Row({ row, rank, share, isOpen, opensUp, onOpen }: RowParts) {
  const card = `event-card-${rank}`;
  const address = eventAddress(row.event_id);
  const surprise = surprises.value.get(row.event_id);
  return (
    <li
      data-key={row.event_id}
      data-testid={`event-${row.event_id}`}
      data-value={row.recent}
      onPointerEnter={(event) => event.pointerType === 'mouse' && onOpen(true)}
      onPointerLeave={(event) => event.pointerType === 'mouse' && onOpen(false)}
    >
      <button
        type="button"
        onClick={() => onOpen(!isOpen)}
        onFocus={(event) => event.currentTarget.matches(':focus-visible') && onOpen(true)}
        onBlur={() => onOpen(false)}
        aria-describedby={isOpen ? card : undefined}
      >
        <span class="rank">{rank}</span>
        <span class="name" dir="auto" title={wholeIfCut(row.name)}>
          {shown(row.name)}
        </span>
        <span class="group" dir="auto" title={wholeIfCut(row.group)}>
          {shown(row.group)}
        </span>
        {row.category && <CategoryChip category={row.category} />}
        <span class="count">
          {surprise && isRare(surprise) && <SurpriseMark surprise={surprise} />}
          {format.count(row.recent)}
        </span>
        <span class="track">
          <i style={{ transform: `scaleX(${Math.max(0.006, share)})` }} />
        </span>
      </button>
      {address && (
        <a class="open-event" href={address} aria-label={`Open ${shown(row.name)}`} title="Open the event">
          <Chevron />
        </a>
      )}
      {isOpen && <Card id={card} row={row} surprise={surprise} opensUp={opensUp} />}
    </li>
  );
}

/** What a model takes the event for. */
function CategoryChip({
  category: { value, probability },
}: {
  category: NonNullable<TrendingRow['category']>;
}) {
  return (
    <span
      class="category"
      dir="auto"
      title={`${shown(value)}, with a probability of ${format.percent(probability)}`}
    >
      {shown(value)}
    </span>
  );
}

interface CardParts {
  id: string;
  row: TrendingRow;
  surprise: Surprise | undefined;
  opensUp: boolean;
}

/** More than the past lets expect. */
function SurpriseMark({ surprise: { count, expected } }: { surprise: Surprise }) {
  const words = `${format.full(count)} said yes in this hour, and ${format.full(Math.round(expected))} were to be expected`;
  return (
    <span class="surprise" role="img" aria-label={words} title={words}>
      ▲
    </span>
  );
}

/** The card says what the row has no room for, but for what is too long for the card as well. */
function wholeIfCut(name: string): string | undefined {
  const text = whole(name);
  return text === '' || text === shown(name) ? undefined : text;
}

function Card({ id, row, surprise, opensUp }: CardParts) {
  const where = [row.venue, row.city].flatMap((name) => (name ? shown(name) : []));
  return (
    <div id={id} role="tooltip" class={opensUp ? 'card opens-up' : 'card'}>
      <b dir="auto">{shown(row.name)}</b>
      <span class="group" dir="auto">
        {shown(row.group)}
      </span>
      <dl>
        <dt>When</dt>
        <dd>{row.time === null ? 'not said' : format.appointment(row.time, utc.value)}</dd>
        <dt>Where</dt>
        <dd dir="auto">{[...where, countryName(row.country)].join(', ')}</dd>
        {row.category && (
          <>
            <dt>Category</dt>
            <dd dir="auto">
              {shown(row.category.value)}, {format.percent(row.category.probability)} sure
            </dd>
          </>
        )}
        {surprise && (
          <>
            <dt>This hour</dt>
            <dd>
              {format.full(surprise.count)} yes · {format.full(Math.round(surprise.expected))} expected
            </dd>
          </>
        )}
        <dt>Answers</dt>
        <dd>
          {format.full(row.yes)} yes · {format.full(row.no)} no
        </dd>
        <dt>Coming</dt>
        <dd>{format.full(row.heads)} with guests</dd>
      </dl>
    </div>
  );
}
