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

  static start(...sources) {
    return Server.startWith([], ...sources);
  }

  /** With more options of `run`. */
  static async startWith(more, ...sources) {
    const server = new Server();
    server.more = more;
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
      ...this.more,
    ]);
    await this.#says(`http://${listen}`);
    await this.#servesFigures();
  }

  /** Waits for these words on either of its outputs. */
  #says(words) {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new Error(`${binary} did not become ready:\n${this.#output}`));
      const limit = setTimeout(fail, READY_WITHIN_MS);
      this.#child.once('exit', fail);
      for (const stream of [this.#child.stdout, this.#child.stderr])
        stream.on('data', (data) => {
          this.#output = (this.#output + data).slice(-4_000);
          if (!this.#output.includes(words)) return;
          clearTimeout(limit);
          this.#child.off('exit', fail);
          resolve();
        });
    });
  }

  /** The stream of figures begins when there are some. */
  async #servesFigures() {
    const signal = AbortSignal.timeout(READY_WITHIN_MS);
    const answer = await fetch(`${this.address}/api/v1/live`, { signal });
    const decoder = new TextDecoder();
    let text = '';
    for await (const bytes of answer.body) {
      text += decoder.decode(bytes, { stream: true });
      if (/^data: /m.test(text)) return;
    }
    throw new Error(`${binary} gives no figures: ${text}\n${this.#output}`);
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
