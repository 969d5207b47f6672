// What the reader looks at, and the answers to it.

import { computed, effect, signal } from '@preact/signals';
import { questions } from '../batch/questions';
import { lack } from '../batch/schema';
import { ignored, own, setOwn } from '../page';
import type { Clusters, Themes } from './contract';
import { isView, isWeights, kOf, queryOf, type View, type Weights } from './view';

export const clusters = questions<Clusters>();
export const themes = questions<Themes>();

export const view = computed<View>(() => {
  const asked = own.value.view?.[0];
  return isView(asked) ? asked : 'kmeans';
});
/** As many clusters as the reader wants; null for as many as the model suggests. */
export const k = computed(() => kOf(own.value.k?.[0]));
/** What pulls a cluster towards it: each venue as much, or by the people who came. */
export const weights = computed<Weights>(() => {
  const asked = own.value.weights?.[0];
  return isWeights(asked) ? asked : 'venues';
});
/** The cluster or theme that is chosen, and the one that is pointed at. */
export const chosen = signal<number | null>(null);
export const pointed = signal<number | null>(null);

export function setView(next: View): void {
  setOwn({ view: next === 'kmeans' ? [] : [next] });
}

export function setWeights(next: Weights): void {
  setOwn({ weights: next === 'venues' ? [] : [next] });
}

export function setK(next: number | null): void {
  setOwn({ k: next === null ? [] : [String(next)] });
}

/** Chooses, or takes the choice back. */
export function choose(id: number | null): void {
  chosen.value = chosen.peek() === id ? null : id;
}

export function askClusters(): void {
  void clusters.ask(`clusters${queryOf(k.peek(), weights.peek())}`);
}

export function askThemes(): void {
  void themes.ask('themes');
}

/** Asks whenever something else is looked at, and again when the worker is back. */
export function startAsking(): () => void {
  noteUnknown();
  const stops = [
    effect(() => {
      if (lack.value === null && view.value !== 'themes' && k.value !== undefined && weights.value)
        askClusters();
    }),
    effect(() => {
      if (lack.value === null && view.value === 'themes') askThemes();
    }),
    effect(() => {
      // Numbers mean something else in another view, and clusters are others for another k.
      if (view.value && weights.value && k.value !== undefined) chosen.value = null;
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** Says once what of the address means nothing. */
function noteUnknown(): void {
  const { k: number, view: name, weights: by } = own.peek();
  const unknown = [
    ...(number && kOf(number[0]) === null ? [`k=${number[0]}`] : []),
    ...(name && !isView(name[0]) ? [`view=${name[0]}`] : []),
    ...(by && !isWeights(by[0]) ? [`weights=${by[0]}`] : []),
  ];
  if (unknown.length > 0) ignored.value = [...ignored.peek(), ...unknown];
}
