// Canvases over the map: as large as its box, sharp on dense screens.

import type { View } from './camera';
import type { World } from './world';

const RATIO_MAX = 2;

export interface Fitted {
  width: number;
  height: number;
  /** From the map's units to pixels of the box, when the whole map is seen. */
  fit: View;
}

/** Makes the canvases as large as the box. */
export function fitCanvases(
  contexts: readonly CanvasRenderingContext2D[],
  box: HTMLElement,
  world: World,
): Fitted {
  const { clientWidth: width, clientHeight: height } = box;
  const ratio = Math.min(RATIO_MAX, devicePixelRatio || 1);
  const scale = Math.min(width / world.width, height / world.height);
  for (const context of contexts) {
    context.canvas.width = width * ratio;
    context.canvas.height = height * ratio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }
  const x = (width - world.width * scale) / 2;
  const y = (height - world.height * scale) / 2;
  return { width, height, fit: { scale, x, y } };
}

/** From the map's units to pixels of the box, when a part of the map is seen. */
export function screenOf({ scale, x, y }: View, view: View): View {
  return { scale: scale * view.scale, x: x + view.x * scale, y: y + view.y * scale };
}

export function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser has no canvas');
  return context;
}
