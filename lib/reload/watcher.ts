import { resolve } from 'node:path';
import type { Milliseconds } from '../config/config.js';
import { messageOf } from '../errors.js';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import { Debounce } from './debounce.js';
import { type EntryReader, errorCode, onceEach, readEntry } from './entry.js';
import { type Fingerprint, type Trace, trace } from './trace.js';
import { type WatchDirectory, watchDirectory } from './watchDirectory.js';
import { WatchedDirectory } from './watchedDirectory.js';

export interface WatcherOptions {
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'watcherPolling'>;
  /** Quiet time after a file event; asked anew each time, since a reload may change it. */
  readonly debounce: () => Milliseconds;
  /** Between two looks at everything; 0 = off. Asked anew each time. */
  readonly pollInterval: () => Milliseconds;
  /** Some of the watched files are not what they were when last reported or read. Absolute paths. */
  readonly onChange: (files: readonly string[]) => void;
  /** How to hear of events. @default chokidar */
  readonly watchDirectory?: WatchDirectory;
}

/**
 * `settled`: what it finds is reported. `early`: what it finds waits for a quiet moment, as anything may be in the
 * middle of a change; nor can a file system whose files never look the same twice cause reload upon reload.
 */
type Look = 'settled' | 'early';

/** For directories without events when polling is off. */
const NECESSARY_POLL: Milliseconds = 2_000;

/**
 * Tells when files change, wherever they are mounted and whatever links lead to them, also while they are missing.
 *
 * File events are hints to look sooner; only what a look at the files finds counts. So a busy directory causes
 * no reports, and a change without an event is found by the next poll.
 */
