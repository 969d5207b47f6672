import { useSignal } from '@preact/signals';
import { format } from '../format';
import { day } from '../program/times';
import { entries, forgetAll } from './history';
import { text } from './run';
import { SchemaTree } from './SchemaTree';

const TABS = { tables: 'Tables', history: 'History' } as const;
type Tab = keyof typeof TABS;
const NAMES = Object.keys(TABS) as Tab[];

/** Beside the editor: what there is to ask, and what was asked before. */
export function Side() {
  const tab = useSignal<Tab>('tables');
  const choose = (next: Tab) => {
    tab.value = next;
    document.getElementById(`tab-${next}`)?.focus();
  };
  const onKeyDown = ({ key }: KeyboardEvent) => {
    if (key !== 'ArrowRight' && key !== 'ArrowLeft') return;
    choose(tab.value === 'tables' ? 'history' : 'tables');
  };
  return (
    <section class="panel panel-side">
      <header>
        <h2 class="unseen">Tables and history</h2>
        <div class="tabs" role="tablist" aria-label="Beside the statement" onKeyDown={onKeyDown}>
          {NAMES.map((name) => (
            <button
              key={name}
              type="button"
              id={`tab-${name}`}
              role="tab"
              aria-selected={tab.value === name}
              aria-controls="side"
              tabIndex={tab.value === name ? 0 : -1}
              onClick={() => choose(name)}
            >
              {TABS[name]}
            </button>
          ))}
        </div>
      </header>
      <div class="side-scroll" id="side" role="tabpanel" aria-labelledby={`tab-${tab.value}`}>
        {tab.value === 'tables' ? <SchemaTree /> : <History />}
      </div>
    </section>
  );
}

function History() {
  if (entries.value.length === 0)
    return <p class="nothing">Statements that you run are listed here, in this browser only.</p>;
  return (
    <>
      <ul class="history" data-testid="history">
        {entries.value.map(({ sql, at, rows, ms }) => (
          <li key={sql}>
            <button
              type="button"
              title="Put it into the editor"
              onClick={() => {
                text.value = sql;
              }}
            >
              <code dir="auto">{sql}</code>
              <small>
                {day(at)} · {rows === null ? 'failed' : `${format.count(rows)} rows`} · {tookOf(ms)}
              </small>
            </button>
          </li>
        ))}
      </ul>
      <p class="side-foot">
        <button type="button" class="link" onClick={forgetAll}>
          Forget them all
        </button>
      </p>
    </>
  );
}

/** 12 ms, 3.4 s */
export function tookOf(ms: number): string {
  return ms < 1_000 ? `${format.full(Math.round(ms))} ms` : `${format.rate(ms / 1_000)} s`;
}
