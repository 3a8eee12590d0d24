import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { unlessAborted } from '../abortable.js';
import type { Bytes } from '../config/config.js';
import { SourceError } from '../errors.js';
import { sha256Of } from '../largeBytes.js';
import { ContentProblem, gunzipped, tooLarge } from './content.js';
import type { SourceOutcome, SourceRequest, SourceSnapshot } from './source.js';

/** Reads one file whole. @throws what `fs.readFile` throws. */
export type FileReader = (path: string) => Promise<Buffer>;

/**
 * One version of a file, gzip-compressed or not.
 * @throws SourceError stage `read`; the signal's reason when it aborts for anything but a timeout.
 */
export async function readSource(
  request: SourceRequest,
  previous: SourceSnapshot | null,
  signal: AbortSignal,
  readFile?: FileReader,
): Promise<SourceOutcome> {
  const { location, maxSize } = request;
  const bytes = await readText(location, maxSize, signal, readFile).catch((error: unknown) => {
    if (signal.aborted && signal.reason?.name !== 'TimeoutError') throw signal.reason;
    const rule = signal.aborted ? 'must be readable within the time limit' : readProblem(error);
    throw new SourceError('read', location, rule, { cause: error });
  });
  const sha256 = await sha256Of(bytes);
  const isSame = previous?.sha256 === sha256;
  return {
    result: isSame ? 'unchanged' : 'changed',
    snapshot: {
      location,
      bytes: isSame ? previous.bytes : bytes,
      sha256,
      etag: null,
      lastModified: null,
      fetchedAt: Date.now(),
      minimumInterval: null,
    },
  };
}

async function readText(
  path: string,
  maxSize: Bytes,
  signal: AbortSignal,
  readFile: FileReader | undefined,
): Promise<Uint8Array> {
  signal.throwIfAborted();
  // A file system that hangs hears of no signal.
  const raw = await unlessAborted(
    readFile === undefined ? readRegularFile(path, maxSize, signal) : readFile(path),
    signal,
  );
  if (raw.length > maxSize) throw tooLarge(maxSize);
  return gunzipped(raw, maxSize);
}

/**
 * Reads a regular file of at most `maxSize` bytes: never a device or a pipe, which may have no end.
 * @throws ContentProblem, or what the file system says.
 */
export async function readRegularFile(path: string, maxSize: Bytes, signal: AbortSignal): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    // Without O_NONBLOCK, opening a pipe waits for its writer.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (stat.isDirectory()) throw new ContentProblem('must be a file, is a directory');
    if (!stat.isFile()) throw new ContentProblem('must be a regular file');
    if (stat.size > maxSize) throw tooLarge(maxSize);
    return await file.readFile({ signal });
  } finally {
    await file?.close();
  }
}

const READ_PROBLEMS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'not found'],
  ['ENOTDIR', 'not found, a part of the path is no directory'],
  ['EISDIR', 'is a directory'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['ELOOP', 'too many symbolic links'],
  ['ETIMEDOUT', 'its file system does not answer'],
]);

/** Why a file cannot be read, in one line. */
export function readProblem(error: unknown): string {
  if (error instanceof ContentProblem) return error.message;
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === undefined) return 'must be a readable file';
  const reason = READ_PROBLEMS.get(code);
  return `must be a readable file: ${reason === undefined ? code : `${reason} (${code})`}`;
}
