// What the pointer or the arrow keys are at.

import { countryCounts } from '../selected';
import type { Pointer } from './MapTip';
import { type Direction, nextPlace } from './walk';
import type { World } from './world';

/** The next country with figures in a direction; the one with most to begin with. */
export function step(world: World, from: string, direction: Direction): string {
  const counts = countryCounts.peek();
  const counted = world.countries.filter(({ code }) => counts.has(code));
  const here = world.countries.find(({ code }) => code !== '' && code === from);
  if (here) return nextPlace(counted, here, direction)?.code ?? from;
  const byCount = counted.toSorted(
    (one, other) => (counts.get(other.code) ?? 0) - (counts.get(one.code) ?? 0),
  );
  return byCount[0]?.code ?? '';
}

/** As if the pointer were in the middle of the country. */
export function pointerAt(box: HTMLElement | null, world: World, code: string): Pointer | null {
  const centre = world.countries.find((country) => country.code === code)?.centre;
  const camera = box?.querySelector<SVGGElement>('.camera')?.getScreenCTM();
  if (!box || !centre || !camera) return null;
  const seen = new DOMPoint(...centre).matrixTransform(camera);
  const frame = box.getBoundingClientRect();
  return { country: code, x: seen.x - frame.left, y: seen.y - frame.top };
}

export function countryAt(event: Event): string {
  return (event.target as SVGElement).dataset?.country ?? '';
}
