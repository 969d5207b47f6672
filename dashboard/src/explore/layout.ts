// Boards side by side, so that every row is full: a row that is left over takes from the one before.

import type { Named } from '../batch/contract';
import { kindOf } from './board-data';

export interface Placed {
  board: Named;
  /** Twelfths of the width. */
  span: number;
}

const TWELVE = 12;
/** A map counts for two of three boards in a row. */
const ROOM = 3;

export function layOut(boards: readonly Named[]): Placed[] {
  const rows: Named[][] = [];
  for (const board of boards) {
    const row = rows.at(-1);
    if (row && fits(row, board)) row.push(board);
    else rows.push([board]);
  }
  const [before, last] = [rows.at(-2), rows.at(-1)];
  const isAlone = last?.length === 1 && !last.some(isMap);
  if (isAlone && before?.length === ROOM) last.unshift(...before.splice(-1));
  return rows.flatMap((row) => {
    const room = weightOf(row);
    return row.map((board) => ({ board, span: (TWELVE * weightOf([board])) / room }));
  });
}

/** Three, a map and another one, or two maps. */
function fits(row: readonly Named[], board: Named): boolean {
  const areMaps = row.length === 1 && [...row, board].every(isMap);
  return areMaps || weightOf([...row, board]) <= ROOM;
}

function weightOf(row: readonly Named[]): number {
  return row.reduce((sum, board) => sum + (isMap(board) ? 2 : 1), 0);
}

function isMap(board: Named): boolean {
  return kindOf(board) === 'map';
}
