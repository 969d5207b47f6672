// The page behind nginx, as deploy/README.md sets it up: under a name of the proxy's, and under a path.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { Reader } from './reader.mjs';
import { binary, freePort, Server } from './server.mjs';
import { forgetRefusals } from './worker.mjs';

const NAME = 'counts.example';
const missing = [
  !binary && 'HEADCOUNT_BIN is not set',
  spawnSync('nginx', ['-v']).error && 'nginx is not installed',
].filter(Boolean);
const options = { skip: missing[0] ?? false };
let browser;
let server;

before(async () => {
  if (options.skip) return;
  // How a container is told.
  process.env.HEADCOUNT_HOST = `other.example,${NAME}`;
  process.env.HEADCOUNT_TRUSTED_PROXY = '192.0.2.0/24,127.0.0.1';
  browser = await launch([`--host-resolver-rules=MAP ${NAME} 127.0.0.1`]);
  server = await Server.start('sim:?rate=20&seed=1&warmup=60');
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The block of the guide, on a port of our own, without certificate and login. */
async function block(port, path) {
  const guide = await readFile(new URL('../../deploy/README.md', import.meta.url), 'utf8');
  const [, text] = guide.match(/```nginx\n(.*?)```/s);
  const own = text
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
    .replace(/^ *(ssl_|auth_).*\n/gm, '')
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${server.port}`);
  if (path === '/') return own;
  return own.replace('location / {', `location ${path} {`).replace(/(proxy_pass [^;/]*\/\/[^;/]*);/, '$1/;');
}

async function withNginx(path, use) {
  const directory = await mkdtemp(join(tmpdir(), 'headcount-nginx-'));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${directory}/${kind};`)
    .join('\n');
  const file = join(directory, 'nginx.conf');
  await writeFile(
    file,
    `daemon off; master_process off; pid ${directory}/pid; error_log stderr notice;
     events {} http { access_log off; ${temporary} ${await block(port, path)} }`,
  );
  const nginx = spawn('nginx', ['-e', 'stderr', '-p', directory, '-c', file], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  try {
    await listens(nginx);
    assert.equal((await ask(port, `${path}healthz`)).status, 200);
    await use(port);
  } finally {
    const ended = new Promise((resolve) => nginx.once('exit', resolve));
    nginx.kill('SIGTERM');
    await ended;
    await rm(directory, { recursive: true, force: true });
  }
}

/** Reads what nginx says until it has opened its port, and passes the rest on. */
async function listens(nginx) {
  const signal = AbortSignal.timeout(30_000);
  let said = '';
  while (!said.includes('[notice]')) {
    const [data] = await Promise.race([
      once(nginx.stderr, 'data', { signal }),
      once(nginx, 'exit', { signal }),
    ]);
    said += data;
    if (nginx.exitCode !== null) throw new Error(`nginx ended: ${said}`);
  }
  // What it notes at its start and end is no news.
  nginx.stderr.on('data', (data) => {
    if (!`${data}`.includes('[notice]')) process.stderr.write(data);
  });
}

/** A request to the proxy by its name. */
function ask(port, path, headers = {}) {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers: { host: NAME, ...headers } }, async (answer) => {
      const body = (await answer.toArray()).join('');
      resolve({ status: answer.statusCode, body, headers: answer.headers });
    })
      .once('error', reject)
      .end();
  });
}

for (const path of ['/', '/counts/'])
  test(`behind nginx at ${path} the pages live, with all they refer to`, options, () =>
    withNginx(path, async (port) => {
      const reader = await Reader.open(browser, `http://${NAME}:${port}`, { path: path.slice(1) });
      const { page } = reader;
      await reader.shows('simulated');
      await page.waitForSelector('#map');
      await page.click('[data-testid^="country-"] button');
      await reader.showsCountries(1);
      assert.equal(new URL(page.url()).pathname, path);
      await page.click('nav >> text=Query');
      await page.waitForSelector('main.query');
      assert.equal(new URL(page.url()).pathname, `${path}query`);
      await page.click('nav >> text=Status');
      await page.waitForSelector('[data-testid="partitions"]');
      assert.equal(new URL(page.url()).pathname, `${path}status`);
      for (const link of await page.$$eval('a[href]', (all) => all.map(({ href }) => href))) {
        const { pathname } = new URL(link);
        // Without its worker the report may say so.
        const wanted = pathname.endsWith('/report') ? [200, 503] : [200];
        assert.ok(wanted.includes((await ask(port, pathname)).status), pathname);
      }
      // There is no batch worker.
      forgetRefusals(reader, 404, 503);
      // Without the certificate the browser notes that one header needs it.
      reader.complaints = reader.complaints.filter((text) => !text.includes('Cross-Origin-Opener-Policy'));
      for (const url of reader.requests) assert.ok(new URL(url).pathname.startsWith(path), url);
      await reader.close();
    }),
  );

/** A live stream through the proxy, asked for by a machine of its own. */
function stream(port, { from = '127.0.0.1', headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const asked = { host: '127.0.0.1', port, localAddress: from, path: '/api/v1/live' };
    request({ ...asked, headers: { host: NAME, ...headers } })
      .once('response', resolve)
      .once('error', reject)
      .end();
  });
}

test('nginx passes the live stream on as it comes', options, () =>
  withNginx('/', async (port) => {
    const answer = await stream(port);
    const text = await new Promise((resolve) => {
      let seen = '';
      answer.on('data', (data) => {
        seen += data;
        if (/event: snapshot\n.*event: (tick|ping)\n/s.test(seen)) resolve(seen);
      });
    });
    assert.match(text, /retry: 1000/);
    answer.destroy();
  }),
);

test('thirty viewers see the figures through nginx, and one of them alone has a limit', options, () =>
  withNginx('/', async (port) => {
    const streams = [];
    for (let at = 1; at <= 30; at++) {
      const viewer = await stream(port, { from: `127.0.1.${at}` });
      assert.equal(viewer.statusCode, 200, `viewer ${at}`);
      streams.push(viewer);
    }
    // One machine, whatever it says of itself: nginx adds what it sees behind that.
    const one = { from: '127.0.2.1' };
    for (let at = 1; at <= 20; at++) {
      const headers = { 'x-forwarded-for': `203.0.113.${at}`, forwarded: `for=203.0.113.${at}` };
      const again = await stream(port, { ...one, headers });
      assert.equal(again.statusCode, 200, `stream ${at}`);
      streams.push(again);
    }
    const refused = await stream(port, { ...one, headers: { 'x-forwarded-for': '203.0.113.99' } });
    assert.deepEqual([refused.statusCode, refused.headers['retry-after']], [429, '5']);
    refused.destroy();
    for (const viewer of streams) viewer.destroy();
  }),
);

test('another name gets the remedy', options, () =>
  withNginx('/', async (port) => {
    const refused = await ask(port, '/', { host: 'elsewhere.example' });
    assert.equal(refused.status, 421);
    assert.match(JSON.parse(refused.body).error, /--host elsewhere\.example/);
  }),
);
