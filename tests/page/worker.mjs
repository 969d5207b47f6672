// A batch worker, and what is learnt, for the page under test, whatever headcount serves it: the stand-in of the dashboard answers in
// its place, and a test may change what it says.
import { answerBatch } from '../../dashboard/fake/batch.mjs';

const PATHS = /\/api\/v1\/(sql|boards|batch|models|clusters|themes|events|surprise)(\/|\?|$)/;

export class Worker {
  /** Whether there is one. */
  isThere = true;
  /** What was asked so far: `{path, query, body, accept}`. */
  asked = [];
  /** The most that were asked at the same time. */
  most = 0;
  /** Answers in its place when it gives something, now or later: `(asked) => ({status, type, body})`. */
  instead = () => undefined;
  #open = 0;

  /** Stands behind a page; to be handed to `Reader.open` as `before`. */
  behind = async (page) => {
    await page.route(PATHS, (route) => this.#answer(route, page));
  };

  async #answer(route, page) {
    const request = route.request();
    const { pathname, search, searchParams } = new URL(request.url());
    const body = request.postData() ?? '';
    const asked = {
      path: pathname,
      query: Object.fromEntries(searchParams),
      body: body === '' ? null : JSON.parse(body),
      accept: request.headers().accept,
    };
    this.asked.push(asked);
    this.#open += 1;
    this.most = Math.max(this.most, this.#open);
    const gone = new AbortController();
    const listen = (failed) => failed === request && gone.abort();
    page.on('requestfailed', listen);
    try {
      const question = { pathname, query: search, body, accept: asked.accept, signal: gone.signal };
      const answer = (await this.instead(asked)) ?? (await answerBatch(question, this.isThere));
      await route.fulfill({ status: answer.status, contentType: answer.type, body: answer.body });
    } catch (error) {
      // The page may have gone, or taken its question back.
      if (!gone.signal.aborted && !page.isClosed() && !/closed|disposed|handled/.test(error.message))
        throw error;
    } finally {
      this.#open -= 1;
      page.off('requestfailed', listen);
    }
  }

  /** What was asked at addresses that end so, each with its query. */
  of(ending) {
    return this.asked.filter(({ path }) => path.endsWith(ending)).map(({ query }) => query);
  }

  /** The statements asked so far. */
  get statements() {
    return this.asked.filter(({ path }) => path.endsWith('/sql')).map(({ body }) => body);
  }

  /** The boards asked so far, with their filters. */
  get boards() {
    return this.asked
      .filter(({ path }) => path.includes('/boards/'))
      .map(({ path, query }) => [path.slice(path.lastIndexOf('/') + 1), query]);
  }
}

/** A problem as the worker tells it. */
export function problem(status, title, more = {}) {
  return {
    status,
    type: 'application/problem+json',
    body: JSON.stringify({ title, detail: title, ...more }),
  };
}

export function json(value) {
  return { status: 200, type: 'application/json', body: JSON.stringify(value) };
}

/** The browser notes every refusal by itself. */
export function forgetRefusals(reader, ...statuses) {
  const isNoted = (complaint) => statuses.some((status) => complaint.includes(`status of ${status}`));
  reader.complaints = reader.complaints.filter((complaint) => !isNoted(complaint));
}
