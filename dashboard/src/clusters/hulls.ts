import { geoArea } from 'd3-geo';

const HALF_SPHERE = 2 * Math.PI;
const CORNERS_MIN = 3;

/**
 * A hull as a polygon on the sphere: its sides are great circles, so it may cross the antimeridian. Which side of the
 * ring is inside depends on its direction; a cluster is the smaller side. Nothing when there are no three corners.
 */
export function shapeOf(hull: readonly (readonly [lat: number, lon: number])[]): GeoJSON.Polygon | null {
  const distinct = hull.filter(([lat, lon], index) => {
    const [nextLat, nextLon] = hull[(index + 1) % hull.length] ?? [];
    return hull.length === 1 || lat !== nextLat || lon !== nextLon;
  });
  const [first] = distinct;
  if (!first || distinct.length < CORNERS_MIN) return null;
  const ring = [...distinct, first].map(([lat, lon]) => [lon, lat]);
  const polygon: GeoJSON.Polygon = { type: 'Polygon', coordinates: [ring] };
  if (geoArea(polygon) <= HALF_SPHERE) return polygon;
  return { type: 'Polygon', coordinates: [ring.toReversed()] };
}