export class Watcher {
  readonly #options: WatcherOptions;
  readonly #debounce: Debounce;
  readonly #directories = new Map<string, WatchedDirectory>();
  /** File → as last reported or read; null = not seen yet. Replaced as a whole by `watch`. */
  #files = new Map<string, Fingerprint | null>();
  #phase: 'open' | 'closed' = 'open';
  #looking: Promise<void> | null = null;
  #next: Look | null = null;
  #poll: NodeJS.Timeout | null = null;
  #warned = false;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#debounce = new Debounce(options.debounce, () => this.#look('settled'));
  }

  /**
   * Replaces the set of files. Directories that stay in use are left alone.
   * @param seen What the files were like when they were read; whatever differs from it is reported. A new file
   * that is not in it counts as known from the first look on.
   */
  watch(files: Iterable<string>, seen: ReadonlyMap<string, Fingerprint> = new Map()): void {
    if (this.#phase === 'closed') return;
    const former = this.#files;
    this.#files = new Map(
      Array.from(files, (file) => {
        const path = resolve(file);
        return [path, seen.get(path) ?? former.get(path) ?? null];
      }),
    );
    this.#look('early');
  }

  /** Stops everything; nothing is reported afterwards. Idempotent. */
  async close(): Promise<void> {
    this.#phase = 'closed';
    this.#debounce.cancel();
    if (this.#poll !== null) clearTimeout(this.#poll);
    const directories = [...this.#directories.values()];
    this.#directories.clear();
    this.#options.metrics.watcherPolling.set(0);
    await Promise.all([...directories.map((directory) => directory.close()), this.#looking]);
  }

  #look(look: Look): void {
    if (this.#phase === 'closed') return;
    if (this.#looking !== null) {
      if (this.#next !== 'settled') this.#next = look;
      return;
    }
    this.#looking = this.#lookAtAll(look)
      .catch((error: unknown) => {
        this.#options.logger.error({ error: messageOf(error) }, 'looking at the watched files failed');
      })
      .finally(() => {
        this.#looking = null;
        const next = this.#next;
        this.#next = null;
        if (next !== null) this.#look(next);
        else this.#schedulePoll();
      });
  }

  async #lookAtAll(look: Look): Promise<void> {
    const files = this.#files;
    const entryAt = onceEach(readEntry);
    const traces = await Promise.all(
      Array.from(files.keys(), async (file) => [file, await trace(file, entryAt)] as const),
    );
    const wanted = await wantedDirectories(
      traces.map(([, found]) => found),
      entryAt,
    );
    if (this.#phase === 'closed') return;
    // Of another set of files: `watch` has asked for a look at that, which may have been meant to report.
    if (files !== this.#files) {
      if (look === 'settled') this.#next = look;
      return;
    }
    this.#keepDirectories(wanted);
    const changed = traces.filter(([file, { fingerprint }]) => {
      const known = files.get(file) ?? null;
      if (known === null) files.set(file, fingerprint);
      return known !== null && known !== fingerprint;
    });
    if (changed.length === 0) return;
    if (look === 'early') {
      this.#debounce.hint();
      return;
    }
    for (const [file, { fingerprint }] of changed) files.set(file, fingerprint);
    this.#options.onChange(changed.map(([file]) => file));
  }

  #keepDirectories(wanted: ReadonlyMap<string, WantedDirectory>): void {
    for (const [path, directory] of this.#directories) {
      if (wanted.has(path)) continue;
      this.#directories.delete(path);
      void directory.close();
    }
    for (const [path, { names, identity }] of wanted) {
      let directory = this.#directories.get(path);
      if (directory === undefined) {
        directory = this.#newDirectory(path);
        this.#directories.set(path, directory);
      }
      directory.keep(names, identity);
    }
    this.#countPolling();
  }

  #newDirectory(path: string): WatchedDirectory {
    const { logger, watchDirectory: watch = watchDirectory } = this.#options;
    return new WatchedDirectory(path, watch, {
      hint: () => {
        if (this.#phase === 'open') this.#debounce.hint();
      },
      look: () => this.#look('early'),
      failed: (error) => {
        this.#countPolling();
        if (this.#warned) return;
        this.#warned = true;
        logger.warn(
          { directory: path, code: errorCode(error) },
          'file events are not available: watching by polling, and trying again',
        );
      },
      recovered: () => {
        if (this.#countPolling() > 0) return;
        this.#warned = false;
        logger.info({}, 'file events are available again');
      },
    });
  }

  #countPolling(): number {
    const polling = [...this.#directories.values()].filter((directory) => directory.polling).length;
    if (this.#phase === 'open') this.#options.metrics.watcherPolling.set(polling);
    return polling;
  }

  #schedulePoll(): void {
    if (this.#poll !== null) clearTimeout(this.#poll);
    this.#poll = null;
    if (this.#phase === 'closed') return;
    const interval = this.#options.pollInterval() || (this.#countPolling() > 0 ? NECESSARY_POLL : 0);
    if (interval === 0) return;
    this.#poll = setTimeout(() => {
      // A pending debounce is about to look, at a quieter moment.
      if (this.#debounce.pending) this.#schedulePoll();
      else this.#look('settled');
    }, interval).unref();
  }
}

interface WantedDirectory {
  readonly names: Set<string>;
  /** Differs for a directory that was removed and made again, even where the inode number is reused. */
  readonly identity: string;
}

/** The directories that can change where the traces lead, as far as they exist. */
async function wantedDirectories(
  traces: readonly Trace[],
  entryAt: EntryReader,
): Promise<Map<string, WantedDirectory>> {
  const wanted = new Map<string, WantedDirectory>();
  for (const { directory, name } of traces.flatMap(({ points }) => points)) {
    const known = wanted.get(directory);
    if (known !== undefined) {
      known.names.add(name);
      continue;
    }
    const entry = await entryAt(directory);
    if (entry.kind !== 'directory') continue;
    const { dev, ino, birthtimeNs } = entry.stats;
    wanted.set(directory, { names: new Set([name]), identity: `${dev}:${ino}:${birthtimeNs}` });
  }
  return wanted;
}
