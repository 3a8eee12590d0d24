import { dirname, isAbsolute, join, parse, resolve, sep } from 'node:path';
import type { Entry, EntryReader } from './entry.js';

/** Differs whenever the file at a path may have other content; to be compared, not to be read. */
export type Fingerprint = string;

/** A name whose change in its directory can lead a path elsewhere. */
export interface WatchPoint {
  /** Free of links. */
  readonly directory: string;
  readonly name: string;
}

/** Where a path leads: every link on the way followed. */
export interface Trace {
  readonly fingerprint: Fingerprint;
  /** Free of links; for a missing file, where the way ends. */
  readonly realPath: string;
  readonly entry: Exclude<Entry, { kind: 'link' }>;
  /** The `..data` link that the way goes through; null = an ordinary file. */
  readonly volume: string | null;
  readonly points: readonly WatchPoint[];
}

/** Name of the link that a kubelet swaps to update a ConfigMap, Secret or projected volume. */
export const DATA_LINK = '..data';

/** As Linux has it (path_resolution(7)). */
const MAX_LINKS = 40;

/** @param path Absolute. */
export async function trace(path: string, entryAt: EntryReader): Promise<Trace> {
  const points: WatchPoint[] = [];
  const pending = names(path);
  let directory = parse(path).root;
  let volume: string | null = null;
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '..') {
      directory = dirname(directory);
      continue;
    }
    const here = join(directory, name);
    const entry = await entryOrKey(directory, name, entryAt);
    if (entry.kind === 'directory' && pending.length > 0) {
      directory = here;
      continue;
    }
    // What lies behind `..data` never changes: the link does.
    if (volume === null) points.push({ directory, name });
    if (entry.kind !== 'link') {
      return ended(here, pending.length > 0 ? blocked(entry) : entry, volume, points);
    }
    links += 1;
    if (links > MAX_LINKS) return ended(here, { kind: 'unreadable', code: 'ELOOP' }, volume, points);
    if (name === DATA_LINK) volume ??= here;
    if (isAbsolute(entry.target)) directory = parse(entry.target).root;
    pending.push(...names(entry.target));
  }
  return ended(directory, await entryAt(directory).then(blocked), volume, points);
}

/**
 * A kubelet swaps `..data` first and links a new key afterwards: in between, the key is found where the link
 * will lead to.
 */
async function entryOrKey(directory: string, name: string, entryAt: EntryReader): Promise<Entry> {
  const entry = await entryAt(join(directory, name));
  if (entry.kind !== 'missing' || name === DATA_LINK) return entry;
  const data = await entryAt(join(directory, DATA_LINK));
  if (data.kind !== 'link') return entry;
  const key = await entryAt(resolve(directory, data.target, name));
  return key.kind === 'missing' ? entry : { kind: 'link', target: join(DATA_LINK, name) };
}

/** Names still to be walked, the next one last. */
function names(path: string): string[] {
  return path
    .slice(parse(path).root.length)
    .split(sep)
    .filter((name) => name !== '' && name !== '.')
    .reverse();
}

/** An entry that the way cannot go on through. */
function blocked(entry: Entry): Trace['entry'] {
  return entry.kind === 'unreadable' || entry.kind === 'directory' ? entry : { kind: 'missing' };
}

function ended(realPath: string, entry: Trace['entry'], volume: string | null, points: WatchPoint[]): Trace {
  return { fingerprint: fingerprintOf(realPath, entry), realPath, entry, volume, points };
}

function fingerprintOf(realPath: string, entry: Trace['entry']): Fingerprint {
  switch (entry.kind) {
    case 'missing':
      return 'missing';
    case 'unreadable':
      return `unreadable ${entry.code}`;
    default: {
      const { dev, ino, size, mtimeNs, ctimeNs } = entry.stats;
      return `${realPath} ${dev}:${ino} ${size} ${mtimeNs} ${ctimeNs}`;
    }
  }
}
