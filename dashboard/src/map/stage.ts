// What moves on the map: the camera over the countries, and the two canvases above them.

import type { Dot } from '../contract';
import { between, type View, viewOf, WHOLE } from './camera';
import { drawDots, type PlacedDot, placeDots } from './dots';
import { drawFlash, flashesAt } from './pulses';
import type { Box, World } from './world';

const FLIGHT_MS = 520;
/** Thirty frames a second are enough for a ring. */
const PULSE_FRAME_MS = 30;
const RATIO_MAX = 2;
/** Of dots on a phone: there they shrink with the map, but not to nothing. */
const SIZE_LEAST = 0.55;

export interface StageParts {
  box: HTMLElement;
  /** Holds the outlines; its transform is the camera. */
  land: SVGGElement;
  dots: HTMLCanvasElement;
  pulses: HTMLCanvasElement;
}

export class Stage {
  readonly #parts: StageParts;
  readonly #world: World;
  readonly #dotsContext: CanvasRenderingContext2D;
  readonly #pulsesContext: CanvasRenderingContext2D;
  readonly #motion = matchMedia('(prefers-reduced-motion: reduce)');
  #view = WHOLE;
  /** How the whole map is fitted into the box. */
  #fit: View = WHOLE;
  #size = { width: 0, height: 0 };
  #dots: PlacedDot[] = [];
  #countries: readonly string[] = [];
  #paleLand: readonly string[] = [];
  #colours = { onDark: '', onPale: '', yes: '', no: '' };
  #flight = 0;
  #pulseFrame = 0;
  #pulsedAt = 0;

  constructor(parts: StageParts, world: World) {
    this.#parts = parts;
    this.#world = world;
    this.#dotsContext = contextOf(parts.dots);
    this.#pulsesContext = contextOf(parts.pulses);
    this.readColours();
    this.resize();
  }

  stop(): void {
    cancelAnimationFrame(this.#flight);
    cancelAnimationFrame(this.#pulseFrame);
  }

  /** After the theme changed. */
  readColours(): void {
    const style = getComputedStyle(this.#parts.box);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    this.#colours = {
      onDark: colour('--dot'),
      onPale: colour('--dot-on-pale'),
      yes: colour('--pulse'),
      no: colour('--pulse-no'),
    };
    this.#drawDots();
  }

  resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#parts.box;
    const ratio = Math.min(RATIO_MAX, devicePixelRatio || 1);
    const scale = Math.min(width / this.#world.width, height / this.#world.height);
    this.#size = { width, height };
    this.#fit = {
      scale,
      x: (width - this.#world.width * scale) / 2,
      y: (height - this.#world.height * scale) / 2,
    };
    for (const context of [this.#dotsContext, this.#pulsesContext]) {
      context.canvas.width = width * ratio;
      context.canvas.height = height * ratio;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.#drawDots();
  }

  setDots(dots: readonly Dot[]): void {
    this.#dots = placeDots(dots, this.#world);
    this.#drawDots();
  }

  /** Countries whose shade is so pale that dots on them have to be dark. */
  setPaleLand(countries: readonly string[]): void {
    this.#paleLand = countries;
    this.#drawDots();
  }

  /** Looks at the chosen countries, at the whole world when there are none. */
  look(countries: readonly string[], boxes: readonly Box[]): void {
    this.#countries = countries;
    const from = this.#view;
    const to = viewOf(boxes, this.#world.width, this.#world.height);
    const start = performance.now();
    const duration = this.#motion.matches ? 0 : FLIGHT_MS;
    const fly = (now: number) => {
      const part = duration > 0 ? Math.min(1, Math.max(0, (now - start) / duration)) : 1;
      this.#setView(between(from, to, part));
      if (part < 1) this.#flight = requestAnimationFrame(fly);
    };
    cancelAnimationFrame(this.#flight);
    this.#flight = requestAnimationFrame(fly);
  }

  /** Draws pulses as long as one is alive. */
  pulse(): void {
    if (this.#pulseFrame === 0) this.#pulseFrame = requestAnimationFrame((now) => this.#drawPulses(now));
  }

  #setView(view: View): void {
    this.#view = view;
    this.#parts.land.setAttribute('transform', `translate(${view.x} ${view.y}) scale(${view.scale})`);
    this.#parts.box.style.setProperty('--zoom', String(view.scale));
    this.#drawDots();
  }

  /** From the map's units to pixels of the box. */
  #screen(): View {
    const { scale, x, y } = this.#fit;
    return { scale: scale * this.#view.scale, x: x + this.#view.x * scale, y: y + this.#view.y * scale };
  }

  #drawDots(): void {
    drawDots(this.#dotsContext, this.#dots, this.#screen(), {
      onDark: this.#colours.onDark,
      onPale: this.#colours.onPale,
      isPale: (country) => this.#paleLand.includes(country),
      countries: this.#countries,
      isClose: this.#view.scale > 1,
      size: Math.min(1, Math.max(SIZE_LEAST, this.#fit.scale)),
      ...this.#size,
    });
  }

  #drawPulses(now: number): void {
    this.#pulseFrame = 0;
    if (now - this.#pulsedAt < PULSE_FRAME_MS) {
      this.pulse();
      return;
    }
    this.#pulsedAt = now;
    const context = this.#pulsesContext;
    context.globalAlpha = 1;
    context.clearRect(0, 0, this.#size.width, this.#size.height);
    const flashes = flashesAt(now);
    const screen = this.#screen();
    const look = { ...this.#colours, isCalm: this.#motion.matches, reach: screen.scale > 1.5 ? 12 : 9 };
    for (const flash of flashes) {
      if (this.#countries.length > 0 && !this.#countries.includes(flash.country)) continue;
      const point = this.#world.project(flash.longitude, flash.latitude);
      if (!point) continue;
      const x = point[0] * screen.scale + screen.x;
      const y = point[1] * screen.scale + screen.y;
      drawFlash(context, flash, [x, y], look, now);
    }
    if (flashes.length > 0) this.pulse();
  }
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser has no canvas');
  return context;
}
