// What moves on the map: the camera over the countries, and the two canvases above them.

import type { Dot } from '../contract';
import { type View, viewOf, WHOLE } from './camera';
import { contextOf, fitCanvases, screenOf } from './canvases';
import { drawDots, type PlacedDot, placeDots } from './dots';
import { Flight } from './flight';
import { drawFlash, flashesAt } from './pulses';
import type { Box, World } from './world';

/** Thirty frames a second are enough for a ring. */
const PULSE_FRAME_MS = 30;
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
  readonly #flight = new Flight((view) => this.#setView(view));
  /** How the whole map is fitted into the box. */
  #fit: View = WHOLE;
  #size = { width: 0, height: 0 };
  #dots: PlacedDot[] = [];
  #countries: readonly string[] = [];
  #paleLand: readonly string[] = [];
  #colours = { onDark: '', onPale: '', yes: '', no: '' };
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
    this.#flight.stop();
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
    const contexts = [this.#dotsContext, this.#pulsesContext];
    const { width, height, fit } = fitCanvases(contexts, this.#parts.box, this.#world);
    this.#size = { width, height };
    this.#fit = fit;
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
    this.#flight.to(viewOf(boxes, this.#world.width, this.#world.height));
  }

  /** Draws pulses as long as one is alive. */
  pulse(): void {
    if (this.#pulseFrame === 0) this.#pulseFrame = requestAnimationFrame((now) => this.#drawPulses(now));
  }

  #setView(view: View): void {
    this.#parts.land.setAttribute('transform', `translate(${view.x} ${view.y}) scale(${view.scale})`);
    this.#parts.box.style.setProperty('--zoom', String(view.scale));
    this.#drawDots();
  }

  /** From the map's units to pixels of the box. */
  #screen(): View {
    return screenOf(this.#fit, this.#flight.view);
  }

  #drawDots(): void {
    drawDots(this.#dotsContext, this.#dots, this.#screen(), {
      onDark: this.#colours.onDark,
      onPale: this.#colours.onPale,
      isPale: (country) => this.#paleLand.includes(country),
      countries: this.#countries,
      isClose: this.#flight.view.scale > 1,
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
