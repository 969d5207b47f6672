import { format } from '../format';
import { shown } from '../text';
import type { Cluster } from './contract';
import { nameOf, wordsOf } from './layers';
import { Swatch } from './Swatch';
import { choose, chosen, pointed } from './state';
import { useSeen } from './use-seen';

/** The clusters, those with most venues first; choosing one shows it on the map, and the other way round. */
export function ClusterList({ clusters }: { clusters: readonly Cluster[] }) {
  const list = useSeen();
  const ordered = clusters.toSorted((one, other) => other.points - one.points || one.id - other.id);
  if (ordered.length === 0) return <p class="nothing">There is no cluster.</p>;
  return (
    <>
      <p class="list-head" aria-hidden="true">
        <span>venues</span>
        <span>people</span>
      </p>
      <ol class="cluster-list" ref={list}>
        {ordered.map((cluster) => (
          <Row key={cluster.id} cluster={cluster} />
        ))}
      </ol>
    </>
  );
}

function Row({ cluster: { id, colour, name, country, topics, points, people } }: { cluster: Cluster }) {
  return (
    <li data-testid="cluster" data-value={id}>
      <button
        type="button"
        aria-pressed={chosen.value === id}
        class={pointed.value === id ? 'is-pointed' : undefined}
        onClick={() => choose(id)}
        onPointerEnter={() => {
          pointed.value = id;
        }}
        onPointerLeave={() => {
          pointed.value = null;
        }}
      >
        <Swatch colour={colour} />
        <span class="name" dir="auto" title={nameOf(name)}>
          {nameOf(name)}
          <small>{shown(country, '').toUpperCase()}</small>
        </span>
        <span class="count">
          {format.full(points)}
          <span class="unseen"> venues</span>
        </span>
        <span class="count is-second">
          {format.count(people)}
          <span class="unseen"> people</span>
        </span>
        <span class="words" dir="auto">
          {wordsOf(topics) || '–'}
        </span>
      </button>
    </li>
  );
}
