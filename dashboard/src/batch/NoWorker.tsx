import { shown } from '../text';
import type { BatchStatus } from './contract';
import { loadSchema } from './schema';

const BUILD = 'cargo build --release -p headcount-batch';

/** Instead of errors everywhere: what is missing, and the one line that brings it. */
export function NoWorker({ lack }: { lack: BatchStatus }) {
  const remedy = lack.remedy ?? '';
  const isBuilt = remedy !== '' && !remedy.includes('cargo build');
  return (
    <section class="panel first-run" data-testid="no-worker">
      <h2>No batch worker answers</h2>
      <p>
        Tables, statements and boards are the work of a second program, <code>headcount-batch</code>. The live
        page does not need it.
      </p>
      {lack.reason && <p dir="auto">{shown(lack.reason)}</p>}
      {isBuilt ? (
        <p dir="auto">{shown(remedy)}</p>
      ) : (
        <>
          <p>Build it, and start headcount again:</p>
          <code class="command">{BUILD}</code>
        </>
      )}
      <p>
        This page looks for it every few seconds.{' '}
        <button type="button" class="link" onClick={loadSchema}>
          Look now
        </button>
      </p>
    </section>
  );
}
