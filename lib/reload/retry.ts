import type { Milliseconds } from '../config/config.js';

const FIRST: Milliseconds = 1_000;
const LIMIT: Milliseconds = 60_000;

/** One timer that waits twice as long every time, from a second to a minute. */
export class Retry {
  readonly #onDue: () => void;
  #timer: NodeJS.Timeout | null = null;
  #attempts = 0;

  constructor(onDue: () => void) {
    this.#onDue = onDue;
  }

  /** @returns how long it will wait. */
  schedule(): Milliseconds {
    this.#stop();
    const delay = Math.min(LIMIT, FIRST * 2 ** this.#attempts);
    this.#attempts += 1;
    this.#timer = setTimeout(this.#onDue, delay);
    this.#timer.unref();
    return delay;
  }

  /** Nothing to try again; the next failure starts from the first delay. */
  reset(): void {
    this.#stop();
    this.#attempts = 0;
  }

  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
