// What the map shows, whichever view is open: spots, hulls, and places with a name.

import { countryName } from '../countries';
import { format } from '../format';
import { shown } from '../text';
import type { Cluster, Clusters, Themes } from './contract';
import { shapeOf } from './hulls';

/** What a spot belongs to, and what the tip over it says. */
export interface Belonging {
  /** Of a cluster or theme; null for a spot that belongs to none. */
  id: number | null;
  colour: number;
  title: string;
  note: string;
}

export interface Spot extends Belonging {
  lat: number;
  lon: number;
  /** Of its radius. */
  size: number;
}

export interface Hull {
  id: number;
  colour: number;
  shape: GeoJSON.Polygon;
}

/** A place with a name on the map, where the arrow keys stop. */
export interface NamedPlace extends Belonging {
  /** As the map writes it. */
  name: string;
  lat: number;
  lon: number;
  /** Which name is written when two have no room. */
  weight: number;
}

export interface Layer {
  spots: Spot[];
  hulls: Hull[];
  places: NamedPlace[];
}

const NOWHERE: Belonging = { id: null, colour: 0, title: 'A venue', note: '' };

export function kMeansLayer({ clusters, spots }: Clusters): Layer {
  const byId = new Map(clusters.map((cluster) => [cluster.id, belongingOf(cluster)]));
  return {
    spots: spots.map(([lat, lon, id]) => ({ ...(byId.get(id) ?? NOWHERE), lat, lon, size: 1 })),
    ...outlined(clusters),
  };
}

/** Venues are not told apart here: those of no cluster are noise. */
export function densityLayer({ density, spots }: Clusters): Layer {
  const clusters = density?.clusters ?? [];
  return {
    spots: spots.map(([lat, lon]) => ({ ...NOWHERE, lat, lon, size: 0.7 })),
    ...outlined(clusters),
  };
}

export function themesLayer({ themes, cities }: Themes): Layer {
  const words = new Map(themes.map((theme) => [theme.id, theme.words]));
  const most = Math.max(1, ...cities.map(({ groups }) => groups));
  const places = cities.map(({ city, country, lat, lon, theme, groups, lift }): NamedPlace => {
    const telling = wordsOf(words.get(theme) ?? []);
    return {
      id: theme,
      name: shown(city),
      colour: theme,
      title: `${shown(city)}, ${countryName(country)}`,
      note: `${telling}: ${frequency(lift)}`,
      lat,
      lon,
      weight: groups,
    };
  });
  return {
    places,
    spots: places.map((place) => ({ ...place, size: 1.2 + 1.6 * Math.sqrt(place.weight / most) })),
    hulls: [],
  };
}

/** From here on a theme is as good as absent elsewhere. */
const LIFT_MAX = 1_000;

/** "3.1× as frequent as elsewhere" */
function frequency(lift: number): string {
  return lift < LIFT_MAX ? `${liftOf(lift)} as frequent as elsewhere` : 'hardly found elsewhere';
}

/** "3.1×" */
export function liftOf(lift: number): string {
  return lift < LIFT_MAX ? `${format.rate(lift)}×` : `> ${format.full(LIFT_MAX)}×`;
}

/** "yoga, meditation, breath" */
export function wordsOf(words: readonly string[], most = 3): string {
  return words
    .slice(0, most)
    .map((word) => shown(word))
    .join(', ');
}

function outlined(clusters: readonly Cluster[]): Pick<Layer, 'hulls' | 'places'> {
  return {
    hulls: clusters.flatMap(({ id, colour, hull }) => {
      const shape = shapeOf(hull);
      return shape ? [{ id, colour, shape }] : [];
    }),
    places: clusters.map((cluster) => ({
      ...belongingOf(cluster),
      name: nameOf(cluster.name),
      lat: cluster.lat,
      lon: cluster.lon,
      weight: cluster.points,
    })),
  };
}

function belongingOf({ id, colour, name, points, people }: Cluster): Belonging {
  return {
    id,
    colour,
    title: nameOf(name),
    note: `${format.full(points)} venues, ${format.full(people)} people`,
  };
}

export function nameOf(name: string): string {
  return shown(name, 'no city');
}
