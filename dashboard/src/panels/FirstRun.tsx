import { sources } from '../selected';
import { errorOf } from '../status';
import { shown } from '../text';
import { status } from './StatusLine';

/** Instead of a page of zeros: what is being waited for, and how to see the page move meanwhile. */
export function FirstRun() {
  const known = sources.value ?? [];
  const isOver = status.value === 'ended' || status.value === 'failed';
  return (
    <section class="panel first-run">
      <h2>{isOver ? 'No RSVP was found' : 'Waiting for the first RSVP'}</h2>
      {known.length === 0 ? (
        <p>No source is set up yet. Start headcount with one:</p>
      ) : (
        <ul>
          {known.map((source) => {
            const error = errorOf(source);
            return (
              <li key={source.name}>
                <code dir="auto">{shown(source.name)}</code> {source.state}
                {error && <span dir="auto">: {shown(error)}</span>}
              </li>
            );
          })}
        </ul>
      )}
      {known.length === 0 && (
        <code class="command">headcount run --data data --listen 127.0.0.1:8080 --source wss://…</code>
      )}
      <p>To see this page move now, start a simulated stream:</p>
      <code class="command">headcount demo</code>
    </section>
  );
}
