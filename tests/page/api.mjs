/** The object that `headcount summary --json` prints. */
export async function summary(address) {
  const answer = await fetch(`${address}/api/v1/summary`);
  if (!answer.ok) throw new Error(`summary: ${answer.status}`);
  return answer.json();
}

/** The snapshot with which the live stream begins. */
export async function snapshot(address, query = '') {
  const stop = new AbortController();
  const answer = await fetch(`${address}/api/v1/live${query}`, { signal: stop.signal });
  if (!answer.ok) throw new Error(`live: ${answer.status}`);
  try {
    let text = '';
    const decoder = new TextDecoder();
    for await (const bytes of answer.body) {
      text += decoder.decode(bytes, { stream: true });
      const found = /event: ?snapshot\n(?:.*\n)*?data: ?(.*)\n\n/.exec(text) ?? /data: ?(.*)\n\n/.exec(text);
      if (found) return JSON.parse(found[1]);
    }
    throw new Error('the stream ended before its snapshot');
  } finally {
    stop.abort();
  }
}
