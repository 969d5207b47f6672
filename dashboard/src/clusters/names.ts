/** A name on the map: the middle of its baseline, in pixels. */
export interface Name {
  text: string;
  x: number;
  y: number;
  width: number;
  weight: number;
}

const HEIGHT = 14;
/** Between a spot and the name above it. */
const LIFT = 7;
const GAP = 3;
const NAMES_MAX = 40;

/** Names that do not cover each other nor leave the map, those of most weight first. */
export function namesThatFit(
  names: readonly Name[],
  { width, height }: { width: number; height: number },
): Name[] {
  const placed: Name[] = [];
  for (const name of names.toSorted((one, other) => other.weight - one.weight)) {
    if (placed.length === NAMES_MAX) break;
    const lifted = { ...name, y: name.y - LIFT };
    const half = name.width / 2;
    const isWithin =
      name.x - half >= 0 && name.x + half <= width && lifted.y - HEIGHT >= 0 && lifted.y <= height;
    if (isWithin && placed.every((other) => !covers(lifted, other))) placed.push(lifted);
  }
  return placed;
}

function covers(one: Name, other: Name): boolean {
  const aside = Math.abs(one.x - other.x) < (one.width + other.width) / 2 + GAP;
  return aside && Math.abs(one.y - other.y) < HEIGHT;
}
