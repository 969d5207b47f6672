// Venues as dots. All of them are one path with one fill: a sprite or a shape for each is many times dearer.

import type { Dot } from '../contract';
import type { View } from './camera';
import type { World } from './world';

export interface PlacedDot {
  x: number;
  y: number;
  rsvps: number;
  country: string;
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

export interface DotLook {
  colour: string;
  /** Of the rim that keeps dots visible on pale land. */
  edge: string;
  /** Only those of these countries, when there are any. */
  countries: readonly string[];
  width: number;
  height: number;
  /** Whether the map is seen closer than whole: then there is room for larger dots. */
  isClose: boolean;
  /** Of dots, on a small map less than 1. */
  size: number;
}

export function drawDots(
  context: CanvasRenderingContext2D,
  dots: readonly PlacedDot[],
  view: View,
  look: DotLook,
): void {
  context.clearRect(0, 0, look.width, look.height);
  context.fillStyle = look.colour;
  context.beginPath();
  for (const { x, y, rsvps, country } of dots) {
    if (look.countries.length > 0 && !look.countries.includes(country)) continue;
    const left = x * view.scale + view.x;
    const top = y * view.scale + view.y;
    if (left < 0 || top < 0 || left > look.width || top > look.height) continue;
    const radius = look.size * radiusOf(rsvps, look.isClose);
    context.moveTo(left + radius, top);
    context.arc(left, top, radius, 0, 2 * Math.PI);
  }
  context.fill();
  if (!look.isClose) return;
  context.strokeStyle = look.edge;
  context.lineWidth = 0.75;
  context.stroke();
}

function radiusOf(rsvps: number, isClose: boolean): number {
  const radius = isClose ? 1.6 + 0.15 * Math.sqrt(rsvps) : 0.6 + 0.08 * Math.sqrt(rsvps);
  return Math.min(RADIUS_MAX, radius);
}
