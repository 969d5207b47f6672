import { ThemeButton } from '../panels/Bar';
import { Mark } from '../panels/Mark';
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

/** When the tables were right; it stands still when nothing arrives. */
function Freshness() {
  const state = problem.value ? 'reconnecting' : told.value ? 'live' : 'connecting';
  const words = { live: 'Up to date', connecting: 'Connecting…', reconnecting: 'Reconnecting…' };
  return (
    <div class={`status is-${state}`}>
      <i aria-hidden="true" />
      <b role="status" data-testid="status" data-value={state}>
        {words[state]}
      </b>
      {told.value && <span class="clock">{moment(told.value.at)}</span>}
    </div>
  );
}
