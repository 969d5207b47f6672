import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { AsOfClock } from '../batch/AsOfClock';
import type { Answer } from '../batch/contract';
import { schema } from '../batch/schema';
import { Picture } from '../charts/Picture';
import { axesOf, canDraw, figureColumns, KINDS, type Kind, labelColumns } from '../charts/series';
import { format } from '../format';
import { Axis } from './Axis';
import { FailureNote } from './FailureNote';
import { Files } from './Files';
import { ResultTable } from './ResultTable';
import { failure, received, running, wasCancelled } from './run';
import { tookOf } from './Side';

type View = 'table' | Kind;
const VIEWS: Record<View, string> = { table: 'Table', bar: 'Bar', line: 'Line', map: 'Map' };

/** What came of the statement. */
export function Result() {
  const got = received.value;
  const view = useSignal<View>('table');
  const wish = useMemo(() => wishOf(got?.question), [got]);
  useEffect(() => {
    if (got && view.value !== 'table' && !canDraw(got.answer, view.value)) view.value = 'table';
  }, [got]);
  const kind = got && view.value !== 'table' && canDraw(got.answer, view.value) ? view.value : 'table';
  return (
    <section class="panel panel-result">
      <header>
        <h2 class="unseen">Answer</h2>
        <Views view={kind} answer={got?.answer ?? null} onChoose={(next) => (view.value = next)} />
        {got && <Files question={got.question} />}
      </header>
      <p class="unseen" role="status">
        {said()}
      </p>
      <Outcome />
      <div class={`result-body${running.value || failure.value ? ' is-old' : ''}`}>
        {!got && !failure.value && !running.value && (
          <p class="nothing">
            Write a statement and run it, or take one of the examples.
            <span>Everything that headcount has counted can be asked, up to the last second.</span>
          </p>
        )}
        {got && kind === 'table' && <ResultTable answer={got.answer} />}
        {got && kind !== 'table' && <Drawn answer={got.answer} kind={kind} wish={wish} />}
      </div>
    </section>
  );
}

function Views({
  view,
  answer,
  onChoose,
}: {
  view: View;
  answer: Answer | null;
  onChoose: (next: View) => void;
}) {
  const all: View[] = ['table', ...KINDS];
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out like this
    <div class="tabs" role="group" aria-label="Show the answer as">
      {all.map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={view === name}
          disabled={name !== 'table' && !(answer && canDraw(answer, name))}
          title={answer && name !== 'table' && !canDraw(answer, name) ? NEEDS[name] : undefined}
          onClick={() => onChoose(name)}
        >
          {VIEWS[name]}
        </button>
      ))}
    </div>
  );
}

const NEEDS: Record<Kind, string> = {
  bar: 'Bars need a column of figures',
  line: 'A line needs a column of figures, and one of times or numbers',
  map: 'A map needs a column of figures and one of countries, or latitudes and longitudes',
};

/** For readers who listen: once for each change, and not for every tenth of a second. */
function said(): string {
  if (running.value) return 'Running';
  if (failure.value) return '';
  if (wasCancelled.value) return 'Cancelled';
  const { answer } = received.value ?? {};
  return answer ? `${format.full(answer.rows.length)} rows${answer.truncated ? ', cut' : ''}` : '';
}

/** The last line that a reader wants to know: how many, how long, how right. */
function Outcome() {
  const now = running.value;
  if (now) return <Progress since={now.since} bytes={now.bytes} />;
  if (failure.value) return <FailureNote {...failure.value} />;
  if (wasCancelled.value)
    return (
      <p class="outcome" data-testid="outcome" data-value="cancelled">
        Cancelled. {received.value && 'The rows below are those of the answer before.'}
      </p>
    );
  if (!received.value) return null;
  const { answer, bytes } = received.value;
  const rows = answer.rows.length;
  return (
    <div class="outcome" data-testid="outcome" data-value={rows}>
      <span>
        <b>{format.full(rows)}</b> {rows === 1 ? 'row' : 'rows'}
      </span>
      <span title="As long as the statement took">{tookOf(answer.elapsed_ms)}</span>
      <span title="Size of the answer">{format.bytes(bytes)}</span>
      {answer.bytes_read !== null && (
        <span title="Read from the files of the tables">{format.bytes(answer.bytes_read)} read</span>
      )}
      <AsOfClock asOf={answer.as_of} />
      {answer.truncated && (
        <strong data-testid="truncated">
          Cut: there are more than these {format.full(rows)} rows. Add a condition, count in groups, or take a
          file.
        </strong>
      )}
    </div>
  );
}

function Progress({ since, bytes }: { since: number; bytes: number }) {
  const [now, setNow] = useState(performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 100);
    return () => clearInterval(timer);
  }, []);
  return (
    <p class="outcome is-running" data-testid="outcome" data-value="running">
      <i class="spinner" aria-hidden="true" />
      <span>Running</span>
      <span>{format.rate(Math.max(0, now - since) / 1_000)} s</span>
      {bytes > 0 && <span>{format.bytes(bytes)}</span>}
    </p>
  );
}

interface DrawnParts {
  answer: Answer;
  kind: Kind;
  wish: { x?: string | null; y?: string | null };
}

/** A picture, with the columns that it is of. */
function Drawn({ answer, kind, wish }: DrawnParts) {
  const [chosen, setChosen] = useState<{ x?: string; y?: string }>({});
  useEffect(() => setChosen({}), [answer]);
  const axes = useMemo(() => axesOf(answer, kind, { ...wish, ...chosen }), [answer, kind, chosen]);
  const named = (indices: readonly number[]) => indices.map((index) => answer.columns[index]?.name ?? '');
  return (
    <div class="drawn">
      {axes && (
        <p class="axes">
          <Axis
            label={kind === 'map' ? 'Country' : 'Along'}
            names={named(labelColumns(answer, kind))}
            value={answer.columns[axes.x]?.name ?? ''}
            onChoose={(x) => setChosen({ ...chosen, x })}
          />
          <Axis
            label="Figure"
            names={named(figureColumns(answer))}
            value={answer.columns[axes.y]?.name ?? ''}
            onChoose={(y) => setChosen({ ...chosen, y })}
          />
        </p>
      )}
      <div class={`picture is-${kind}`}>
        <Picture answer={answer} kind={kind} axes={axes} title="Answer" />
      </div>
    </div>
  );
}

/** The columns that a named statement is drawn with. */
function wishOf(question: { named: string } | { sql: string } | undefined) {
  const isThis = ({ name, sql }: { name: string; sql: string }) =>
    question && ('named' in question ? question.named === name : question.sql === sql);
  return schema.peek()?.named.find(isThis) ?? {};
}
