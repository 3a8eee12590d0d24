import type { Milliseconds } from '../config/config.js';
import type { WatchDirectory } from './watchDirectory.js';

/** What a directory's watch does for the watcher it belongs to. */
export interface WatchedDirectoryEvents {
  /** A name of interest was touched: look once things are quiet. */
  hint(): void;
  /** Events have just begun: look at what happened before. */
  look(): void;
  failed(error: unknown): void;
  recovered(): void;
}

type Phase =
  /** Events may or may not arrive yet. */
  | { readonly phase: 'arming' | 'armed'; readonly stop: () => Promise<void> }
  /** Polling only, until `retryAt` (of `performance.now()`). */
  | { readonly phase: 'failed'; readonly retryAt: number }
  /** Not watched, until the next `keep`. */
  | { readonly phase: 'closed' };

const FIRST_RETRY: Milliseconds = 1_000;
const LONGEST_RETRY: Milliseconds = 60_000;

/** The watch on one directory, renewed when the directory is another one or events are no longer to be had. */
export class WatchedDirectory {
  readonly #path: string;
  readonly #watchDirectory: WatchDirectory;
  readonly #events: WatchedDirectoryEvents;
  #state: Phase = { phase: 'closed' };
  #names: ReadonlySet<string> = new Set();
  #identity = '';
  #failures = 0;

  constructor(path: string, watchDirectory: WatchDirectory, events: WatchedDirectoryEvents) {
    this.#path = path;
    this.#watchDirectory = watchDirectory;
    this.#events = events;
  }

  /** True from a failure until events arrive again: an attempt to watch anew is not yet a success. */
  get polling(): boolean {
    return this.#failures > 0;
  }

  /**
   * Says what is of interest, and which directory is at the path now.
   * @param identity Differs for a directory that was removed and made again.
   */
  keep(names: ReadonlySet<string>, identity: string): void {
    this.#names = names;
    const state = this.#state;
    const due = state.phase === 'failed' ? performance.now() >= state.retryAt : state.phase === 'closed';
    if (due || identity !== this.#identity) this.#arm(identity);
  }

  async close(): Promise<void> {
    const state = this.#state;
    this.#state = { phase: 'closed' };
    if ('stop' in state) await state.stop();
  }

  #arm(identity: string): void {
    // Closed first, or the new watch would share the old one.
    void this.close();
    this.#identity = identity;
    const stop = this.#watchDirectory(this.#path, {
      touched: (name) => {
        if (name === null || this.#names.has(name)) this.#events.hint();
      },
      shaken: () => {
        // At once, as chokidar shares a watch between all who watch the same path, dead ones included: it must be
        // let go of by every one of them before any asks anew.
        void this.close();
        this.#events.hint();
      },
      ready: () => this.#ready(stop),
      failed: (error) => this.#fail(stop, error),
    });
    this.#state = { phase: 'arming', stop };
  }

  #ready(stop: () => Promise<void>): void {
    this.#state = { phase: 'armed', stop };
    if (this.#failures > 0) {
      this.#failures = 0;
      this.#events.recovered();
    }
    this.#events.look();
  }

  #fail(stop: () => Promise<void>, error: unknown): void {
    void stop();
    const wait = Math.min(FIRST_RETRY * 2 ** this.#failures, LONGEST_RETRY);
    this.#failures += 1;
    this.#state = { phase: 'failed', retryAt: performance.now() + wait };
    this.#events.failed(error);
  }
}
