import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { format, ratio } from '../format';
import { DIRECTIONS } from '../map/walk';
import { Table } from '../program/Table';
import { shown } from '../text';
import type { Confusion } from './contract';
import { type Matrix, matrixOf, mistakesOf } from './figures';
import { HeatMap, type Place } from './HeatMap';
import { Part } from './Part';

const MISTAKES_MAX = 6;

/** Which classes are taken for which. */
export function ConfusionMatrix({ confusion, of }: { confusion: Confusion; of: string }) {
  const matrix = useMemo(() => matrixOf(confusion), [confusion]);
  const at = useSignal<Place | null>(null);
  const right = matrix.counts.reduce((sum, row, index) => sum + (row[index] ?? 0), 0);
  const all = matrix.totals.reduce((sum, count) => sum + count, 0);
  const onKeyDown = (event: KeyboardEvent) => {
    const direction = DIRECTIONS[event.key];
    if (!direction) return;
    event.preventDefault();
    const { row, column } = at.value ?? { row: 0, column: 0 };
    const within = (index: number) => Math.min(matrix.classes.length - 1, Math.max(0, index));
    at.value = at.value
      ? { row: within(row + direction[1]), column: within(column + direction[0]) }
      : { row, column };
  };
  return (
    <Part
      title="Confusion"
      note={`${format.share(ratio(right, all))} of ${format.full(all)} right; the stronger a shade, the larger its share of the row`}
      size="is-wide"
    >
      <div class="confusion">
        <HeatMap
          matrix={matrix}
          at={at.value}
          onAt={(next) => {
            at.value = next;
          }}
          onKeyDown={onKeyDown}
          of={of}
        />
        <div class="confusion-aside">
          <p class="cell-told" aria-live="polite" dir="auto">
            {at.value
              ? toldOf(matrix, at.value)
              : 'Point at a cell, or reach the picture with Tab and walk with the arrow keys.'}
          </p>
          <Mistakes matrix={matrix} />
        </div>
      </div>
      <Twin matrix={matrix} of={of} />
    </Part>
  );
}

/** "Of 120 tech, 12 (10.0%) were taken for social." */
function toldOf({ classes, counts, totals }: Matrix, { row, column }: Place): string {
  const count = counts[row]?.[column] ?? 0;
  const part = `${format.full(count)} (${format.share(ratio(count, totals[row] ?? 0))})`;
  const truth = shown(classes[row] ?? '');
  const of = `Of ${format.full(totals[row] ?? 0)} ${truth},`;
  if (row === column) return `${of} ${part} were predicted right.`;
  return `${of} ${part} were taken for ${shown(classes[column] ?? '')}.`;
}

function Mistakes({ matrix }: { matrix: Matrix }) {
  const mistakes = mistakesOf(matrix, MISTAKES_MAX);
  if (mistakes.length === 0) return null;
  return (
    <>
      <h4>Most frequent mistakes</h4>
      <ol class="mistakes">
        {mistakes.map(({ truth, predicted, count, share }) => (
          <li key={JSON.stringify([truth, predicted])}>
            <span dir="auto">
              {shown(truth)} <span class="note">taken for</span> {shown(predicted)}
            </span>
            <span class="count">
              {format.full(count)} <small>{format.percent(share)}</small>
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}

/** The same figures, for readers who listen. */
function Twin({ matrix: { classes, counts, totals }, of }: { matrix: Matrix; of: string }) {
  return (
    <details>
      <summary>As a table</summary>
      <Table
        name="confusion"
        label={`Confusion of ${of}: rows are actual classes, columns predicted ones`}
        columns={['Actual', 'Examples', 'Right', ...classes.map((name) => shown(name))]}
      >
        <tbody>
          {classes.map((name, row) => (
            <tr key={name}>
              <th scope="row" dir="auto">
                {shown(name)}
              </th>
              <td>{format.full(totals[row] ?? 0)}</td>
              <td>{format.share(ratio(counts[row]?.[row] ?? 0, totals[row] ?? 0))}</td>
              {counts[row]?.map((count, column) => (
                <td key={column} class={row === column ? 'is-right' : undefined}>
                  {format.full(count)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </Table>
    </details>
  );
}
