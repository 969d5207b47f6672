import type { Point } from './world';

export type Direction = readonly [x: -1 | 0 | 1, y: -1 | 0 | 1];

export const DIRECTIONS: Record<string, Direction | undefined> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** How much worse it is to be aside than to be far ahead. */
const ASIDE = 2.2;

/** The nearest place in a direction, if there is one. */
export function nextPlace<T extends { centre: Point }>(
  places: readonly T[],
  from: T,
  [x, y]: Direction,
): T | undefined {
  let nearest: T | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const place of places) {
    const dx = place.centre[0] - from.centre[0];
    const dy = place.centre[1] - from.centre[1];
    const ahead = dx * x + dy * y;
    const aside = Math.abs(dx * y) + Math.abs(dy * x);
    const distance = ahead + ASIDE * aside;
    if (place !== from && ahead > 0 && distance < least) {
      least = distance;
      nearest = place;
    }
  }
  return nearest;
}
