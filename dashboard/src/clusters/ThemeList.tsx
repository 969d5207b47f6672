import { format } from '../format';
import { shown } from '../text';
import type { Theme } from './contract';
import { wordsOf } from './layers';
import { Swatch } from './Swatch';
import { choose, chosen, pointed } from './state';
import { useSeen } from './use-seen';

const WORDS_MAX = 5;

/** The themes with their most telling words; choosing one shows the cities that it sets apart. */
export function ThemeList({ themes }: { themes: readonly Theme[] }) {
  const list = useSeen();
  const most = mostOf(themes);
  if (themes.length === 0) return <p class="nothing">There is no theme.</p>;
  return (
    <ol class="cluster-list" ref={list}>
      {ordered(themes).map((theme) => (
        <li key={theme.id} data-testid="theme" data-value={theme.id}>
          <button
            type="button"
            aria-pressed={chosen.value === theme.id}
            class={pointed.value === theme.id ? 'is-pointed' : undefined}
            onClick={() => choose(theme.id)}
          >
            <Swatch colour={theme.id} />
            <Words theme={theme} most={most} />
          </button>
        </li>
      ))}
    </ol>
  );
}

/** The factors of the other method, which stand for themselves. */
export function FactorList({ factors }: { factors: readonly Theme[] }) {
  const most = mostOf(factors);
  return (
    <ol class="cluster-list is-plain">
      {ordered(factors).map((factor) => (
        <li key={factor.id} data-testid="factor" data-value={factor.id}>
          <div>
            <Words theme={factor} most={most} />
          </div>
        </li>
      ))}
    </ol>
  );
}

function Words({ theme: { name = '', words, share, events }, most }: { theme: Theme; most: number }) {
  return (
    <>
      <span class="name" dir="auto" title={wordsOf(words, words.length)}>
        {wordsOf(words, WORDS_MAX) || shown(name, 'no words')}
      </span>
      <span class="count" title={events == null ? undefined : `${format.full(events)} events`}>
        {format.share(share)}
        <span class="unseen"> of events</span>
      </span>
      <span class="track" aria-hidden="true">
        <i style={{ transform: `scaleX(${share / most})` }} />
      </span>
    </>
  );
}

function ordered(themes: readonly Theme[]): Theme[] {
  return themes.toSorted((one, other) => other.share - one.share);
}

function mostOf(themes: readonly Theme[]): number {
  return Math.max(1e-9, ...themes.map(({ share }) => share));
}
