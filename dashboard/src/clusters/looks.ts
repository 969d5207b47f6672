// How a cluster looks: by its colour's number, so that it looks the same after the next training.

/** As many as can be told apart, by most eyes, on pale and on dark land: `--hue-0` and so on. */
export const HUES = 12;
/** The second dozen has other shapes, and so on. */
export const SHAPES = ['dot', 'ring', 'square', 'diamond'] as const;
export type Shape = (typeof SHAPES)[number];

export interface Look {
  hue: number;
  shape: Shape;
}

export function lookOf(colour: number): Look {
  const index = Math.max(0, Math.trunc(colour)) || 0;
  return { hue: index % HUES, shape: SHAPES[Math.floor(index / HUES) % SHAPES.length] ?? 'dot' };
}

/** For a style: the hue as a custom property. */
export function hueStyle(colour: number): Record<string, string> {
  return { '--hue': `var(--hue-${lookOf(colour).hue})` };
}

/** Around a point, to be filled; a ring is stroked. */
export function addShape(path: Path2D, shape: Shape, x: number, y: number, radius: number): void {
  if (shape === 'square') {
    const half = radius * 0.88;
    path.rect(x - half, y - half, 2 * half, 2 * half);
  } else if (shape === 'diamond') {
    const half = radius * 1.25;
    path.moveTo(x, y - half);
    path.lineTo(x + half, y);
    path.lineTo(x, y + half);
    path.lineTo(x - half, y);
    path.closePath();
  } else {
    path.moveTo(x + radius, y);
    path.arc(x, y, radius, 0, 2 * Math.PI);
  }
}
