import { utc } from '../page';
import { ThemeButton } from '../panels/Bar';
import { Mark } from '../panels/Mark';
import { type Known, statusOf } from '../status';
import { meaningOf, wordsOf } from '../words';
import { Books } from './Books';
import type { ProgramStatus } from './contract';
import { problem, told } from './feed';
import { Journal } from './Journal';
import { Program } from './Program';
import { Sources } from './Sources';
import { moment } from './times';
import { Workers } from './Workers';

/** How the program is: `/status`. */
export function StatusPage() {
  return (
    <>
      <a class="skip" href="#main">
        Skip to the tables
      </a>
      <header class="bar">
        <Mark current="status" />
        <Freshness />
        <ThemeButton />
      </header>
      {problem.value && told.value && (
        <p class="banner" role="alert">
          Connection lost: {problem.value}. Trying again; the tables stand still until then.
        </p>
      )}
      <main id="main" class={`program${problem.value ? ' is-frozen' : ''}`}>
        <h1 class="unseen">Status of headcount</h1>
        {told.value ? <Tables status={told.value} /> : <p class="nothing">{problem.value ?? 'Asking…'}</p>}
      </main>
    </>
  );
}

function Tables({ status }: { status: ProgramStatus }) {
  return (
    <>
      <Program status={status} />
      {status.cluster && <Workers workers={status.cluster.workers} at={status.at} />}
      <Journal status={status} />
      <Sources sources={status.sources} />
      <Books ledger={status.ledger} />
    </>
  );
}

/** How the figures stand, in the words of the live page, and when the tables were right. */
function Freshness() {
  const known = knownOf(told.value);
  const status = statusOf(known);
  return (
    <div class={`status is-${status}`} title={meaningOf(status)}>
      <i aria-hidden="true" />
      <b role="status" data-testid="status" data-value={status}>
        {wordsOf(known, utc.value)}
      </b>
      {told.value && <span class="clock">{moment(told.value.at)}</span>}
    </div>
  );
}

function knownOf(status: ProgramStatus | null): Known {
  return {
    connection: problem.value ? 'reconnecting' : status ? 'live' : 'connecting',
    isPaused: false,
    ready: { state: status?.ready ?? 'ready', reason: status?.doing ?? null },
    sources: status?.sources ?? [],
    streamTime: status?.as_of?.stream_time ?? null,
    at: status?.at ?? null,
  };
}
