type Cell = string | number;

/** A table as spreadsheets read it: byte order mark, CRLF, and no text that would run as a formula. */
export function toCsv(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [head, ...rows].map((cells) => cells.map(written).join(','));
  return `\ufeff${lines.join('\r\n')}\r\n`;
}

function written(cell: Cell): string {
  if (typeof cell === 'number') return String(cell);
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Hands a table over as a file, named after what is in it and when it was made. */
export function download(about: readonly string[], text: string): void {
  save(about, 'csv', new Blob([text], { type: 'text/csv' }));
}

export function save(about: readonly string[], extension: string, content: Blob): void {
  const at = new Date().toISOString().slice(0, 19).replaceAll(':', '');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = `${['headcount', ...about, at].join('-')}.${extension}`;
  link.click();
  URL.revokeObjectURL(link.href);
}
