import { useEffect } from 'preact/hooks';
import { AsOfClock } from '../batch/AsOfClock';
import { NoWorker } from '../batch/NoWorker';
import { lack, loadSchema, schema, trouble } from '../batch/schema';
import { countryName } from '../countries';
import { Skeleton } from '../lists/Skeleton';
import { chooseCountry, countries, own, setOwn } from '../page';
import { BOARD_FILTERS } from '../pages';
import { ThemeButton } from '../panels/Bar';
import { Chip } from '../panels/Chip';
import { IgnoredNote } from '../panels/IgnoredNote';
import { Mark } from '../panels/Mark';
import { shown } from '../text';
import { Board, whose } from './Board';
import { MEASURES, type Measure } from './board-data';
import { startBoards } from './boards';
import { layOut } from './layout';
import { type Section, sectionsOf } from './sections';
import '../styles/charts.css';
import '../styles/explore.css';
import '../styles/segments.css';

/** The analyses that come with the program: `/explore`. */
export function ExplorePage() {
  useEffect(() => {
    void loadSchema();
    return startBoards();
  }, []);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the boards
      </a>
      <header class="bar">
        <Mark current="explore" />
        <div class="status">
          <AsOfClock asOf={schema.value?.as_of ?? null} />
          {schema.value && (
            <button type="button" class="link" onClick={loadSchema}>
              Refresh
            </button>
          )}
        </div>
        <ThemeButton />
      </header>
      <main id="main" class={lack.value ? 'explore is-lacking' : 'explore'}>
        {lack.value ? (
          <>
            <h1 class="unseen">Explore</h1>
            <NoWorker lack={lack.value} />
          </>
        ) : (
          <Boards />
        )}
      </main>
      <IgnoredNote />
    </>
  );
}

function Boards() {
  const sections = sectionsOf(schema.value?.named ?? []);
  return (
    <>
      <div class="explore-head">
        <h1>
          Explore <span>{whose()}</span>
        </h1>
        <Chips />
        <Measures />
      </div>
      {schema.value && sections.length === 0 && <p class="nothing">No board comes with this program.</p>}
      {!schema.value && trouble.value && (
        <p class="nothing" role="alert">
          The boards could not be listed: {shown(trouble.value)}
        </p>
      )}
      {!schema.value && !trouble.value && <Waiting />}
      {sections.map((section) => (
        <SectionOf key={section.title} section={section} />
      ))}
    </>
  );
}

function SectionOf({ section: { title, note, boards } }: { section: Section }) {
  const id = `section-${title.replaceAll(' ', '-')}`;
  return (
    <section class="boards" aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        <p class="note">{note}</p>
      </header>
      <div class="board-grid">
        {layOut(boards).map(({ board, span }) => (
          <Board key={board.name} board={board} span={span} measure={measure()} />
        ))}
      </div>
    </section>
  );
}

/** Boards that count both show the one that is chosen. */
function Measures() {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out like this
    <div class="segments" role="group" aria-label="Count">
      {MEASURES.map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={measure() === name}
          onClick={() => setOwn({ measure: name === 'events' ? [] : [name] })}
        >
          {name === 'events' ? 'Events' : 'People'}
        </button>
      ))}
    </div>
  );
}

function measure(): Measure {
  return own.value.measure?.[0] === 'people' ? 'people' : 'events';
}

/** The filters that hold, each to be taken away. */
function Chips() {
  const others = BOARD_FILTERS.flatMap((name) => (own.value[name] ?? []).map((value) => ({ name, value })));
  const without = (name: string, value: string) => own.value[name]?.filter((other) => other !== value) ?? [];
  return (
    <div class="chips">
      {countries.value.map((code) => (
        <Chip key={code} label={countryName(code)} onClick={() => chooseCountry(code, true)} />
      ))}
      {others.map(({ name, value }) => (
        <Chip
          key={name + value}
          label={`${name}: ${shown(value)}`}
          onClick={() => setOwn({ [name]: without(name, value) })}
        />
      ))}
    </div>
  );
}

/** Where the boards will be. */
function Waiting() {
  return (
    <div class="board-grid" aria-hidden="true">
      {Array.from({ length: 6 }, (_, index) => (
        <div key={index} class="panel board">
          <header />
          <Skeleton rows={6} height={36} />
        </div>
      ))}
    </div>
  );
}
