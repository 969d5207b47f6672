// Which pictures an answer can be drawn as, and the figures of each.

import type { Answer, Cell, Column, Named } from '../batch/contract';
import { isNumber, isTime, numberOf, textOf } from '../batch/values';
import { eventAddress } from '../pages';

export const KINDS = ['bar', 'line', 'map'] as const;
export type Kind = (typeof KINDS)[number];

/** The columns of a picture, by number. */
export interface Axes {
  x: number;
  y: number;
}

type Shape = Pick<Answer, 'columns' | 'rows'>;

export interface Bar {
  label: string;
  value: number;
  /** What a click on it chooses; nothing when it is no choice. */
  key?: string;
  /** The page of its event; nothing when it is of no event. */
  href?: string;
}

/** Rows that filter: by the value of a column. */
export interface Choice {
  column: string;
  /** Whether a value can be a filter at all. */
  canBe: (value: string) => boolean;
  chosen: readonly string[];
  onChoose: (value: string, isAdded: boolean) => void;
}

/** Rows that tell what a column holds. */
const SAMPLE = 200;
/** Bars that fit side by side, those with words under them, and how long these may be. */
const COLUMNS_MAX = 31;
const WORDS_MAX = 12;
const LABEL_MAX = 12;
const COUNTRY = /^[a-z]{2}$/i;
const EVENT_COLUMN = 'event_id';

/** Columns that can be what is counted by. */
export function labelColumns({ columns, rows }: Shape, kind: Kind): number[] {
  const all = columns.map((_, index) => index);
  if (kind === 'line') return all.filter((index) => isAlong(columns[index]));
  if (kind === 'map') return all.filter((index) => isCountry(columns[index], rows, index));
  return all;
}

/** Columns that can be the figure. */
export function figureColumns({ columns }: Shape): number[] {
  return columns.flatMap((column, index) => (isNumber(column) ? [index] : []));
}

/** The columns to draw at first, or nothing when there is no such picture. */
export function axesOf(shape: Shape, kind: Kind, wish: Pick<Named, 'x' | 'y'> = {}): Axes | null {
  const labels = labelColumns(shape, kind);
  const figures = figureColumns(shape);
  const named = (name: string | null | undefined) =>
    shape.columns.findIndex((column) => column.name === name);
  const y = figures.includes(named(wish.y)) ? named(wish.y) : undefined;
  const words = labels.filter((index) => !figures.includes(index));
  const others = [...words, ...labels].filter((index) => index !== y);
  const x = labels.includes(named(wish.x)) ? named(wish.x) : others[0];
  const figure = y ?? figures.find((index) => index !== x);
  return x === undefined || figure === undefined || shape.rows.length === 0 ? null : { x, y: figure };
}

/** Rows as bars; those without a figure are left out. */
export function barsOf({ columns, rows }: Shape, { x, y }: Axes, choice?: Choice): Bar[] {
  const column = columns.findIndex(({ name }) => name === choice?.column);
  const event = columns.findIndex(({ name }) => name === EVENT_COLUMN);
  return rows.flatMap((row): Bar[] => {
    const value = numberOf(row[y]);
    if (value === null) return [];
    const key = textOf(row[column] ?? null);
    const bar: Bar = { label: labelOf(row[x]), value };
    const href = eventAddress(textOf(row[event] ?? null));
    if (href !== undefined) bar.href = href;
    return [choice?.canBe(key) ? { ...bar, key } : bar];
  });
}

/** Rows as points in the order of x; times are seconds since 1970, as the chart wants them. */
export function pointsOf({ columns, rows }: Shape, { x, y }: Axes): [at: number[], value: number[]] {
  const column = columns[x];
  const along = column && isTime(column) ? secondsOf : numberOf;
  const points = rows.flatMap((row): [number, number][] => {
    const at = along(row[x] ?? null);
    const value = numberOf(row[y]);
    return at === null || value === null ? [] : [[at, value]];
  });
  points.sort(([one], [other]) => one - other);
  return [points.map(([at]) => at), points.map(([, value]) => value)];
}

/** The sum of the figures of each country. */
export function countriesOf({ rows }: Shape, { x, y }: Axes): Map<string, number> {
  const sums = new Map<string, number>();
  for (const row of rows) {
    const code = textOf(row[x] ?? null).toLowerCase();
    const value = numberOf(row[y]);
    if (COUNTRY.test(code) && value !== null) sums.set(code, (sums.get(code) ?? 0) + value);
  }
  return sums;
}

export type Place = readonly [longitude: number, latitude: number, title: string];

/** Rows with a place on the earth, if there are columns that say where. */
export function placesOf({ columns, rows }: Shape): Place[] {
  const find = (names: RegExp) => columns.findIndex((column) => names.test(column.name) && isNumber(column));
  const lat = find(/^(.*_)?lat(itude)?$/i);
  const lon = find(/^(.*_)?(lon|lng|longitude)$/i);
  if (lat < 0 || lon < 0) return [];
  const title = columns.findIndex((column) => column.type === 'text');
  return rows.flatMap((row): Place[] => {
    const [y, x] = [numberOf(row[lat]), numberOf(row[lon])];
    return y === null || x === null ? [] : [[x, y, title < 0 ? '' : labelOf(row[title])]];
  });
}

/** Whether figures can be drawn so. */
export function canDraw(shape: Shape, kind: Kind): boolean {
  return axesOf(shape, kind) !== null || (kind === 'map' && placesOf(shape).length > 0);
}

/** A few short labels in an order of their own, such as hours: they stand side by side. */
export function isOrdinal({ columns }: Shape, { x }: Axes, bars: readonly Bar[]): boolean {
  if (bars.length < 2 || bars.length > COLUMNS_MAX) return false;
  const column = columns[x];
  if (column && (isNumber(column) || isTime(column))) return true;
  const isShort = bars.every(({ label }) => label.length <= LABEL_MAX);
  return isShort && bars.length <= WORDS_MAX && !isRanked(bars);
}

/** Whether the bars stand from the most to the least, so that another figure may order them anew. */
export function isRanked(bars: readonly Bar[]): boolean {
  return bars.every((bar, index) => index === 0 || bar.value <= (bars[index - 1]?.value ?? 0));
}

export function labelOf(cell: Cell | undefined): string {
  return cell === null || cell === undefined ? 'NULL' : textOf(cell);
}

function isAlong(column: Column | undefined): boolean {
  return column !== undefined && (isTime(column) || isNumber(column));
}

function isCountry(column: Column | undefined, rows: readonly Cell[][], index: number): boolean {
  if (column?.type !== 'text' || !/country/i.test(column.name)) return false;
  const told = rows.slice(0, SAMPLE).flatMap((row) => textOf(row[index] ?? null) || []);
  const codes = told.filter((text) => COUNTRY.test(text)).length;
  return codes > 0 && codes >= told.length / 2;
}

function secondsOf(cell: Cell): number | null {
  const at = Date.parse(textOf(cell));
  return Number.isNaN(at) ? null : at / 1_000;
}
