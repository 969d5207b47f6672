import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** Reads a recording to its end; what is not an RSVP is passed over. */
export async function readRecording(path, take) {
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const record = parse(line);
    if (record?.response) take(record);
  }
}

function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
