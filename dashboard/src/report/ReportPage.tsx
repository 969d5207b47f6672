import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { askReport, Refusal } from '../batch/client';
import { NoWorker } from '../batch/NoWorker';
import { lack, loadSchema, schema, trouble } from '../batch/schema';
import { ThemeButton } from '../panels/Bar';
import { Mark } from '../panels/Mark';
import { shown } from '../text';

/** A report reads all of the tables. */
const WITHIN_MS = 60_000;

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
  return (
    <>
      <header class="bar">
        <Mark current="report" />
        <ThemeButton />
      </header>
      <main id="main" class="program">
        <h1 class="unseen">Report</h1>
        {lack.value ? (
          <NoWorker lack={lack.value} />
        ) : schema.value || trouble.value ? (
          <Failed />
        ) : (
          <p class="nothing">Asking…</p>
        )}
      </main>
    </>
  );
}

/** The worker is there and made no report: it is asked once more, for its reason. */
function Failed() {
  const reason = useSignal('');
  useEffect(() => {
    askReport(AbortSignal.timeout(WITHIN_MS)).catch((error) => {
      const { detail, title } = error instanceof Refusal ? error.problem : { detail: null, title: '' };
      reason.value = detail ?? title;
    });
  }, []);
  return (
    <p class="nothing" role="status">
      The report could not be made.
      {reason.value && <span dir="auto">{shown(reason.value)}</span>}
      <a class="link" href={location.href}>
        Try again
      </a>
    </p>
  );
}
