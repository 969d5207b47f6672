// A server between the page and headcount that changes what the live stream says.
import { createServer, request } from 'node:http';

/** Messages pass through `change(data, name)`; with `refuse` there is no stream, and the status says why. */
export async function rewriting(address, { change = (data) => data, refuse } = {}) {
  const upstream = new URL(address);
  const server = createServer((asked, answer) => {
    const isLive = asked.url.startsWith('/api/v1/live');
    if (refuse && isLive) return answer.writeHead(503).end();
    if (refuse && asked.url === '/api/v1/status')
      return answer
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ ready: 'failed', doing: refuse }));
    // What is to be rewritten must be read.
    const headers = isLive ? { ...asked.headers, 'accept-encoding': 'identity' } : asked.headers;
    const options = { host: upstream.hostname, port: upstream.port, path: asked.url, headers };
    const passed = request(options, (reply) => {
      answer.writeHead(reply.statusCode, reply.headers);
      // A reader that leaves cuts the stream off, which is no fault of anybody's.
      if (isLive) pass(reply, answer, change).catch(() => answer.destroy());
      else reply.pipe(answer);
    });
    // Whoever goes first takes the other along.
    passed.once('error', () => answer.destroy());
    answer.once('close', () => passed.destroy());
    passed.end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function pass(reply, answer, change) {
  let rest = '';
  reply.setEncoding('utf8');
  for await (const text of reply) {
    const events = (rest + text).split('\n\n');
    rest = events.pop();
    for (const event of events) answer.write(`${rewrite(event, change)}\n\n`);
  }
  answer.end();
}

function rewrite(event, change) {
  const name = event.match(/^event: (.*)$/m)?.[1];
  return event.replace(
    /^data: (.*)$/m,
    (_, data) => `data: ${JSON.stringify(change(JSON.parse(data), name))}`,
  );
}
