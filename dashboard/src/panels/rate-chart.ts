import uPlot from 'uplot';
import { format } from '../format';
import type { Rates } from './rates';

/** The rates under the pointer. */
export interface Reading {
  /** Seconds since 1970. */
  at: number;
  yes: number;
  no: number;
}

const AXIS_FONT = '11px Inter, system-ui, sans-serif';
/** The scale never magnifies less than this: a lone answer is not a peak. */
const TOP_LEAST = 0.2;
const TOP_OF_NOTHING = 1;
const HEADROOM = 1.12;
const MINUTE = 60;

/** Two stacked areas. uPlot draws on a canvas and cannot see the style sheet, so colours are read for it. */
export class RateChart {
  readonly #box: HTMLElement;
  readonly #onRead: (reading: Reading | null) => void;
  readonly #resizing: ResizeObserver;
  #plot: uPlot | undefined;
  #rates: Rates = { at: [], yes: [], no: [] };
  #utc = false;

  constructor(box: HTMLElement, onRead: (reading: Reading | null) => void) {
    this.#box = box;
    this.#onRead = onRead;
    this.#resizing = new ResizeObserver(() => this.#plot?.setSize(this.#size()));
    this.#resizing.observe(box);
  }

  show(rates: Rates): void {
    this.#rates = rates;
    if (this.#plot) this.#plot.setData(stacked(rates));
    else this.#make();
  }

  restyle(utc: boolean): void {
    this.#utc = utc;
    // The theme is on the page only in the next frame.
    requestAnimationFrame(() => this.#plot && this.#make());
  }

  stop(): void {
    this.#resizing.disconnect();
    this.#plot?.destroy();
  }

  #make(): void {
    this.#plot?.destroy();
    const options: uPlot.Options = {
      ...this.#size(),
      legend: { show: false },
      padding: [8, 16, 0, 0],
      cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
      scales: { y: { range: (_, __, most) => [0, topOf(most)] } },
      axes: this.#axes(),
      series: [{}, this.#area('no'), this.#area('yes')],
      hooks: { setCursor: [(plot) => this.#read(plot)] },
    };
    this.#plot = new uPlot(options, stacked(this.#rates), this.#box);
  }

  #axes(): uPlot.Axis[] {
    const shared: uPlot.Axis = {
      stroke: this.#colour('--ink-3'),
      font: AXIS_FONT,
      ticks: { show: false },
    };
    const minutes = (_: uPlot, times: number[]) => times.map((time) => format.minute(time * 1000, this.#utc));
    return [
      { ...shared, grid: { show: false }, space: 50, incrs: [MINUTE, 2 * MINUTE], size: 24, values: minutes },
      { ...shared, grid: { stroke: this.#colour('--line-2'), width: 1 }, space: 30, size: 34 },
    ];
  }

  #area(answer: 'yes' | 'no'): uPlot.Series {
    return {
      label: answer,
      stroke: this.#colour(`--${answer}`),
      fill: this.#colour(`--${answer}-area`),
      width: 1.25,
      points: { show: false },
      paths: uPlot.paths.spline?.(),
    };
  }

  #read({ cursor }: uPlot): void {
    const index = cursor.idx;
    if (index === null || index === undefined || (cursor.left ?? -1) < 0) this.#onRead(null);
    else {
      const { at, yes, no } = this.#rates;
      this.#onRead({ at: at[index] ?? 0, yes: yes[index] ?? 0, no: no[index] ?? 0 });
    }
  }

  #size(): { width: number; height: number } {
    return { width: this.#box.clientWidth, height: this.#box.clientHeight };
  }

  #colour(name: string): string {
    return getComputedStyle(this.#box).getPropertyValue(name).trim();
  }
}

function topOf(most: number): number {
  return most > 0 ? Math.max(TOP_LEAST, most * HEADROOM) : TOP_OF_NOTHING;
}

/** Areas are drawn from the back: yes and no together, then yes over it. */
function stacked({ at, yes, no }: Rates): uPlot.AlignedData {
  return [at, yes.map((rate, index) => rate + (no[index] ?? 0)), yes];
}
