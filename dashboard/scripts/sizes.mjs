// Prints what a reader loads, compressed, and fails when it is more than was promised. Run after a build.
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';

/** With the first page that is opened, whichever it is. */
const FIRST_KB_MAX = { '.js': 70, '.css': 8, '.json': 75, '.woff2': 75 };
/** Only by those who open the other pages; most of it is the editor of statements. */
const LATER_KB_MAX = { '.js': 175, '.css': 12 };
/** Compressed in itself. */
const AS_IT_IS = ['.woff2'];

const dist = new URL('../dist/', import.meta.url);
const index = readFileSync(new URL('index.html', dist), 'utf8');
const first = {};
const later = {};
for (const name of readdirSync(new URL('assets/', dist))) {
  const bytes = readFileSync(new URL(`assets/${name}`, dist));
  const kind = extname(name);
  const loaded = AS_IT_IS.includes(kind) ? bytes.length : gzipSync(bytes, { level: 9 }).length;
  const isFirst = !(kind in LATER_KB_MAX) || index.includes(name);
  const total = isFirst ? first : later;
  total[kind] = (total[kind] ?? 0) + loaded;
  console.log(`${name}  ${bytes.length} bytes, ${loaded} as loaded${isFirst ? '' : ', later'}`);
}
check('first', first, FIRST_KB_MAX);
check('later', later, LATER_KB_MAX);

function check(when, total, most) {
  for (const [kind, kbMax] of Object.entries(most)) {
    const kb = (total[kind] ?? 0) / 1000;
    console.log(`${when} ${kind}: ${kb.toFixed(1)} kB of at most ${kbMax}`);
    if (kb === 0 || kb > kbMax) process.exitCode = 1;
  }
}
