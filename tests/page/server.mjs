// Starts and stops a headcount of our own, to do to it what nobody may do to a running one.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const READY_WITHIN_MS = 60_000;

/** The program under test; without it the tests that need one of their own are skipped. */
export const binary = process.env.HEADCOUNT_BIN;

export class Server {
  #child;
  #output = '';

  static async start(...sources) {
    const server = new Server();
    server.directory = await mkdtemp(join(tmpdir(), 'headcount-page-'));
    server.port = await freePort();
    server.address = `http://127.0.0.1:${server.port}`;
    server.sources = sources;
    await server.resume();
    return server;
  }

  /** Starts it, or starts it again on the same data and the same address. */
  async resume() {
    const sources = this.sources.flatMap((source) => ['--source', source]);
    const listen = `127.0.0.1:${this.port}`;
    this.#child = spawn(binary, [
      'run',
      '--data',
      join(this.directory, 'data'),
      '--listen',
      listen,
      ...sources,
    ]);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.on('data', (data) => {
        this.#output = (this.#output + data).slice(-4_000);
      });
    await this.#ready();
  }

  async #ready() {
    const until = Date.now() + READY_WITHIN_MS;
    while (Date.now() < until) {
      if (this.#child.exitCode !== null) break;
      const answer = await fetch(`${this.address}/readyz`).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${binary} did not become ready:\n${this.#output}`);
  }

  /** Neither dead nor answering. */
  freeze() {
    this.#child.kill('SIGSTOP');
  }

  thaw() {
    this.#child.kill('SIGCONT');
  }

  kill() {
    return new Promise((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return resolve();
      this.#child.once('exit', resolve);
      this.#child.kill('SIGKILL');
    });
  }

  async stop() {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
