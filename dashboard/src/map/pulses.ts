// New answers flash on the map: a point, and a ring that grows and fades.

import { signal } from '@preact/signals';
import type { Pulse } from '../contract';
import type { Point } from './world';

export interface Flash {
  longitude: number;
  latitude: number;
  isYes: boolean;
  country: string;
  count: number;
  bornAt: number;
}

export interface PulseLook {
  yes: string;
  no: string;
  /** Without rings, for readers who asked for less motion. */
  isCalm: boolean;
  /** How far a ring grows, in pixels. */
  reach: number;
}

const LIFE_MS = 1_500;
/** More than the server sends in a lifetime of one; the oldest go first. */
const FLASHES_MAX = 400;
const CORE_PX = 2.1;

/** Those alive, oldest first. */
const flashes: Flash[] = [];
/** Changes when there is something new to draw. */
export const pulsesAdded = signal(0);

export function addPulses(pulses: readonly Pulse[]): void {
  if (pulses.length === 0) return;
  const bornAt = performance.now();
  for (const [longitude, latitude, response, country, count] of pulses)
    flashes.push({ longitude, latitude, isYes: response === 1, country, count, bornAt });
  flashes.splice(0, flashes.length - FLASHES_MAX);
  pulsesAdded.value += 1;
}

/** Those still alive at a moment. */
export function flashesAt(now: number): readonly Flash[] {
  const alive = flashes.findIndex((flash) => now - flash.bornAt < LIFE_MS);
  flashes.splice(0, alive === -1 ? flashes.length : alive);
  return flashes;
}

export function drawFlash(
  context: CanvasRenderingContext2D,
  flash: Flash,
  [x, y]: Point,
  look: PulseLook,
  now: number,
): void {
  const age = Math.min(1, Math.max(0, (now - flash.bornAt) / LIFE_MS));
  const size = Math.min(2, Math.sqrt(flash.count));
  const colour = flash.isYes ? look.yes : look.no;
  context.fillStyle = colour;
  context.globalAlpha = (1 - age) * 0.95;
  context.beginPath();
  context.arc(x, y, CORE_PX * size, 0, 2 * Math.PI);
  context.fill();
  if (look.isCalm) return;
  const grown = 1 - (1 - age) ** 3;
  context.strokeStyle = colour;
  context.globalAlpha = (1 - age) * 0.6;
  context.lineWidth = 1.25;
  context.beginPath();
  context.arc(x, y, CORE_PX * size + grown * look.reach, 0, 2 * Math.PI);
  context.stroke();
}
