// Venues as dots. All of a colour are one path with one fill: a shape for each is many times dearer.

import type { Dot } from '../contract';
import type { View } from './camera';
import type { World } from './world';

export interface PlacedDot {
  x: number;
  y: number;
  rsvps: number;
  country: string;
}

export interface DotLook {
  /** Light dots are lost on pale land, dark ones on dark land. */
  onDark: string;
  onPale: string;
  isPale: (country: string) => boolean;
  /** Only those of these countries, when there are any. */
  countries: readonly string[];
  width: number;
  height: number;
  /** Whether the map is seen closer than whole: then there is room for larger dots. */
  isClose: boolean;
  /** Of dots, on a small map less than 1. */
  size: number;
}

const RADIUS_MAX = 7;

export function placeDots(dots: readonly Dot[], world: World): PlacedDot[] {
  const placed: PlacedDot[] = [];
  for (const [longitude, latitude, rsvps, country] of dots) {
    const point = world.project(longitude, latitude);
    if (point && rsvps > 0) placed.push({ x: point[0], y: point[1], rsvps, country });
  }
  return placed;
}

export function drawDots(
  context: CanvasRenderingContext2D,
  dots: readonly PlacedDot[],
  view: View,
  look: DotLook,
): void {
  const onDark = new Path2D();
  const onPale = new Path2D();
  for (const { x, y, rsvps, country } of dots) {
    if (look.countries.length > 0 && !look.countries.includes(country)) continue;
    const left = x * view.scale + view.x;
    const top = y * view.scale + view.y;
    if (left < 0 || top < 0 || left > look.width || top > look.height) continue;
    const radius = look.size * radiusOf(rsvps, look.isClose);
    const path = look.isPale(country) ? onPale : onDark;
    path.moveTo(left + radius, top);
    path.arc(left, top, radius, 0, 2 * Math.PI);
  }
  context.clearRect(0, 0, look.width, look.height);
  context.fillStyle = look.onDark;
  context.fill(onDark);
  context.fillStyle = look.onPale;
  context.fill(onPale);
}

function radiusOf(rsvps: number, isClose: boolean): number {
  const radius = isClose ? 1.6 + 0.15 * Math.sqrt(rsvps) : 0.8 + 0.07 * Math.sqrt(rsvps);
  return Math.min(RADIUS_MAX, radius);
}
