import { useSignalEffect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { AsOfClock } from '../batch/AsOfClock';
import { NoWorker } from '../batch/NoWorker';
import { lack, loadSchema, schema } from '../batch/schema';
import { own } from '../page';
import { ThemeButton } from '../panels/Bar';
import { IgnoredNote } from '../panels/IgnoredNote';
import { Mark } from '../panels/Mark';
import { Examples } from './Examples';
import { Result } from './Result';
import { cancel, runAddress } from './run';
import { Side } from './Side';
import { Statement } from './Statement';
import '../styles/charts.css';
import '../styles/query.css';

/** Ask anything: `/query`. */
export function QueryPage() {
  useEffect(() => {
    void loadSchema();
    return cancel;
  }, []);
  // The address may name a statement that only the schema knows; and Back brings another one.
  useSignalEffect(() => {
    if (own.value && (own.value.q || schema.value)) runAddress();
  });
  return (
    <>
      <a class="skip" href="#main">
        Skip to the statement
      </a>
      <header class="bar">
        <Mark current="query" />
        <div class="status">
          <AsOfClock asOf={schema.value?.as_of ?? null} word="tables as of" />
        </div>
        <ThemeButton />
      </header>
      <main id="main" class={lack.value ? 'query is-lacking' : 'query'}>
        <h1 class="unseen">Query</h1>
        {lack.value ? (
          <NoWorker lack={lack.value} />
        ) : (
          <>
            <Examples />
            <Side />
            <Statement />
            <Result />
          </>
        )}
      </main>
      <IgnoredNote />
    </>
  );
}
