// The page behind nginx, as deploy/README.md sets it up: under a name of the proxy's, and under a path.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { eventually, Reader } from './reader.mjs';
import { binary, freePort, Server } from './server.mjs';

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
    `daemon off; master_process off; pid ${directory}/pid; error_log stderr;
     events {} http { access_log off; ${temporary} ${await block(port, path)} }`,
  );
  const nginx = spawn('nginx', ['-e', 'stderr', '-p', directory, '-c', file], { stdio: 'inherit' });
  try {
    await eventually(async () => assert.equal((await ask(port, `${path}healthz`)).status, 200));
    await use(port);
  } finally {
    const ended = new Promise((resolve) => nginx.once('exit', resolve));
    nginx.kill('SIGTERM');
    await ended;
    await rm(directory, { recursive: true, force: true });
  }
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
  test(`behind nginx at ${path} both pages live, with all they refer to`, options, () =>
    withNginx(path, async (port) => {
      const reader = await Reader.open(browser, `http://${NAME}:${port}`, { path: path.slice(1) });
      const { page } = reader;
      await reader.shows('simulated');
      await page.waitForSelector('#map');
      await page.click('[data-testid^="country-"] button');
      await reader.showsCountries(1);
      assert.equal(new URL(page.url()).pathname, path);
      await page.click('nav >> text=Status');
      await page.waitForSelector('[data-testid="partitions"]');
      assert.equal(new URL(page.url()).pathname, `${path}status`);
      for (const link of await page.$$eval('a[href]', (all) => all.map(({ href }) => href))) {
        const { pathname } = new URL(link);
        assert.equal((await ask(port, pathname)).status, 200, pathname);
      }
      // Without the certificate the browser notes that one header needs it.
      reader.complaints = reader.complaints.filter((text) => !text.includes('Cross-Origin-Opener-Policy'));
      for (const url of reader.requests) assert.ok(new URL(url).pathname.startsWith(path), url);
      await reader.close();
    }),
  );

test('nginx passes the live stream on as it comes, and names its clients', options, () =>
  withNginx('/', async (port) => {
    // More than the server gives to one address: each is a client of its own.
    const streams = [];
    for (let at = 0; at < 25; at++) {
      const stream = await new Promise((resolve, reject) => {
        const local = `127.0.1.${at + 1}`;
        request({
          host: '127.0.0.1',
          port,
          localAddress: local,
          path: '/api/v1/live',
          headers: { host: NAME },
        })
          .once('response', resolve)
          .once('error', reject)
          .end();
      });
      assert.equal(stream.statusCode, 200);
      streams.push(stream);
    }
    const text = await new Promise((resolve) => {
      let seen = '';
      streams[0].on('data', (data) => {
        seen += data;
        if (/event: snapshot\n.*event: (tick|ping)\n/s.test(seen)) resolve(seen);
      });
    });
    assert.match(text, /retry: 1000/);
    for (const stream of streams) stream.destroy();
  }),
);

test('another name gets the remedy', options, () =>
  withNginx('/', async (port) => {
    const refused = await ask(port, '/', { host: 'elsewhere.example' });
    assert.equal(refused.status, 421);
    assert.match(JSON.parse(refused.body).error, /--host elsewhere\.example/);
  }),
);
