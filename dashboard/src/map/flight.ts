import { between, type View, WHOLE } from './camera';

const FLIGHT_MS = 520;

/** Moves the camera from where it is to where it should be; at once for readers who want no motion. */
export class Flight {
  readonly #onMove: (view: View) => void;
  readonly #motion = matchMedia('(prefers-reduced-motion: reduce)');
  #frame = 0;
  #view = WHOLE;

  constructor(onMove: (view: View) => void) {
    this.#onMove = onMove;
  }

  get view(): View {
    return this.#view;
  }

  to(view: View): void {
    const from = this.#view;
    const start = performance.now();
    const duration = this.#motion.matches ? 0 : FLIGHT_MS;
    const fly = (now: number) => {
      const part = duration > 0 ? Math.min(1, Math.max(0, (now - start) / duration)) : 1;
      this.#view = between(from, view, part);
      this.#onMove(this.#view);
      if (part < 1) this.#frame = requestAnimationFrame(fly);
    };
    this.stop();
    this.#frame = requestAnimationFrame(fly);
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
  }
}
