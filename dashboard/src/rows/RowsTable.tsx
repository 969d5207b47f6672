import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type Column, columnsOf } from './columns';
import type { ListRow } from './contract';
import { addressOf } from './links';
import { list, order, query, rows, show, sort, sortBy, total } from './state';

export const ROW_PX = 34;
/** Rows above and below those in sight, for a wheel that is faster than a frame. */
const SPARE = 10;

/** All rows of the list, of which only those in sight are elements. */
export function RowsTable() {
  const box = useRef<HTMLElement>(null);
  const [sight, setSight] = useState({ top: 0, height: 600 });
  const columns = columnsOf(list);
  const count = total.value ?? 0;
  const first = Math.max(0, Math.floor(sight.top / ROW_PX) - SPARE);
  const last = Math.min(count, Math.ceil((sight.top + sight.height) / ROW_PX) + SPARE);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const resizing = new ResizeObserver(() => setSight(sightOf(element)));
    resizing.observe(element);
    return () => resizing.disconnect();
  }, []);
  // Other rows begin at the top.
  useEffect(() => box.current?.scrollTo(0, 0), [query.value]);
  useEffect(() => show(Math.min(first, last), last), [first, last]);
  const indexes = Array.from({ length: Math.max(0, last - first) }, (_, at) => first + at);
  return (
    <section
      class="rows-scroll"
      aria-label="Rows"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
      tabIndex={0}
      ref={box}
      onScroll={({ currentTarget }) => setSight(sightOf(currentTarget))}
    >
      <table class="list-rows" aria-rowcount={count + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <Head key={column.title} column={column} />
            ))}
          </tr>
        </thead>
        <tbody>
          <Gap rows={first} columns={columns.length} />
          {indexes.map((at) => (
            <Row key={at} at={at} row={rows.value.get(at)} columns={columns} />
          ))}
          <Gap rows={count - last} columns={columns.length} />
        </tbody>
      </table>
    </section>
  );
}

function sightOf({ scrollTop, clientHeight }: Element) {
  return { top: scrollTop, height: clientHeight };
}

function Head({ column: { title, sort: name, spare, isNumber } }: { column: Column }) {
  const isSorted = name !== undefined && sort.value === name;
  const direction = order.value === 'asc' ? 'ascending' : 'descending';
  return (
    <th scope="col" class={looksOf(spare, isNumber)} aria-sort={isSorted ? direction : undefined}>
      {name ? (
        <button type="button" onClick={() => sortBy(name)} title={`Sort by ${title.toLowerCase()}`}>
          {title}
          <span aria-hidden="true">{isSorted ? (order.value === 'asc' ? ' ▲' : ' ▼') : ''}</span>
        </button>
      ) : (
        title
      )}
    </th>
  );
}

function Row({ at, row, columns }: { at: number; row?: ListRow; columns: readonly Column[] }) {
  return (
    <tr aria-rowindex={at + 2} data-testid="list-row" data-value={row?.id} aria-busy={!row}>
      {columns.map((column, index) =>
        index === 0 ? (
          <Name key={column.title} row={row} column={column} />
        ) : (
          <Cell key={column.title} row={row} column={column} />
        ),
      )}
    </tr>
  );
}

function Name({ row, column }: { row?: ListRow; column: Column }) {
  if (!row) return <th scope="row" />;
  const name = column.text(row);
  const address = addressOf(list, row);
  return (
    <th scope="row" dir="auto" title={name}>
      {address ? <a href={address}>{name}</a> : name}
    </th>
  );
}

function Cell({ row, column }: { row?: ListRow; column: Column }) {
  const text = row ? column.text(row) : '';
  const looks = looksOf(column.spare, column.isNumber);
  return column.isNumber ? (
    <td class={looks}>{text}</td>
  ) : (
    <td class={looks} dir="auto" title={text}>
      {text}
    </td>
  );
}

function looksOf(spare: Column['spare'], isNumber: boolean | undefined): string | undefined {
  const looks = [isNumber && 'is-number', spare && `spare-${spare}`].filter(Boolean).join(' ');
  return looks === '' ? undefined : looks;
}

/** The room of rows that are out of sight. */
function Gap({ rows, columns }: { rows: number; columns: number }) {
  if (rows <= 0) return null;
  return (
    <tr class="gap">
      <td colSpan={columns} style={{ height: `${rows * ROW_PX}px` }} />
    </tr>
  );
}
