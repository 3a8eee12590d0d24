import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Milliseconds } from '../config/config.js';
import { readWhole } from '../largeBytes.js';
import { answered } from './answered.js';
import { type Entry, readEntry } from './entry.js';
import { DATA_LINK, type Fingerprint, type Trace, trace } from './trace.js';
import { readVolume, type Volume } from './volume.js';

/** The files that one reload reads, each of them once, all files of one mounted volume in one state. */
export interface FileSnapshot {
  /**
   * The content of a file, never of one that is half written, as far as that can be known: a file that is
   * written in place must have been left alone for 200 ms, and one that is missing must stay so.
   * @throws Error with `code` and `path` as of node:fs, `ETIMEDOUT` for a file system that hangs; without a code for what is not a regular file.
   */
  readonly read: (path: string) => Promise<Buffer>;
  /** What was asked for so far, and what it was like when it was read; missing files, too. For a watcher. */
  readonly seen: ReadonlyMap<string, Fingerprint>;
}

/** A writer that pauses longer than this between two pieces defeats the check. */
const QUIET: Milliseconds = 200;
/** Where the file system's times are so coarse that `QUIET` cannot be read off them. */
const QUIET_COARSE: Milliseconds = 2_000;
/** One look at a file. */
interface Look {
  readonly fingerprint: Fingerprint;
  /** null = there is none; undefined = it was touched too lately to be worth reading. */
  readonly content: Buffer | null | undefined;
  /** How long to wait until the look can be trusted; 0 = it can. */
  readonly wait: Milliseconds;
}

export interface FileSnapshotOptions {
  /** A file or volume that is changed without pause is given up after this. @default 5 s */
  readonly patience?: Milliseconds;
  /** A file whose file system does not answer is given up after this, for one look at it. @default 30 s */
  readonly limit?: Milliseconds;
}

export function createFileSnapshot({
  patience = 5_000,
  limit = 30_000,
}: FileSnapshotOptions = {}): FileSnapshot {
  const seen = new Map<string, Fingerprint>();
  const reads = new Map<string, Promise<Buffer>>();
  const volumes = new Map<string, Promise<Volume>>();
  /** Those of `volumes` that have been read: nothing of a volume is asked for any sooner. */
  const pinned: Volume[] = [];

  async function entryAt(path: string): Promise<Entry> {
    if (basename(path) === DATA_LINK) return (await volumeAt(path)).link;
    for (const volume of pinned) {
      const entry = volume.entries.get(path);
      if (entry !== undefined) return entry;
    }
    return readEntry(path);
  }

  function volumeAt(path: string): Promise<Volume> {
    const known = volumes.get(path);
    if (known !== undefined) return known;
    const volume = readVolume(path, performance.now() + patience).then((read) => {
      pinned.push(read);
      return read;
    });
    volumes.set(path, volume);
    return volume;
  }

  /** @param first Another look will follow if this one cannot be trusted. */
  async function look(path: string, first: boolean): Promise<Look> {
    const found = await trace(path, entryAt);
    seen.set(path, found.fingerprint);
    if (found.volume === null) return lookAtFile(path, found, first);
    if (found.entry.kind === 'missing') return { fingerprint: found.fingerprint, content: null, wait: 0 };
    throwUnlessFile(path, found);
    const { contents } = await volumeAt(found.volume);
    const content = contents.get(found.realPath) ?? (await readFile(found.realPath));
    return { fingerprint: found.fingerprint, content, wait: 0 };
  }

  async function readSettled(path: string): Promise<Buffer> {
    const deadline = performance.now() + patience;
    let former: { readonly look: Look; readonly at: number } | null = null;
    for (;;) {
      const first: boolean = former === null;
      const now: Look = await answered(path, limit, () => look(path, first));
      const at = performance.now();
      if (now.wait === 0 || (former !== null && at - former.at >= QUIET && same(former.look, now))) {
        if (now.content == null) throw missing(path);
        return now.content;
      }
      if (former === null || !same(former.look, now)) former = { look: now, at };
      if (at > deadline) throw new Error(`${path} is being written without pause`);
      await sleep(Math.min(now.wait, former.at + QUIET - at));
    }
  }

  return {
    seen,
    read: (file) => {
      const path = resolve(file);
      const known = reads.get(path);
      if (known !== undefined) return known;
      const content = readSettled(path);
      reads.set(path, content);
      return content;
    },
  };
}

async function lookAtFile(path: string, found: Trace, first: boolean): Promise<Look> {
  const { fingerprint, realPath } = found;
  const gone: Look = { fingerprint, content: null, wait: QUIET };
  if (found.entry.kind === 'missing') return gone;
  throwUnlessFile(path, found);
  // O_NONBLOCK: a pipe that took the file's place since would otherwise block until somebody writes to it.
  const file = await open(realPath, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
  if (file === null) return gone;
  try {
    const before = await file.stat({ bigint: true });
    const early = first ? quietIn(before.ctimeNs) : 0;
    if (early > 0) return { fingerprint, content: undefined, wait: early };
    const content = await readWhole(file, Number(before.size));
    const after = await file.stat({ bigint: true });
    const touched = before.ctimeNs !== after.ctimeNs || before.size !== after.size;
    const wait = touched || BigInt(content.length) !== after.size ? QUIET : quietIn(after.ctimeNs);
    return { fingerprint, content, wait };
  } finally {
    await file.close();
  }
}

/**
 * How long until a file that was last touched then has been left alone for long enough. The change time is what
 * no writer can set: every write moves it.
 */
function quietIn(ctimeNs: bigint): Milliseconds {
  const coarse = ctimeNs % 10_000_000n === 0n;
  const age = Date.now() - Number(ctimeNs / 1_000_000n);
  // A file from the future says nothing of its age.
  if (age < 0) return QUIET;
  return Math.max(0, (coarse ? QUIET_COARSE : QUIET) - age);
}

function same(former: Look, now: Look): boolean {
  if (former.fingerprint !== now.fingerprint) return false;
  if (former.content == null || now.content == null) return former.content === now.content;
  return former.content.equals(now.content);
}

function throwUnlessFile(path: string, { entry }: Trace): void {
  if (entry.kind === 'unreadable') throw fileError(entry.code, 'cannot be opened', path);
  if (entry.kind === 'directory') throw fileError('EISDIR', 'illegal operation on a directory', path);
  if (entry.kind === 'other') throw new Error(`${path} is not a regular file`);
}

function missing(path: string): Error {
  return fileError('ENOENT', 'no such file or directory', path);
}

function fileError(code: string, text: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${text}, open '${path}'`), { code, path });
}
