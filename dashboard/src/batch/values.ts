// Values of answers as text. Nothing is left out and nothing acts: what cannot be seen is written as its name.

import type { Cell, Column } from './contract';

/** Characters of a value that a cell shows; its title has more. */
export const SHOWN_MAX = 300;
const TITLE_MAX = 2_000;

const NUMBERS = new Set(['bigint', 'integer', 'smallint', 'double precision', 'real', 'numeric']);
const TIMES = new Set(['date', 'timestamptz', 'timestamp']);

/** Control characters, separators of lines, marks of writing direction, zero-width characters and tags. */
const UNSEEN =
  /[\p{Cc}\p{Zl}\p{Zp}\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
const SIGNS: Record<string, string> = { '\n': '↵', '\r': '␍', '\t': '⇥' };

export function isNumber({ type }: Column): boolean {
  return NUMBERS.has(type) || type.startsWith('numeric');
}

export function isTime({ type }: Column): boolean {
  return TIMES.has(type) || type.startsWith('timestamp');
}

/** As it came; lists and objects as JSON. Null has no text of its own. */
export function textOf(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  return typeof cell === 'object' ? JSON.stringify(cell) : String(cell);
}

/** As a cell shows it. */
export function visible(text: string, most = SHOWN_MAX): string {
  const part = text.length > most ? `${text.slice(0, most)}…` : text;
  return part.replace(UNSEEN, (sign) => SIGNS[sign] ?? `‹${codeOf(sign)}›`);
}

/** All that a title can hold, when the cell does not show it. */
export function titleOf(text: string): string | undefined {
  return text.length > 24 ? visible(text, TITLE_MAX) : undefined;
}

/** A figure to draw; null when the cell has none. Long numbers come as text. */
export function numberOf(cell: Cell | undefined): number | null {
  if (cell === null || cell === undefined || cell === '') return null;
  const value = typeof cell === 'string' || typeof cell === 'number' ? Number(cell) : Number.NaN;
  return Number.isFinite(value) ? value : null;
}

function codeOf(sign: string): string {
  return (sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
