import { useEffect, useRef } from 'preact/hooks';
import { ratio } from '../format';
import { shown } from '../text';
import type { Matrix } from './figures';

/** A cell, by numbers from 0. */
export interface Place {
  row: number;
  column: number;
}

interface HeatMapParts {
  matrix: Matrix;
  at: Place | null;
  onAt: (place: Place | null) => void;
  onKeyDown: (event: KeyboardEvent) => void;
  /** The model's name. */
  of: string;
}

/** The room for names, beside the rows and above the columns. */
const NAMES = 138;
const ABOVE = 112;
const RIGHT = 78;
/** Of a side, for the cells; few classes make no giants of them. */
const CELLS = 560;
const CELL_MAX = 44;
const NAME_MAX = 18;

/** Shades of one hue on the diagonal, of a warm one beside it, so that mistakes are seen. */
export function HeatMap({ matrix, at, onAt, onKeyDown, of }: HeatMapParts) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // On a small screen the keys may leave what is seen.
    box.current?.querySelector('.heat-at')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [at]);
  const { classes, counts, totals } = matrix;
  const cell = Math.min(CELL_MAX, CELLS / Math.max(1, classes.length));
  const side = cell * classes.length;
  const font = Math.min(12, cell * 0.78);
  const onPoint = (event: MouseEvent) => {
    const { row, column } = (event.target as SVGElement).dataset;
    onAt(row === undefined ? null : { row: Number(row), column: Number(column) });
  };
  return (
    <div
      class="heat-map"
      ref={box}
      role="application"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: role application is interactive, and this is its one tab stop
      tabIndex={0}
      aria-roledescription="heat map"
      aria-label={`Confusion of ${of}, ${classes.length} classes: the arrow keys move between cells, the table below holds the same figures`}
      onKeyDown={onKeyDown}
      onBlur={() => onAt(null)}
    >
      <svg
        viewBox={`0 0 ${NAMES + side + RIGHT} ${ABOVE + side + 2}`}
        style={{ width: `${NAMES + side + RIGHT}px` }}
        aria-hidden="true"
        onPointerMove={onPoint}
        onPointerLeave={() => onAt(null)}
        onClick={onPoint}
      >
        {classes.map((name, index) => (
          <g key={name} style={{ fontSize: `${font}px` }}>
            <text
              class={at?.row === index ? 'is-at' : undefined}
              x={NAMES - 7}
              y={ABOVE + (index + 0.5) * cell + font * 0.35}
              text-anchor="end"
            >
              {shortened(name)}
            </text>
            <text
              class={at?.column === index ? 'is-at' : undefined}
              transform={`translate(${NAMES + (index + 0.5) * cell + font * 0.3} ${ABOVE - 6}) rotate(-55)`}
            >
              {shortened(name)}
            </text>
          </g>
        ))}
        <rect class="heat-ground" x={NAMES} y={ABOVE} width={side} height={side} />
        {counts.map((row, y) =>
          row.map((count, x) => (
            <rect
              key={`${y} ${x}`}
              class={x === y ? 'is-right' : 'is-mistake'}
              data-row={y}
              data-column={x}
              x={NAMES + x * cell}
              y={ABOVE + y * cell}
              width={cell - 1}
              height={cell - 1}
              // The root, or all but the largest mistakes would be as pale as none.
              fill-opacity={Math.sqrt(ratio(count, totals[y] ?? 0)).toFixed(2)}
            />
          )),
        )}
        {at && (
          <rect
            class="heat-at"
            x={NAMES + at.column * cell - 1}
            y={ABOVE + at.row * cell - 1}
            width={cell + 1}
            height={cell + 1}
          />
        )}
      </svg>
    </div>
  );
}

function shortened(name: string): string {
  const letters = Array.from(shown(name));
  return letters.length > NAME_MAX ? `${letters.slice(0, NAME_MAX - 1).join('')}…` : letters.join('');
}
