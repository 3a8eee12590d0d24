import type { Milliseconds } from '../config/config.js';

/** However busy it gets, nobody waits longer. */
const LONGEST_WAIT: Milliseconds = 1_000;

/** Calls once a series of hints has been quiet for a while, or has lasted for a second. */
export class Debounce {
  readonly #quiet: () => Milliseconds;
  readonly #call: () => void;
  #timer: NodeJS.Timeout | null = null;
  #since = 0;

  constructor(quiet: () => Milliseconds, call: () => void) {
    this.#quiet = quiet;
    this.#call = call;
  }

  get pending(): boolean {
    return this.#timer !== null;
  }

  hint(): void {
    const now = performance.now();
    if (this.#timer === null) this.#since = now;
    else clearTimeout(this.#timer);
    const wait = Math.max(0, Math.min(this.#quiet(), this.#since + LONGEST_WAIT - now));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#call();
    }, wait).unref();
  }

  cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
