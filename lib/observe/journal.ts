/** The newest entries of something, newest first; older ones are forgotten. */
export class Journal<Entry> {
  readonly #entries: Entry[] = [];
  readonly #capacity: number;

  /** @param capacity Entries kept. */
  constructor(capacity = 50) {
    this.#capacity = capacity;
  }

  add(entry: Entry): void {
    this.#entries.unshift(entry);
    if (this.#entries.length > this.#capacity) this.#entries.pop();
  }

  entries(): readonly Entry[] {
    return [...this.#entries];
  }
}
