import { batch, useSignal } from '@preact/signals';
import { schema } from '../batch/schema';
import { countryNames } from '../countries';
import { clearCountries, own } from '../page';
import { Cross, PlayIcon } from '../panels/icons';
import { shown, whole } from '../text';
import { EditorBox, focusEditor } from './EditorBox';
import { cancel, filtersShown, run, running, text } from './run';

const MODIFIER = /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘' : 'Ctrl';

/** The statement, and what can be done with it. */
export function Statement() {
  return (
    <section class="panel panel-statement">
      <header>
        <h2>Statement</h2>
        <Note />
        <div class="aside">
          <Filters />
          <CopyLink />
        </div>
      </header>
      <EditorBox />
      <div class="deeds">
        <button
          type="button"
          id="run"
          class="button is-primary"
          title={`Run (${MODIFIER}+Enter)`}
          onClick={() => (text.value.trim() === '' ? focusEditor() : run())}
        >
          <PlayIcon />
          Run
        </button>
        {running.value && (
          <button type="button" class="button" onClick={stop}>
            <Cross />
            Cancel
          </button>
        )}
        <p class="hint">
          <kbd>{MODIFIER}</kbd> <kbd>Enter</kbd> runs, <kbd>Esc</kbd> leaves the editor
        </p>
      </div>
    </section>
  );
}

/** What an example asks; otherwise in which language one asks. */
function Note() {
  const example = schema.value?.named.find(({ sql }) => sql === text.value);
  if (!example) return <span class="note">read-only, PostgreSQL’s dialect</span>;
  return (
    <span class="note is-example" dir="auto" title={whole(example.description)}>
      {shown(example.description)}
    </span>
  );
}

/** The button goes, and with it the keyboard's place. */
function stop(): void {
  cancel();
  document.getElementById('run')?.focus();
}

/** A board's filters hold until its statement is changed, or they are taken away. */
function Filters() {
  if (!filtersShown.value) return null;
  const told = Object.entries(filtersShown.value).map(([name, values]) =>
    name === 'country' ? countryNames(values) : `${name} ${values.map((value) => shown(value)).join(' or ')}`,
  );
  return (
    <button
      type="button"
      class="chip"
      data-testid="filters"
      onClick={() => {
        batch(() => {
          own.value = own.value.named ? { named: own.value.named } : {};
          clearCountries();
        });
        void run();
      }}
    >
      <span dir="auto">only {told.join(', ')}</span>
      <Cross />
      <span class="unseen">ask without this filter</span>
    </button>
  );
}

function CopyLink() {
  const said = useSignal('');
  const copy = async () => {
    const url = new URL(location.href);
    // A board's filters are in its address already.
    if (!filtersShown.value) url.search = new URLSearchParams({ q: text.value }).toString();
    try {
      await navigator.clipboard.writeText(url.href);
      said.value = 'Copied';
    } catch {
      // Only pages from a secure place may write there: the address bar has the same link after a run.
      said.value = 'Copy it from the address bar';
    }
    setTimeout(() => {
      said.value = '';
    }, 3_000);
  };
  return (
    <>
      <span role="status">{said.value}</span>
      <button type="button" class="link" disabled={text.value.trim() === ''} onClick={copy}>
        Copy link
      </button>
    </>
  );
}
