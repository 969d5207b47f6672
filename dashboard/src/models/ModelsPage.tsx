import { useSignalEffect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { NoWorker } from '../batch/NoWorker';
import { sentenceOf } from '../batch/questions';
import { lack } from '../batch/schema';
import { format } from '../format';
import { Skeleton } from '../lists/Skeleton';
import { utc } from '../page';
import { ThemeButton } from '../panels/Bar';
import { IgnoredNote } from '../panels/IgnoredNote';
import { Mark } from '../panels/Mark';
import { day, moment } from '../program/times';
import { shown, whole } from '../text';
import type { Training } from './contract';
import { ModelCard } from './ModelCard';
import { Overview } from './Overview';
import { load, models, problem, startAsking } from './state';
import '../styles/models.css';

/** What is learnt from the tables, and how good it is: `/models`. */
export function ModelsPage() {
  useSignalEffect(() => {
    if (lack.value === null) void load();
  });
  useEffect(startAsking, []);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the models
      </a>
      <header class="bar">
        <Mark current="models" />
        <TrainingLine training={models.value?.training ?? null} />
        <ThemeButton />
      </header>
      {problem.value && models.value && !lack.value && (
        <p class="banner" role="alert" dir="auto">
          {shown(sentenceOf(problem.value))} The cards stand still until there is an answer.
        </p>
      )}
      <main id="main" class={lack.value ? 'models is-lacking' : 'models'}>
        {lack.value ? (
          <>
            <h1 class="unseen">Models</h1>
            <NoWorker lack={lack.value} />
          </>
        ) : (
          <Cards />
        )}
      </main>
      <IgnoredNote />
    </>
  );
}

function Cards() {
  const told = models.value;
  return (
    <>
      <div class="page-head">
        <h1>Models</h1>
        <p class="note">
          what was learnt from the tables, and how it does against a simple baseline on data it has not seen
        </p>
      </div>
      {told ? (
        <>
          <Overview models={told.models} />
          <LastTraining training={told.training} />
          {told.models.map((model) => (
            <ModelCard key={model.name} model={model} />
          ))}
        </>
      ) : problem.value ? (
        <p class="nothing" role="alert">
          <span class="trouble" dir="auto">
            {shown(sentenceOf(problem.value))}
          </span>
          <button type="button" class="link" onClick={load}>
            Try again
          </button>
        </p>
      ) : (
        <div class="panel model">
          <Skeleton rows={9} height={36} />
        </div>
      )}
    </>
  );
}

/** In the bar: whether something trains now. */
function TrainingLine({ training }: { training: Training | null }) {
  if (!training?.running) return <div class="status" />;
  return (
    <div class="status is-training">
      <i aria-hidden="true" />
      <b role="status" data-testid="training" data-value="running">
        Training now
      </b>
      {training.since !== null && <span class="clock">since {moment(training.since)}</span>}
    </div>
  );
}

function LastTraining({ training }: { training: Training | null }) {
  if (!training)
    return <p class="last-training">Nothing trains by itself here: headcount train does it by hand.</p>;
  if (!training.last) return null;
  const { at, ok, message } = training.last;
  return (
    <p class="last-training" title={format.appointment(at, utc.value)}>
      Last training, {day(at)}:{' '}
      <span class={ok ? undefined : 'is-bad'} dir="auto">
        {whole(message)}
      </span>
    </p>
  );
}
