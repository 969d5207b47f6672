import { format, ratio } from '../format';
import { useFit } from '../lists/fit';
import { useGlide } from '../lists/glide';
import { useHold } from '../lists/hold';
import { useCalmOrder } from '../lists/order';
import { Skeleton } from '../lists/Skeleton';
import { by, chooseCountry, chooseOwn, filterQuery } from '../page';
import { isLoaded, totals } from '../selected';
import { BREAKDOWNS, type Breakdown } from '../url';
import { isChosen, type Part, partsBy, topOf, total } from './parts';

const LABELS: Record<Breakdown, string> = { countries: 'Countries', cities: 'Cities', topics: 'Topics' };

export function BreakdownPanel() {
  return (
    <section class="panel panel-breakdown">
      <header>
        <h2 class="unseen">Breakdown</h2>
        <Tabs />
      </header>
      <Rows />
    </section>
  );
}

function Tabs() {
  const onKeyDown = (event: KeyboardEvent) => {
    const move = { ArrowRight: 1, ArrowLeft: BREAKDOWNS.length - 1 }[event.key];
    if (move === undefined) return;
    const next = (BREAKDOWNS.indexOf(by.value) + move) % BREAKDOWNS.length;
    by.value = BREAKDOWNS[next] ?? 'countries';
    document.getElementById(`tab-${by.value}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Break down by" onKeyDown={onKeyDown}>
      {BREAKDOWNS.map((name) => (
        <button
          key={name}
          type="button"
          id={`tab-${name}`}
          role="tab"
          aria-selected={by.value === name}
          aria-controls="breakdown"
          tabIndex={by.value === name ? 0 : -1}
          onClick={() => {
            by.value = name;
          }}
        >
          {LABELS[name]}
        </button>
      ))}
    </div>
  );
}

function Rows() {
  const { box, count } = useFit({ row: 29, head: 10, unbounded: 8 });
  const { isHeld, handlers } = useHold();
  const parts = partsBy(by.value);
  const subject = by.value === 'countries' ? by.value : by.value + filterQuery.value;
  const rows = useCalmOrder(topOf(parts, count), (part) => part.key, { isHeld, subject });
  const list = useGlide<HTMLUListElement>(rows.map((part) => part.key));
  const most = Math.max(1, ...rows.map((part) => part.yes));
  const whole = by.value === 'countries' ? total(parts) : (totals.value?.yes ?? 0);
  return (
    <div
      class="rows"
      id="breakdown"
      ref={box}
      role="tabpanel"
      aria-labelledby={`tab-${by.value}`}
      {...handlers}
    >
      {!isLoaded.value && <Skeleton rows={7} height={30} />}
      {isLoaded.value && rows.length === 0 && <p class="nothing">Nothing counted yet.</p>}
      <ul ref={list}>
        {rows.map((part) => (
          <Row key={part.key} part={part} length={part.yes / most} share={ratio(part.yes, whole)} />
        ))}
      </ul>
    </div>
  );
}

function Row({ part, length, share }: { part: Part; length: number; share: number }) {
  const content = (
    <>
      <span class="track">
        <i style={{ transform: `scaleX(${length})` }} />
      </span>
      <span class="name" dir="auto" title={part.title}>
        {part.name}
        {part.place && <small>{part.place}</small>}
      </span>
      <span class="share">{format.share(share)}</span>
      <span class="count">{format.count(part.yes)}</span>
    </>
  );
  return (
    <li data-key={part.key} data-testid={part.key} data-value={part.yes}>
      <button type="button" aria-pressed={isChosen(part)} onClick={(event) => choose(part, event.shiftKey)}>
        {content}
      </button>
    </li>
  );
}

function choose({ filter: { name, value } }: Part, added: boolean): void {
  if (name === 'country') chooseCountry(value, added);
  else chooseOwn(name, value, added);
}
