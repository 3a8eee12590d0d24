import type { Milliseconds } from '../config/config.js';

interface Entry<T> {
  readonly value: T;
  /** On the clock of `performance.now()`. */
  readonly until: number;
}

/** Keeps values for a while; over its size the one that was not used for longest goes first. */
export class ExpiringCache<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #size: number;

  /** @param size Entries at most. */
  constructor(size: number) {
    this.#size = size;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (performance.now() >= entry.until) return undefined;
    // A Map is in the order of insertion.
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: T, lifetime: Milliseconds): void {
    if (lifetime <= 0) return;
    this.#entries.delete(key);
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined && this.#entries.size >= this.#size) this.#entries.delete(oldest);
    this.#entries.set(key, { value, until: performance.now() + lifetime });
  }
}
