import { type GeoPath, type GeoPermissibleObjects, type GeoProjection, geoEqualEarth, geoPath } from 'd3-geo';
import { feature, mesh } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import worldAddress from '../world.json?url';

export type Point = readonly [x: number, y: number];
export type Box = readonly [least: Point, most: Point];

export interface Country {
  /** ISO 3166 alpha-2 in lower case; empty for land that no feed can name. */
  code: string;
  /** The outline, as the `d` of an SVG path. */
  outline: string;
  /** Around its largest part: France without Guyane, the United States without Alaska. */
  box: Box;
  centre: Point;
  /** Too small to be seen or clicked as an outline. */
  isSmall: boolean;
}

export interface World {
  width: number;
  height: number;
  countries: Country[];
  /** Borders between countries, in one path: a stroke around each would eat the small islands. */
  borders: string;
  project(longitude: number, latitude: number): Point | null;
  /** A shape on the sphere as the `d` of an SVG path, cut where the map has its seam. */
  outlineOf(shape: GeoPermissibleObjects): string;
  /** Around a shape; from one edge of the map to the other when the seam cuts it. */
  boxOf(shape: GeoPermissibleObjects): Box;
}

type Shapes = GeometryCollection<{ centre?: [number, number] }>;
type Atlas = Topology<{ countries: Shapes }> & { small: Record<string, [number, number]> };

const WIDTH = 960;
const MARGIN = 4;
/** Degrees; puts the seam of the map into the Bering Strait, where it cuts no land. */
const TURN = -11;
/** Of the map's units. */
const FINE = 0.05;

let loading: Promise<World> | undefined;

/** Loads the map once: the panels make way for the first run and come back. A failure is tried again. */
export function loadWorld(): Promise<World> {
  loading ??= load().catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<World> {
  const answer = await fetch(worldAddress);
  if (!answer.ok) throw new Error(`${worldAddress}: ${answer.status}`);
  return layOut(await answer.json());
}

/** Equal Earth, because shades compare areas only on a map that keeps areas equal. */
function layOut(atlas: Atlas): World {
  const shapes = atlas.objects.countries;
  const land = feature(atlas, shapes);
  const projection = geoEqualEarth()
    .rotate([TURN, 0])
    .fitWidth(WIDTH - 2 * MARGIN, land);
  const [left, top] = projection.translate();
  projection.translate([left + MARGIN, top + MARGIN]);
  const path = geoPath(projection).digits(2);
  // Long sides of shapes stay smooth when they are seen closer.
  const fine = geoPath(projectionLike(projection).precision(FINE)).digits(2);
  const project = (longitude: number, latitude: number) => projection([longitude, latitude]);

  const withOutline = land.features.map((country): Country => {
    const code = String(country.id ?? '');
    const box = path.bounds(largestPart(country.geometry, path));
    const { centre } = country.properties;
    return {
      code,
      outline: path(country) ?? '',
      box,
      centre: (centre && projection(centre)) ?? middle(box),
      isSmall: code in atlas.small,
    };
  });
  const drawn = new Set(withOutline.map((country) => country.code));
  const onlyDots = Object.entries(atlas.small)
    .filter(([code]) => !drawn.has(code))
    .map(([code, place]): Country => {
      const centre = projection(place) ?? [0, 0];
      return { code, outline: '', box: [centre, centre], centre, isSmall: true };
    });
  return {
    width: WIDTH,
    height: path.bounds(land)[1][1] + MARGIN,
    countries: [...withOutline, ...onlyDots],
    borders: path(mesh(atlas, shapes, (one, other) => one !== other)) ?? '',
    project,
    outlineOf: (shape) => fine(shape) ?? '',
    boxOf: (shape) => path.bounds(shape),
  };
}

function projectionLike(other: GeoProjection): GeoProjection {
  return geoEqualEarth().rotate([TURN, 0]).scale(other.scale()).translate(other.translate());
}

function largestPart(geometry: GeoJSON.Geometry, path: GeoPath): GeoPermissibleObjects {
  if (geometry.type !== 'MultiPolygon') return geometry;
  const parts = geometry.coordinates.map((coordinates) => ({ type: 'Polygon' as const, coordinates }));
  const areas = parts.map((part) => path.area(part));
  return parts[areas.indexOf(Math.max(...areas))] ?? geometry;
}

function middle([least, most]: Box): Point {
  return [(least[0] + most[0]) / 2, (least[1] + most[1]) / 2];
}
