import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { Answer, Named } from '../batch/contract';
import { Picture } from '../charts/Picture';
import { barsOf, type Choice, isOrdinal } from '../charts/series';
import { format } from '../format';
import { Skeleton } from '../lists/Skeleton';
import { boardFilters, chooseCountry, chooseOwn } from '../page';
import { download, toCsv } from '../panels/csv';
import { place } from '../panels/Panel';
import { shown, whole } from '../text';
import { boardAxes, hasMeasures, kindOf, type Measure, orderedRows } from './board-data';
import { askAgain, boardState } from './boards';
import { ownFilterOf, queryFor } from './sections';

/** Rows that a board shows before it is opened, unless hardly more are left. */
const FEW = 8;
const HARDLY = 2;

interface BoardParts {
  board: Named;
  /** Twelfths of the width, on a wide screen. */
  span: number;
  measure: Measure;
}

export function Board({ board, span, measure }: BoardParts) {
  const { answer, problem, isBusy } = boardState(board.name);
  return (
    <section
      class={`panel board is-${kindOf(board)}`}
      style={{ '--span': span }}
      data-testid={`board-${board.name}`}
      aria-busy={isBusy}
    >
      <header>
        <h3 dir="auto" title={whole(board.description)}>
          {shown(board.title)}
        </h3>
        <span class="note">{noteOf(board, answer, measure)}</span>
        <div class="aside">
          <a class="link" href={linkTo(board)} aria-label={`Open in Query: ${shown(board.title)}`}>
            Query
          </a>
          {answer && (
            <button
              type="button"
              class="link"
              aria-label={`Download as CSV: ${shown(board.title)}`}
              onClick={() => take(board, answer)}
            >
              CSV
            </button>
          )}
        </div>
      </header>
      <p class="about" dir="auto" aria-hidden="true">
        {shown(board.description)}
      </p>
      {problem && !isBusy ? (
        <p class="nothing" role="alert">
          <span class="trouble" dir="auto">
            {shown(problem.detail ?? problem.title)}
          </span>
          <button type="button" class="link" onClick={() => askAgain(board.name)}>
            Try again
          </button>
        </p>
      ) : answer ? (
        <div class={isBusy ? 'board-body is-old' : 'board-body'}>
          <Figures board={board} answer={answer} measure={measure} />
        </div>
      ) : (
        <Skeleton rows={6} height={36} />
      )}
    </section>
  );
}

function Figures({ board, answer, measure }: { board: Named; answer: Answer; measure: Measure }) {
  const isOpen = useSignal(false);
  const axes = useMemo(() => boardAxes(answer, board, measure), [answer, board, measure]);
  const ordered = useMemo(
    () => (axes ? { columns: answer.columns, rows: orderedRows(answer, axes) } : answer),
    [answer, axes],
  );
  if (answer.rows.length === 0)
    return (
      <p class="nothing">
        Nothing here yet.
        <span dir="auto">{shown(board.description)}</span>
      </p>
    );
  const choice = choiceOf(board);
  const bars = axes ? barsOf(ordered, axes) : [];
  const isMap = kindOf(board) === 'map';
  const isShort = !isOpen.value && bars.length > FEW + HARDLY;
  const isBars = kindOf(board) === 'bar' && axes !== null && !isOrdinal(ordered, axes, bars);
  return (
    <>
      {isMap && <Picture answer={ordered} kind="map" axes={axes} title={board.title} choice={choice} />}
      <Picture
        answer={ordered}
        kind={isMap ? 'bar' : kindOf(board)}
        axes={axes}
        title={board.title}
        most={isShort ? FEW : bars.length}
        choice={choice}
      />
      {(isMap || isBars) && bars.length > FEW + HARDLY && (
        <button
          type="button"
          class="link more"
          aria-expanded={isOpen.value}
          onClick={() => {
            isOpen.value = !isOpen.value;
          }}
        >
          {isOpen.value ? 'Show fewer' : `Show all ${format.full(bars.length)}`}
        </button>
      )}
    </>
  );
}

/** What a click on a row filters, when the board is a list of something that can be filtered by. */
function choiceOf({ name }: Named): Choice | undefined {
  const { filter, column } = ownFilterOf(name) ?? {};
  if (filter === undefined || column === undefined) return undefined;
  const isCountry = filter === 'country';
  return {
    column,
    canBe: (value) => (isCountry ? /^[a-z]{2}$/.test(value) : value !== ''),
    chosen: boardFilters.value[filter] ?? [],
    onChoose: isCountry ? chooseCountry : (value, isAdded) => chooseOwn(filter, value, isAdded),
  };
}

/** Whose figures are shown, if one of the filters does not count. */
export function whose(except?: string): string {
  const names = Object.keys(boardFilters.value).filter((name) => name !== except);
  if (names.includes('country')) return place();
  return names.length > 0 ? 'filtered' : 'worldwide';
}

/** What is counted, and of whom. */
function noteOf(board: Named, answer: Answer | null, measure: Measure): string {
  const where = whose(ownFilterOf(board.name)?.filter);
  if (answer && hasMeasures(answer, board)) return `${measure}, ${where}`;
  return board.y ? `${board.y.replaceAll('_', ' ')}, ${where}` : where;
}

/** The board's statement with the same filters. */
function linkTo({ name }: Named): string {
  const query = queryFor(name, boardFilters.value);
  return `query${query}${query === '' ? '?' : '&'}named=${encodeURIComponent(name)}`;
}

function take({ name }: Named, { columns, rows }: Answer): void {
  const cell = (value: unknown) =>
    typeof value === 'number' || typeof value === 'string'
      ? value
      : value === null
        ? ''
        : JSON.stringify(value);
  const text = toCsv(
    columns.map((column) => column.name),
    rows.map((row) => row.map(cell)),
  );
  const filters = Object.entries(boardFilters.peek()).filter(
    ([filter]) => filter !== ownFilterOf(name)?.filter,
  );
  const about = filters.flatMap(([, values]) => values);
  download(
    [name.replaceAll('_', '-'), ...about.map((value) => value.replaceAll(/[^\p{L}\p{N}]+/gu, '-'))],
    text,
  );
}
