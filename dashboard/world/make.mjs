// Makes ../src/world.json: the countries of Natural Earth 1:50m (world-atlas), simplified for a map
// about 900 pixels wide, keyed by ISO 3166 alpha-2 in lower case as in the feed.
//
//   npm ci && npm run make
//
// Antarctica is left out: nobody meets there, and it would take a fifth of the map. A state too small
// to be seen or clicked gets a place in `small`, where the page puts a dot of constant size.
import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { geoArea, geoCentroid } from 'd3-geo';
import iso from 'i18n-iso-countries';
import { feature, quantize } from 'topojson-client';
import {
  filter,
  filterWeight,
  presimplify,
  simplify,
  sphericalRingArea,
  sphericalTriangleArea,
} from 'topojson-simplify';

const CORNER_MIN = 2e-6; // steradians: a corner that spans less than this is left out
const ISLAND_MIN = 1e-6; // steradians: so is an island (a country always keeps its `small` dot)
const GRID = 8000; // coordinates are whole numbers on a grid of this many columns
const SMALL = 6e-5; // steradians: below this, a country also gets a dot

// Land that has no ISO number in Natural Earth. Kosovo has a code in common use; no feed can name the others.
const CODE_BY_NAME = { Kosovo: 'xk' };

const topology = JSON.parse(
  readFileSync(new URL('node_modules/world-atlas/countries-50m.json', import.meta.url), 'utf8'),
);
const countries = topology.objects.countries;
topology.objects = { countries };

for (const shape of countries.geometries) {
  const alpha2 = shape.id === undefined ? undefined : iso.numericToAlpha2(shape.id);
  shape.id = alpha2?.toLowerCase() ?? CODE_BY_NAME[shape.properties.name];
}
countries.geometries = countries.geometries.filter((shape) => shape.id !== 'aq');

const small = {};
const largest = new Map();
for (const country of feature(topology, countries).features) {
  const area = geoArea(country);
  // Australia's number comes twice (Ashmore and Cartier Islands): the larger keeps it.
  if (country.id === undefined || (largest.get(country.id)?.area ?? 0) >= area) continue;
  largest.set(country.id, { area, name: country.properties.name });
  const centre = geoCentroid(mainPolygon(country.geometry)).map((degrees) => +degrees.toFixed(2));
  largest.get(country.id).centre = centre;
}
for (const [id, { area, centre }] of largest) if (area < SMALL) small[id] = centre;

for (const shape of countries.geometries) {
  const country = largest.get(shape.id);
  if (country?.name !== shape.properties.name) delete shape.id;
  shape.properties = shape.id ? { centre: country.centre } : {};
}

const weighted = presimplify(topology, sphericalTriangleArea);
const simple = filter(simplify(weighted, CORNER_MIN), filterWeight(weighted, ISLAND_MIN, sphericalRingArea));
const shapes = simple.objects.countries;
shapes.geometries = shapes.geometries.filter((shape) => shape.arcs?.length);
const world = { ...quantize({ ...simple, bbox: undefined, transform: undefined }, GRID), small };

const text = JSON.stringify(world);
writeFileSync(new URL('../src/world.json', import.meta.url), text);
console.log(
  `${shapes.geometries.length} shapes, ${Object.keys(small).length} small: ` +
    `${text.length} bytes, ${gzipSync(text, { level: 9 }).length} compressed`,
);

/** The mainland: France without Guyane, the United States without Alaska. */
function mainPolygon(geometry) {
  const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
  const areas = polygons.map((coordinates) => geoArea({ type: 'Polygon', coordinates }));
  const main = areas.indexOf(Math.max(...areas));
  return { type: 'Polygon', coordinates: polygons[main] };
}
