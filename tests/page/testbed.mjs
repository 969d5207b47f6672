import { after, before } from 'node:test';
import { launch } from './browser.mjs';
import { binary, Server } from './server.mjs';

const SIMULATION = 'sim:?rate=20&seed=1&warmup=600';

/**
 * A browser, and a headcount to look at: the running one at HEADCOUNT_URL, or one of our own (HEADCOUNT_BIN)
 * with a simulated stream.
 */
export function testbed() {
  const bed = {};
  before(async () => {
    bed.address = process.env.HEADCOUNT_URL;
    if (!bed.address) {
      if (!binary)
        throw new Error('set HEADCOUNT_URL to a running headcount, or HEADCOUNT_BIN to the program');
      bed.server = await Server.start(SIMULATION);
      bed.address = bed.server.address;
    }
    bed.address = new URL(bed.address).origin;
    bed.browser = await launch();
  });
  after(async () => {
    await bed.browser?.close();
    await bed.server?.stop();
  });
  return bed;
}
