// From the answer of a board to what its panel shows.

import type { Answer, Cell, Named } from '../batch/contract';
import { numberOf } from '../batch/values';
import { type Axes, axesOf, barsOf, figureColumns, isRanked, type Kind } from '../charts/series';

export const MEASURES = ['events', 'people'] as const;
export type Measure = (typeof MEASURES)[number];

/** Whether a board counts both, so that the reader's choice says which. */
export function hasMeasures({ columns }: Pick<Answer, 'columns'>, { y }: Pick<Named, 'y'>): boolean {
  const names: readonly string[] = MEASURES;
  if (!y || !names.includes(y)) return false;
  return MEASURES.every((measure) => columns.some(({ name }) => name === measure));
}

export function kindOf({ chart }: Named): Kind {
  return chart === 'table' ? 'bar' : chart;
}

/** The columns to draw: the label comes first, and the measure is the chosen one where there are both. */
export function boardAxes(answer: Answer, board: Named, measure: Measure): Axes | null {
  const y = hasMeasures(answer, board) ? measure : board.y;
  const wish = { x: board.x ?? answer.columns[0]?.name, y };
  // A map of places has no column of countries, but its rows have labels all the same.
  return axesOf(answer, kindOf(board), wish) ?? axesOf(answer, 'bar', wish);
}

/** Rows by the figure that is shown, when they stood by rank; those in an order of their own keep it. */
export function orderedRows(answer: Answer, axes: Axes): Cell[][] {
  const figures = figureColumns(answer).filter((index) => index !== axes.x);
  const wasRanked = figures.some((y) => isRanked(barsOf(answer, { x: axes.x, y })));
  if (!wasRanked) return answer.rows;
  const figureOf = (row: readonly Cell[]) => numberOf(row[axes.y]) ?? Number.NEGATIVE_INFINITY;
  return answer.rows.toSorted((one, other) => figureOf(other) - figureOf(one));
}
