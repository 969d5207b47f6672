import { useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { NoWorker } from '../batch/NoWorker';
import { lack, loadSchema, schema, trouble } from '../batch/schema';
import { ThemeButton } from '../panels/Bar';
import { Mark } from '../panels/Mark';

/** In place of the report, `/report`, which the batch worker makes: there is none, or it made no report. */
export function ReportPage() {
  const wasAway = useRef(false);
  useEffect(() => {
    void loadSchema();
  }, []);
  useSignalEffect(() => {
    if (lack.value) wasAway.current = true;
    // It is there now: the same address has the report.
    else if (schema.value && wasAway.current) location.reload();
  });
  const isThere = schema.value !== null || trouble.value !== null;
  return (
    <>
      <header class="bar">
        <Mark current="report" />
        <ThemeButton />
      </header>
      <main id="main" class="program">
        <h1 class="unseen">Report</h1>
        {lack.value && <NoWorker lack={lack.value} />}
        {!lack.value && (
          <p class="nothing" role="status">
            {isThere ? 'The report could not be made. ' : 'Asking…'}
            {isThere && (
              <a class="link" href={location.href}>
                Try again
              </a>
            )}
          </p>
        )}
      </main>
    </>
  );
}
