// The canvas of spots and names over the countries, and the camera over both.

import { type View, viewOf, WHOLE } from '../map/camera';
import { contextOf, type Fitted, fitCanvases, screenOf } from '../map/canvases';
import { Flight } from '../map/flight';
import type { Box, Point, World } from '../map/world';
import type { Layer, NamedPlace, Spot } from './layers';
import { addShape, HUES, lookOf } from './looks';
import { type Name, namesThatFit } from './names';

interface StageParts {
  box: HTMLElement;
  land: SVGGElement;
  canvas: HTMLCanvasElement;
}

interface Placed<T> {
  of: T;
  point: Point;
}

const RADIUS = 2.1;
const CLOSE_RADIUS = 3.2;
/** Of dots on a phone: there they shrink with the map, but not to nothing. */
const SIZE_LEAST = 0.6;
const REACH_PX = 9;
const BRIGHT = 0.85;
const FAINT = 0.5;
const DIMMED = 0.14;
const FONT = '560 11px Inter, system-ui, sans-serif';

export class SpotStage {
  readonly #parts: StageParts;
  readonly #world: World;
  readonly #context: CanvasRenderingContext2D;
  readonly #flight = new Flight((view) => this.#setView(view));
  #fitted: Fitted = { width: 0, height: 0, fit: WHOLE };
  #spots: Placed<Spot>[] = [];
  #places: Placed<NamedPlace>[] = [];
  #chosen: number | null = null;
  #colours = { hues: [] as string[], none: '', ink: '', panel: '' };

  constructor(parts: StageParts, world: World) {
    this.#parts = parts;
    this.#world = world;
    this.#context = contextOf(parts.canvas);
    this.readColours();
    this.resize();
  }

  stop(): void {
    this.#flight.stop();
  }

  /** After the theme changed. */
  readColours(): void {
    const style = getComputedStyle(this.#parts.box);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    this.#colours = {
      hues: Array.from({ length: HUES }, (_, hue) => colour(`--hue-${hue}`)),
      none: colour('--spot-none'),
      ink: colour('--ink'),
      panel: colour('--panel'),
    };
    this.#draw();
  }

  resize(): void {
    this.#fitted = fitCanvases([this.#context], this.#parts.box, this.#world);
    this.#draw();
  }

  setLayer({ spots, places }: Layer): void {
    this.#spots = this.#placed(spots);
    this.#places = this.#placed(places);
    this.#draw();
  }

  /** Looks at what is chosen, at the whole world when nothing is. */
  choose(id: number | null, hulls: readonly Box[]): void {
    this.#chosen = id;
    const points = [...this.#spots, ...this.#places].filter(({ of }) => id !== null && of.id === id);
    const boxes = points.map(({ point }): Box => [point, point]);
    this.#flight.to(viewOf([...boxes, ...hulls], this.#world.width, this.#world.height));
    this.#draw();
  }

  /** The spot or named place nearest to a pixel of the box, if one is near. */
  nearest(x: number, y: number): Spot | NamedPlace | null {
    const { scale, x: left, y: top } = this.#screen();
    let least = REACH_PX ** 2;
    let nearest: Spot | NamedPlace | null = null;
    for (const { of, point } of [...this.#spots, ...this.#places]) {
      const distance = (point[0] * scale + left - x) ** 2 + (point[1] * scale + top - y) ** 2;
      if (distance >= least || of.id === null) continue;
      least = distance;
      nearest = of;
    }
    return nearest;
  }

  /** Where a place is seen, in pixels of the box. */
  seenAt({ lat, lon }: Pick<NamedPlace, 'lat' | 'lon'>): Point | null {
    const point = this.#world.project(lon, lat);
    const { scale, x, y } = this.#screen();
    return point && [point[0] * scale + x, point[1] * scale + y];
  }

  #placed<T extends { lat: number; lon: number }>(all: readonly T[]): Placed<T>[] {
    return all.flatMap((of) => {
      const point = this.#world.project(of.lon, of.lat);
      return point ? [{ of, point }] : [];
    });
  }

  #setView(view: View): void {
    this.#parts.land.setAttribute('transform', `translate(${view.x} ${view.y}) scale(${view.scale})`);
    this.#parts.box.style.setProperty('--zoom', String(view.scale));
    this.#draw();
  }

  #screen(): View {
    return screenOf(this.#fitted.fit, this.#flight.view);
  }

  #draw(): void {
    const { width, height } = this.#fitted;
    this.#context.globalAlpha = 1;
    this.#context.clearRect(0, 0, width, height);
    // What is chosen lies over the others.
    this.#drawSpots(this.#spots.filter(({ of }) => !this.#isChosen(of.id)));
    this.#drawSpots(this.#spots.filter(({ of }) => this.#isChosen(of.id)));
    this.#drawNames();
  }

  #isChosen(id: number | null): boolean {
    return this.#chosen === null || id === this.#chosen;
  }

  /** All of a look are one path: a shape for each is many times dearer. */
  #drawSpots(spots: readonly Placed<Spot>[]): void {
    const screen = this.#screen();
    const base = this.#flight.view.scale > 1.5 ? CLOSE_RADIUS : RADIUS;
    const radius = base * Math.min(1, Math.max(SIZE_LEAST, this.#fitted.fit.scale));
    const paths = new Map<string, { path: Path2D; of: Spot }>();
    for (const { of, point } of spots) {
      const key = of.id === null ? '' : String(of.colour);
      const known = paths.get(key) ?? { path: new Path2D(), of };
      paths.set(key, known);
      const [x, y] = [point[0] * screen.scale + screen.x, point[1] * screen.scale + screen.y];
      const shape = of.id === null ? 'dot' : lookOf(of.colour).shape;
      addShape(known.path, shape, x, y, radius * of.size);
    }
    for (const { path, of } of paths.values()) {
      const { hue, shape } = lookOf(of.colour);
      const colour = of.id === null ? this.#colours.none : (this.#colours.hues[hue] ?? '');
      const alpha = of.id === null ? FAINT : BRIGHT;
      this.#context.globalAlpha = this.#isChosen(of.id) ? alpha : DIMMED;
      if (shape === 'ring') {
        this.#context.strokeStyle = colour;
        this.#context.lineWidth = 1.2;
        this.#context.stroke(path);
      } else {
        this.#context.fillStyle = colour;
        this.#context.fill(path);
      }
    }
  }

  #drawNames(): void {
    const screen = this.#screen();
    const context = this.#context;
    context.globalAlpha = 1;
    context.font = FONT;
    context.textAlign = 'center';
    context.lineJoin = 'round';
    context.lineWidth = 3;
    context.strokeStyle = this.#colours.panel;
    context.fillStyle = this.#colours.ink;
    const wanted = this.#places
      .filter(({ of }) => this.#isChosen(of.id))
      .map(({ of, point }): Name => {
        const [x, y] = [point[0] * screen.scale + screen.x, point[1] * screen.scale + screen.y];
        const text = shortened(of.name);
        return { text, x, y, width: context.measureText(text).width, weight: of.weight };
      });
    for (const { text, x, y } of namesThatFit(wanted, this.#fitted)) {
      context.strokeText(text, x, y);
      context.fillText(text, x, y);
    }
  }
}

const NAME_MAX = 22;

function shortened(name: string): string {
  const letters = Array.from(name);
  return letters.length > NAME_MAX ? `${letters.slice(0, NAME_MAX).join('')}…` : letters.join('');
}
