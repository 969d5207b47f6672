#!/usr/bin/env node
// A stand-in for headcount that speaks just enough of its language to work on the page without building it:
// the same arguments, the same addresses, the same stream. Nothing is kept and little is checked.
//
//   node fake/headcount.mjs run --listen 127.0.0.1:7171 --source 'sim:?rate=26&seed=7'
//
// `--no-batch`: as if nobody had built the batch worker.
// Sources: `sim:?rate=N&seed=S&before=N` (RSVPs that were there before), `file:PATH` (lines of JSON), none.
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { answerBatch, isBatchPath } from './batch.mjs';
import { Figures } from './figures.mjs';
import { answerList, listOf } from './lists.mjs';
import { Live } from './live.mjs';
import { readRecording } from './recording.mjs';
import { simulate } from './simulation.mjs';
import { answerFile, HEADERS } from './site.mjs';
import { statusOf } from './status.mjs';

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string' },
    'no-batch': { type: 'boolean', default: false },
    listen: { type: 'string', default: '127.0.0.1:7171' },
    source: { type: 'string', multiple: true, default: [] },
  },
});

const figures = new Figures();
const live = new Live(figures);
for (const address of values.source) {
  const source = {
    name: address,
    kind: address.startsWith('file:') ? 'file' : 'simulation',
    state: 'live',
    last_record_at: null,
    gaps: 0,
    error: null,
  };
  figures.sources.push(source);
  const take = (record) => {
    figures.count(record);
    source.last_record_at = Date.now();
  };
  if (address.startsWith('file:')) readRecording(address.slice('file:'.length), take).then(() => end(source));
  else simulate(new URL(address).searchParams, take);
}

function end(source) {
  source.state = 'ended';
  figures.version += 1;
}

const [host, port] = values.listen.split(':');
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  if (pathname === '/healthz' || pathname === '/readyz') return answerJson(response, { ready: true });
  if (pathname === '/api/v1/summary') return answerJson(response, figures.summary());
  if (pathname === '/api/v1/status') return answerJson(response, statusOf(figures));
  if (pathname === '/api/v1/live') return live.open(request, response, searchParams.get('country') ?? '');
  const list = listOf(pathname);
  if (list) return answerJson(response, answerList(list, figures.events(), searchParams));
  if (isBatchPath(pathname)) return void forwardToBatch(request, response);
  return answerFile(pathname, response);
});
server.listen(Number(port), host, () => console.log(`http://${values.listen}`));

function answerJson(response, value) {
  response.writeHead(200, { ...HEADERS, 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

async function forwardToBatch(request, response) {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const parts = [];
  for await (const part of request) parts.push(part);
  const { pathname, search } = new URL(request.url, 'http://localhost');
  const question = {
    pathname,
    query: search,
    body: Buffer.concat(parts).toString(),
    accept: request.headers.accept,
    signal: gone.signal,
    surprising: surprising(),
  };
  const { status, type, body } = await answerBatch(question, !values['no-batch']);
  response.writeHead(status, { ...HEADERS, 'content-type': type });
  response.end(body);
}

/** Every second of the trending events has more than is to be expected. */
function surprising() {
  const trending = figures.view([]).trending.filter((_, rank) => rank % 2 === 0);
  return trending.map(({ event_id: key, recent: count }) => ({
    key,
    count,
    expected: count / 5,
    probability: 0.0002,
  }));
}
