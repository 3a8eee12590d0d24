import { basename, resolve } from 'node:path';
import { FSWatcher } from 'chokidar';

/** What a watched directory tells. All of it is a hint: what really changed, only a look at the files says. */
export interface DirectoryListener {
  /** Something happened to this entry; null = the system does not say to which. */
  touched(name: string | null): void;
  /** Something happened to the directory itself, such as its removal. */
  shaken(): void;
  /** From now on events arrive; what happened before did so unheard. */
  ready(): void;
  /** No more events will come, as when the system's limit of watches is reached. */
  failed(error: unknown): void;
}

/** Tells nothing before it has returned, nor after it was stopped; what it returns stops it. */
export type WatchDirectory = (directory: string, listener: DirectoryListener) => () => Promise<void>;

/**
 * Never reads a directory to find out what an event was about: nobody asks, and a log that grows beside the config
 * among thousands of files would cost a processor. To chokidar, every such reading has just been done.
 */
class HintWatcher extends FSWatcher {
  override _throttle(): false {
    return false;
  }
}

/**
 * Watches the entries of one directory.
 *
 * The directory, never a file in it: a watch on a file dies for good when the file is replaced often enough.
 * Everything inside is ignored, so that no watch is spent on entries; chokidar's `raw` events of the directory
 * still name the entries.
 *
 * @param directory Absolute and free of links.
 * @returns How to stop; synchronous but for what the promise waits for.
 */
export const watchDirectory: WatchDirectory = (directory, listener) => {
  let open = true;
  const watcher = new HintWatcher({
    depth: 0,
    followSymlinks: false,
    ignoreInitial: true,
    atomic: false,
    ignored: (path) => resolve(path) !== directory,
  }).add(directory);
  const stop = (): Promise<void> => {
    open = false;
    const closed = watcher.close();
    // A step that was under way when it closed may still report an error, and an unheard one would be thrown.
    watcher.on('error', () => {});
    return closed;
  };
  watcher.on('raw', (_event, name: string | null) => {
    if (!open) return;
    const entry = name === null ? null : basename(name);
    // An entry may have the directory's own name: then both are told.
    if (entry === basename(directory)) listener.shaken();
    listener.touched(entry);
  });
  watcher.on('ready', () => {
    if (open) listener.ready();
  });
  watcher.on('error', (error) => {
    if (open) listener.failed(error);
  });
  return stop;
};
