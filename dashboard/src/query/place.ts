// Where in a statement an error is.

/** Servers count characters, JavaScript counts UTF-16 units: the offset of character `position`, from 1. */
export function offsetOf(sql: string, position: number): number {
  let offset = 0;
  let at = 1;
  for (const character of sql) {
    if (at >= position) break;
    offset += character.length;
    at += 1;
  }
  return offset;
}

/** The word that begins at an offset, or the one character there; at the end, the last one. */
export function wordAt(sql: string, offset: number): { from: number; to: number } {
  const from = Math.max(0, Math.min(offset, sql.length - 1));
  const word = /^[\p{L}\p{N}_$]+/u.exec(sql.slice(from))?.[0] ?? sql.slice(from, from + 1);
  return { from, to: from + word.length };
}

/** Line and column, from 1. */
export function lineOf(sql: string, offset: number): { line: number; column: number } {
  const before = sql.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: [...before.slice(before.lastIndexOf('\n') + 1)].length + 1 };
}
