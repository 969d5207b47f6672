import { createReadStream, existsSync, statSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The policy of the real server, so that the page never needs more than it allows. */
export const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};

/** The page looks at the address itself. */
const PAGES = ['/', '/clusters', '/explore', '/models', '/query', '/report', '/status'];
const LISTS = ['/events', '/groups', '/venues', '/cities', '/topics', '/countries'];
const EVENT = /^\/events\/[^/]+$/;

export function answerFile(pathname, response) {
  const path = join(DIST, normalize(fileOf(pathname)));
  if (!existsSync(path) || !statSync(path).isFile()) {
    response.writeHead(404, { ...HEADERS, 'content-type': 'text/plain' });
    response.end('not found\n');
    return;
  }
  response.writeHead(200, { ...HEADERS, 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' });
  createReadStream(path).pipe(response);
}

function fileOf(pathname) {
  if (EVENT.test(pathname)) return '/events/index.html';
  return [...PAGES, ...LISTS].includes(pathname) ? '/index.html' : pathname;
}
