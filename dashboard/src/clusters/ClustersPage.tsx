import { useComputed } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { NoWorker } from '../batch/NoWorker';
import { ProblemPanel } from '../batch/ProblemPanel';
import { lack } from '../batch/schema';
import { format } from '../format';
import { Skeleton } from '../lists/Skeleton';
import { root } from '../pages';
import { ThemeButton } from '../panels/Bar';
import { IgnoredNote } from '../panels/IgnoredNote';
import { Mark } from '../panels/Mark';
import { Panel } from '../panels/Panel';
import { shown } from '../text';
import { Cities } from './Cities';
import { ClusterList } from './ClusterList';
import { ClusterMap } from './ClusterMap';
import type { Clusters, Themes } from './contract';
import { KSlider } from './KSlider';
import { densityLayer, kMeansLayer, themesLayer } from './layers';
import {
  askClusters,
  askThemes,
  chosen,
  clusters,
  setView,
  setWeights,
  startAsking,
  themes,
  view,
  weights,
} from './state';
import { FactorList, ThemeList } from './ThemeList';
import { VIEWS, type View, WEIGHTS, type Weights } from './view';
import '../styles/models.css';
import '../styles/clusters.css';
import '../styles/segments.css';

const NAMES: Record<View, string> = { kmeans: 'k-means', density: 'By density', themes: 'Themes' };

/** Where venues crowd, and what cities are about: `/clusters`. */
export function ClustersPage() {
  useEffect(startAsking, []);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the map
      </a>
      <header class="bar">
        <Mark current="clusters" />
        <div class="status" />
        <ThemeButton />
      </header>
      <main id="main" class={lack.value ? 'clusters is-lacking' : 'clusters'}>
        {lack.value ? (
          <>
            <h1 class="unseen">Clusters</h1>
            <NoWorker lack={lack.value} />
          </>
        ) : (
          <>
            <Head />
            {view.value === 'themes' ? <ThemesView /> : <ClustersView />}
          </>
        )}
      </main>
      <IgnoredNote />
    </>
  );
}

function Head() {
  const model = (view.value === 'themes' ? themes : clusters).answer.value?.model;
  return (
    <div class="page-head">
      <h1>Clusters</h1>
      {model && (
        <a class="link" href={`${root}models#model-${model.split('/')[0]}`}>
          {shown(model)}
        </a>
      )}
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out like this */}
      <div class="segments" role="group" aria-label="View">
        {VIEWS.map((name) => (
          <button key={name} type="button" aria-pressed={view.value === name} onClick={() => setView(name)}>
            {NAMES[name]}
          </button>
        ))}
      </div>
    </div>
  );
}

const MODELS_LINK = { href: 'models', name: 'What the models say' };

function ClustersView() {
  const { answer, problem, isBusy } = clusters;
  const told = answer.value;
  if (problem.value && !isBusy.value)
    return <ProblemPanel problem={problem.value} onAgain={askClusters} link={MODELS_LINK} />;
  return told ? <Places told={told} /> : <Waiting />;
}

function Places({ told }: { told: Clusters }) {
  const isDensity = view.value === 'density';
  const layer = useComputed(() => {
    const now = clusters.answer.value ?? told;
    return view.value === 'density' ? densityLayer(now) : kMeansLayer(now);
  });
  const listed = isDensity ? (told.density?.clusters ?? []) : told.clusters;
  return (
    <>
      <Panel name="clusters-map" title="World" note={noteOf(told)} aside={<Back />}>
        <ClusterMap
          layer={layer.value}
          label={`World map of ${told.points} venues in ${listed.length} clusters`}
        />
        {!isDensity && <KSlider told={told} />}
      </Panel>
      <Panel
        name="clusters-list"
        title={isDensity ? 'Density clusters' : `${format.full(listed.length)} clusters`}
        note={isDensity ? 'HDBSCAN on the sphere' : 'k-means on the sphere'}
        aside={!isDensity && <WeightsChoice />}
      >
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
        <section class="list-scroll" aria-label="Clusters" tabIndex={0} aria-busy={clusters.isBusy.value}>
          {isDensity && !told.density ? (
            <p class="nothing">This model has no density clusters.</p>
          ) : (
            <ClusterList clusters={listed} />
          )}
        </section>
      </Panel>
    </>
  );
}

const WEIGHT_NAMES: Record<Weights, string> = { venues: 'Venues', people: 'People' };

/** What the clusters are of. */
function WeightsChoice() {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out like this
    <div class="segments is-small" role="group" aria-label="Weighted by">
      {WEIGHTS.map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={weights.value === name}
          title={
            name === 'venues' ? 'Every venue weighs the same' : 'A venue weighs as much as people came to it'
          }
          onClick={() => setWeights(name)}
        >
          {WEIGHT_NAMES[name]}
        </button>
      ))}
    </div>
  );
}

/** "883 venues; 48 venues at 0,0 are left out" */
function noteOf({ points, left_out, density }: Clusters): string {
  const noise =
    density && view.value === 'density' ? `, ${format.full(density.noise)} of them in no cluster` : '';
  const left =
    left_out === 1 ? '1 venue at 0,0 is left out' : `${format.full(left_out)} venues at 0,0 are left out`;
  return `${format.full(points)} venues${noise}${left_out > 0 ? `; ${left}` : ''}`;
}

function ThemesView() {
  const { answer, problem, isBusy } = themes;
  const told = answer.value;
  if (problem.value && !isBusy.value)
    return <ProblemPanel problem={problem.value} onAgain={askThemes} link={MODELS_LINK} />;
  return told ? <ThemesOf told={told} /> : <Waiting />;
}

function ThemesOf({ told }: { told: Themes }) {
  const layer = useComputed(() => themesLayer(themes.answer.value ?? told));
  return (
    <>
      <Panel
        name="clusters-map"
        title="Cities"
        note="each with the theme that sets it apart from the rest of the world"
        aside={<Back />}
      >
        <ClusterMap layer={layer.value} label={`World map of ${told.cities.length} cities by theme`} />
      </Panel>
      <Panel
        name="clusters-list"
        title="Themes"
        note="by their most telling words, with their share of events"
      >
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
        <section class="list-scroll" aria-label="Themes" tabIndex={0}>
          <ThemeList themes={told.themes} />
        </section>
      </Panel>
      <Panel name="cities" title="Cities" note={chosen.value === null ? 'all themes' : 'of the chosen theme'}>
        <Cities told={told} />
      </Panel>
      <Panel name="factors" title="Factors" note="of the non-negative matrix factorisation, for comparison">
        {told.factors.length > 0 ? (
          <FactorList factors={told.factors} />
        ) : (
          <p class="nothing">This model has no factors.</p>
        )}
      </Panel>
    </>
  );
}

function Back() {
  if (chosen.value === null) return null;
  return (
    <button
      type="button"
      class="link"
      onClick={() => {
        chosen.value = null;
      }}
    >
      Show all
    </button>
  );
}

/** Where map and list will be. */
function Waiting() {
  return (
    <>
      <Panel name="clusters-map" title="World">
        <div class="map cluster-map" />
      </Panel>
      <Panel name="clusters-list" title="Clusters">
        <Skeleton rows={9} height={46} />
      </Panel>
    </>
  );
}
