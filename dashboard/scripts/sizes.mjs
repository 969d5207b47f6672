// Prints what a reader loads, compressed, and fails when it is more than was promised. Run after a build.
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';

const KB_MAX = { '.js': 70, '.css': 8, '.json': 75, '.woff2': 75 };
/** Compressed in itself. */
const AS_IT_IS = ['.woff2'];

const folder = new URL('../dist/assets/', import.meta.url);
const total = {};
for (const name of readdirSync(folder)) {
  const bytes = readFileSync(new URL(name, folder));
  const kind = extname(name);
  const loaded = AS_IT_IS.includes(kind) ? bytes.length : gzipSync(bytes, { level: 9 }).length;
  total[kind] = (total[kind] ?? 0) + loaded;
  console.log(`${name}  ${bytes.length} bytes, ${loaded} as loaded`);
}
for (const [kind, most] of Object.entries(KB_MAX)) {
  const kb = (total[kind] ?? 0) / 1000;
  console.log(`${kind}: ${kb.toFixed(1)} kB of at most ${most}`);
  if (kb === 0 || kb > most) process.exitCode = 1;
}
