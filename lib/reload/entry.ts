import type { BigIntStats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import type { Milliseconds } from '../config/config.js';
import { answered } from './answered.js';

/** What is at a path, the last link not followed. */
export type Entry =
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly code: string }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'file' | 'directory' | 'other'; readonly stats: BigIntStats };

/** Where entries come from: the file system, or a state of it that was pinned. */
export type EntryReader = (path: string) => Promise<Entry>;

/** A file system that takes longer hangs. */
const LIMIT: Milliseconds = 5_000;

/** Looks at the file system as it is now; one that hangs makes the path unreadable, `ETIMEDOUT`. Never rejects. */
export async function readEntry(path: string): Promise<Entry> {
  try {
    return await answered(path, LIMIT, async () => {
      const stats = await lstat(path, { bigint: true });
      if (stats.isSymbolicLink()) return { kind: 'link', target: await readlink(path) };
      return { kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other', stats };
    });
  } catch (error) {
    const code = errorCode(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? { kind: 'missing' } : { kind: 'unreadable', code };
  }
}

/** Looks at each path once, so that all who ask see the same state of it. */
export function onceEach(entryAt: EntryReader): EntryReader {
  const entries = new Map<string, Promise<Entry>>();
  return (path) => {
    const known = entries.get(path);
    if (known !== undefined) return known;
    const entry = entryAt(path);
    entries.set(path, entry);
    return entry;
  };
}

/** `ENOENT`, `EACCES`, …; `UNKNOWN` for an error without a code. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN';
}
