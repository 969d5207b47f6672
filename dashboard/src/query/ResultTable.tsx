import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Answer, Cell, Column } from '../batch/contract';
import { isNumber, textOf, titleOf, visible } from '../batch/values';
import { ROW_PX, widthsOf, windowOf } from './virtual';

const NEARLY = 0.7;

/** The rows of an answer. Values are text and nothing else, and null is not the empty text. */
export function ResultTable({ answer }: { answer: Answer }) {
  const { columns, rows } = answer;
  const box = useRef<HTMLElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: 600, width: 0 });
  const widths = useMemo(() => widthsOf(columns, rows), [columns, rows]);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    element.scrollTo(0, 0);
    const resizing = new ResizeObserver(() => setSeen(sightOf(element)));
    resizing.observe(element);
    return () => resizing.disconnect();
  }, [rows]);
  const sum = widths.reduce((all, width) => all + width, 0);
  // Nearly as wide as its place, it fills it; a few narrow columns stay together.
  const width = sum > seen.width * NEARLY ? Math.max(sum, seen.width) : sum;
  const { first, last } = windowOf(seen.top, seen.height, rows.length);
  return (
    <section
      class="grid-scroll"
      aria-label="Rows of the answer"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
      tabIndex={0}
      ref={box}
      onScroll={({ currentTarget }) => setSeen(sightOf(currentTarget))}
    >
      <table
        class="grid"
        data-testid="result"
        aria-rowcount={rows.length + 1}
        style={{ width: `${width}px` }}
      >
        <colgroup>
          {widths.map((width, index) => (
            <col key={index} style={{ width: `${width}px` }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column, index) => (
              <th key={index} scope="col" dir="auto" class={isNumber(column) ? 'is-number' : undefined}>
                <span title={visible(column.name)}>{visible(column.name)}</span>
                <small>{column.type}</small>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Gap rows={first} columns={columns.length} />
          {rows.slice(first, last).map((row, index) => (
            <Row key={first + index} row={row} columns={columns} index={first + index} />
          ))}
          <Gap rows={rows.length - last} columns={columns.length} />
        </tbody>
      </table>
    </section>
  );
}

function sightOf({ scrollTop, clientHeight, clientWidth }: Element) {
  return { top: scrollTop, height: clientHeight, width: clientWidth };
}

/** The room of rows that are out of sight. */
function Gap({ rows, columns }: { rows: number; columns: number }) {
  if (rows === 0) return null;
  return (
    <tr class="gap">
      <td colSpan={columns} style={{ height: `${rows * ROW_PX}px` }} />
    </tr>
  );
}

function Row({ row, columns, index }: { row: readonly Cell[]; columns: readonly Column[]; index: number }) {
  return (
    <tr aria-rowindex={index + 2} data-testid="row">
      {columns.map((column, at) => (
        <Value key={at} cell={row[at] ?? null} column={column} />
      ))}
    </tr>
  );
}

function Value({ cell, column }: { cell: Cell; column: Column }) {
  if (cell === null)
    return (
      <td class={isNumber(column) ? 'is-number' : undefined} dir="auto" data-value="null">
        <span class="null">NULL</span>
      </td>
    );
  const text = textOf(cell);
  if (text === '')
    return (
      <td dir="auto" data-value="empty">
        <span class="empty" title="A text of no characters">
          empty
        </span>
      </td>
    );
  return (
    <td class={isNumber(column) ? 'is-number' : undefined} dir="auto" title={titleOf(text)}>
      {visible(text)}
    </td>
  );
}
