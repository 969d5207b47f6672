import uPlot from 'uplot';
import { format } from '../format';
import { figureOf } from './figures';

export type Points = readonly [at: number[], value: number[]];

/** What x is: seconds since 1970, the same of whole days, or a number. */
export type Along = 'time' | 'date' | 'number';

export interface LineOptions {
  along: Along;
  utc: boolean;
  onRead: (index: number | null) => void;
}

const AXIS_FONT = '11px Inter, system-ui, sans-serif';
const HEADROOM = 1.08;
const DAY_S = 86_400;
/** With fewer points each is marked. */
const MARKED_MAX = 60;

/** One line over time or over a number. uPlot draws on a canvas, so colours are read from the style sheet for it. */
export class LinePlot {
  readonly #box: HTMLElement;
  readonly #resizing: ResizeObserver;
  #plot: uPlot | undefined;

  constructor(box: HTMLElement) {
    this.#box = box;
    this.#resizing = new ResizeObserver(() => this.#plot?.setSize(this.#size()));
    this.#resizing.observe(box);
  }

  show(points: Points, options: LineOptions): void {
    this.#plot?.destroy();
    const [at] = points;
    const isLong = (at.at(-1) ?? 0) - (at[0] ?? 0) > 2 * DAY_S;
    const atOf = (value: number) => {
      if (options.along === 'number') return figureOf(value);
      const time = value * 1_000;
      if (options.along === 'date') return format.day(time, true);
      return isLong ? format.day(time, options.utc) : format.minute(time, options.utc);
    };
    const accent = this.#colour('--accent');
    this.#plot = new uPlot(
      {
        ...this.#size(),
        legend: { show: false },
        padding: [10, 18, 0, 0],
        cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
        scales: {
          x: { time: options.along !== 'number' },
          y: { range: (_, least, most) => rangeOf(least, most) },
        },
        axes: [
          { ...this.#axis(), grid: { show: false }, size: 26, space: 70, values: (_, all) => all.map(atOf) },
          {
            ...this.#axis(),
            grid: { stroke: this.#colour('--line-2'), width: 1 },
            space: 34,
            size: 52,
            values: (_, all) => all.map(figureOf),
          },
        ],
        series: [
          {},
          {
            stroke: accent,
            fill: this.#colour('--line-area'),
            width: 1.5,
            points: { show: at.length <= MARKED_MAX, size: 5, fill: accent },
          },
        ],
        hooks: {
          setCursor: [({ cursor }) => options.onRead((cursor.left ?? -1) < 0 ? null : (cursor.idx ?? null))],
        },
      },
      [points[0], points[1]],
      this.#box,
    );
  }

  stop(): void {
    this.#resizing.disconnect();
    this.#plot?.destroy();
  }

  #axis(): uPlot.Axis {
    return { stroke: this.#colour('--ink-3'), font: AXIS_FONT, ticks: { show: false } };
  }

  #size(): { width: number; height: number } {
    return { width: this.#box.clientWidth, height: this.#box.clientHeight };
  }

  #colour(name: string): string {
    return getComputedStyle(this.#box).getPropertyValue(name).trim();
  }
}

/** From nothing up, unless there is less than nothing. */
function rangeOf(least: number, most: number): [number, number] {
  const bottom = Math.min(0, least * HEADROOM);
  return [bottom, most > bottom ? most * HEADROOM : bottom + 1];
}
