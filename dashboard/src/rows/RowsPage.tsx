import { useEffect } from 'preact/hooks';
import { countryName } from '../countries';
import { format } from '../format';
import { Skeleton } from '../lists/Skeleton';
import { chooseCountry, countries, own, setOwn } from '../page';
import { BOARD_FILTERS, LISTS } from '../pages';
import { ThemeButton } from '../panels/Bar';
import { Chip } from '../panels/Chip';
import { IgnoredNote } from '../panels/IgnoredNote';
import { Mark } from '../panels/Mark';
import { shown } from '../text';
import { TITLES } from './columns';
import { listAddress } from './links';
import { RowsTable } from './RowsTable';
import { isBusy, list, load, problem, query, search, searchFor, startAsking, total } from './state';
import '../styles/rows.css';

/** Whole lists of what is counted: `/events`, `/groups` and so on. */
export function RowsPage() {
  useEffect(startAsking, []);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the rows
      </a>
      <header class="bar">
        <Mark current="events" />
        <div class="status" role="status">
          {total.value !== null && <Found count={total.value} />}
        </div>
        <ThemeButton />
      </header>
      {problem.value && total.value !== null && (
        <p class="banner" role="alert" dir="auto">
          {shown(problem.value)} The rows stand still until there is an answer.
        </p>
      )}
      <main id="main" class="lists" aria-busy={isBusy.value}>
        <h1 class="unseen">{TITLES[list]}</h1>
        <Tabs />
        <Tools />
        <div class="panel panel-rows">
          <Body />
        </div>
      </main>
      <IgnoredNote />
    </>
  );
}

function Found({ count }: { count: number }) {
  return (
    <span>
      <b>{format.full(count)}</b> {count === 1 ? 'row' : 'rows'}, in the order of the latest commit
    </span>
  );
}

function Tabs() {
  return (
    <nav class="list-tabs" aria-label="Lists">
      {LISTS.map((name) => (
        <a key={name} href={listAddress(name)} aria-current={name === list ? 'page' : undefined}>
          {TITLES[name]}
        </a>
      ))}
    </nav>
  );
}

/** What is searched for, the filters that hold, and the rows as files. */
function Tools() {
  const filters = BOARD_FILTERS.flatMap((name) => (own.value[name] ?? []).map((value) => ({ name, value })));
  const without = (name: string, value: string) => own.value[name]?.filter((other) => other !== value) ?? [];
  return (
    <div class="list-tools">
      <input
        type="search"
        aria-label={`Search ${TITLES[list].toLowerCase()}`}
        placeholder={`Search ${TITLES[list].toLowerCase()}`}
        value={search.value}
        maxLength={100}
        onInput={({ currentTarget }) => searchFor(currentTarget.value)}
      />
      <div class="chips">
        {countries.value.map((code) => (
          <Chip key={code} label={countryName(code)} onClick={() => chooseCountry(code, true)} />
        ))}
        {filters.map(({ name, value }) => (
          <Chip
            key={name + value}
            label={`${name}: ${shown(value)}`}
            onClick={() => setOwn({ [name]: without(name, value) })}
          />
        ))}
      </div>
      <p class="files">
        <a href={`${list}.csv?${query.value}&limit=10000`} download={`${list}.csv`}>
          CSV
        </a>
        <a href={`${list}.json?${query.value}&limit=10000`}>JSON</a>
      </p>
    </div>
  );
}

function Body() {
  if (total.value === null)
    return problem.value ? (
      <p class="nothing" role="alert">
        <span class="trouble" dir="auto">
          {shown(problem.value)}
        </span>
        <button type="button" class="link" onClick={load}>
          Try again
        </button>
      </p>
    ) : (
      <Skeleton rows={12} height={34} />
    );
  if (total.value === 0)
    return (
      <p class="nothing">
        {search.value === ''
          ? 'Nothing is counted here yet.'
          : `Nothing is called like “${shown(search.value)}”.`}
      </p>
    );
  return <RowsTable />;
}
