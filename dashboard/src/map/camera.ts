import type { Box } from './world';

/** Which part of the map is seen: a point of the map appears at `scale * point + (x, y)`. */
export interface View {
  scale: number;
  x: number;
  y: number;
}

export const WHOLE: View = { scale: 1, x: 0, y: 0 };

const SCALE_MAX = 9;
/** The part of the frame that what is looked at may fill. */
const FILL = 0.72;

/** The view that shows all these boxes, the whole map when there is none. */
export function viewOf(boxes: readonly Box[], width: number, height: number): View {
  if (boxes.length === 0) return WHOLE;
  const left = Math.min(...boxes.map((box) => box[0][0]));
  const top = Math.min(...boxes.map((box) => box[0][1]));
  const right = Math.max(...boxes.map((box) => box[1][0]));
  const bottom = Math.max(...boxes.map((box) => box[1][1]));
  const closest = FILL / Math.max((right - left) / width, (bottom - top) / height);
  const scale = Math.max(1, Math.min(SCALE_MAX, closest));
  if (scale === 1) return WHOLE;
  return {
    scale,
    x: width / 2 - (scale * (left + right)) / 2,
    y: height / 2 - (scale * (top + bottom)) / 2,
  };
}

/** The view a part of the way from one to the other, at an even pace of zooming. */
export function between(from: View, to: View, part: number): View {
  const eased = part < 0.5 ? 4 * part ** 3 : 1 - (2 - 2 * part) ** 3 / 2;
  const scale = from.scale * (to.scale / from.scale) ** eased;
  const moved = from.scale === to.scale ? eased : (scale - from.scale) / (to.scale - from.scale);
  return { scale, x: from.x + (to.x - from.x) * moved, y: from.y + (to.y - from.y) * moved };
}
