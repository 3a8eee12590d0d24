import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Bytes } from '../config/config.js';
import { type Entry, errorCode, readEntry } from './entry.js';

/** One state of a ConfigMap, Secret or projected volume, whole, as a `..data` link led to it. */
export interface Volume {
  /** What is at `..data`; where it is not a link, there is no volume, and the rest is empty. */
  readonly link: Entry;
  /** By absolute path free of links. */
  readonly entries: ReadonlyMap<string, Entry>;
  /** Of the files in `entries`; an unreadable one is absent. */
  readonly contents: ReadonlyMap<string, Buffer>;
}

/** Far above what a cluster stores: a ConfigMap or Secret holds 1 MiB at most, a projected volume several. */
const LARGEST: Bytes = 64 * 1024 * 1024;

/**
 * Reads all of a volume at once, so that no two of its files ever come from different states: the kubelet
 * removes a state as soon as it has linked the next one.
 *
 * @param path Of the `..data` link.
 * @param deadline Of `performance.now()`; a volume that is swapped faster than it can be read is given up then.
 */
export async function readVolume(path: string, deadline: number): Promise<Volume> {
  for (;;) {
    const link = await readEntry(path);
    const volume = { link, entries: new Map<string, Entry>(), contents: new Map<string, Buffer>() };
    if (link.kind !== 'link') return volume;
    const whole = await readInto(volume, resolve(dirname(path), link.target));
    // A state that is still linked after it was read has not been removed, not even in part, in between.
    const after = await readEntry(path);
    if (whole && after.kind === 'link' && after.target === link.target) return volume;
    if (performance.now() > deadline)
      throw new Error(`${dirname(path)} is updated faster than it can be read`);
  }
}

/** @returns false when something vanished while it was read. */
async function readInto(
  volume: { readonly entries: Map<string, Entry>; readonly contents: Map<string, Buffer> },
  top: string,
): Promise<boolean> {
  let room = LARGEST;
  const pending = [top];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const entry = await readEntry(path);
    if (entry.kind === 'missing') return path === top;
    volume.entries.set(path, entry);
    try {
      if (entry.kind === 'directory') {
        for (const name of await readdir(path)) pending.push(join(path, name));
      } else if (entry.kind === 'file') {
        room -= Number(entry.stats.size);
        if (room < 0) throw new Error(`${top} holds more than ${LARGEST} bytes`);
        volume.contents.set(path, await readFile(path));
      }
    } catch (error) {
      const code = errorCode(error);
      if (code === 'ENOENT') return false;
      // Files that this process may not read are no obstacle to reading the others.
      if (code !== 'EACCES' && code !== 'EPERM') throw error;
    }
  }
  return true;
}
