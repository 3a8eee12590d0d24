import { Metrics } from '../../lib/observe/metrics.js';
import { createFileSnapshot } from '../../lib/reload/fileSnapshot.js';
import type { WatchDirectory } from '../../lib/reload/watchDirectory.js';
import { Watcher } from '../../lib/reload/watcher.js';
import { CollectedLog } from './collectedLog.js';

export interface FileFollowerOptions {
  /** @default 2000 */
  readonly pollInterval?: number;
  /** @default 100 */
  readonly debounce?: number;
  readonly watchDirectory?: WatchDirectory;
}

/** Contents of the followed files as one snapshot had them; null = could not be read. */
export type Contents = ReadonlyMap<string, string | null>;

/** Reads its files whenever the watcher says so, one snapshot after the other, as a reloader does. */
export class FileFollower implements AsyncDisposable {
  readonly log = new CollectedLog();
  readonly metrics = new Metrics();
  readonly watcher: Watcher;
  /** The files of each report. */
  readonly reports: (readonly string[])[] = [];
  /** All that was ever read, oldest first. */
  readonly history: Contents[] = [];
  readonly #files: readonly string[];
  #reading: Promise<void> | null = null;
  #readAgain = false;

  private constructor(files: readonly string[], options: FileFollowerOptions) {
    this.#files = files;
    this.watcher = new Watcher({
      logger: this.log,
      metrics: this.metrics,
      debounce: () => options.debounce ?? 100,
      pollInterval: () => options.pollInterval ?? 2_000,
      onChange: (changed) => {
        this.reports.push(changed);
        this.#request();
      },
      ...(options.watchDirectory && { watchDirectory: options.watchDirectory }),
    });
  }

  /** Resolves when the files were read for the first time. */
  static async start(files: readonly string[], options: FileFollowerOptions = {}): Promise<FileFollower> {
    const follower = new FileFollower(files, options);
    await follower.#read();
    return follower;
  }

  /** As last read. */
  content(file: string): string | null {
    return this.history.at(-1)?.get(file) ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watcher.close();
    await this.#reading;
  }

  #request(): void {
    if (this.#reading !== null) {
      this.#readAgain = true;
      return;
    }
    this.#reading = this.#read().finally(() => {
      this.#reading = null;
      const again = this.#readAgain;
      this.#readAgain = false;
      if (again) this.#request();
    });
  }

  async #read(): Promise<void> {
    const snapshot = createFileSnapshot();
    const contents = new Map<string, string | null>();
    for (const file of this.#files) {
      contents.set(
        file,
        await snapshot.read(file).then(
          (bytes) => bytes.toString('utf8'),
          () => null,
        ),
      );
    }
    this.history.push(contents);
    this.watcher.watch(this.#files, snapshot.seen);
  }
}
