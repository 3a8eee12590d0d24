import type { Bytes, Milliseconds, SourceLocation } from '../config/config.js';
import { fetchSource } from './fetchSource.js';
import { isUrl } from './location.js';
import { type FileReader, readSource } from './readSource.js';

export { isUrl, redactedLocation } from './location.js';

/** What to read: a file, or a URL with its rules. */
export interface SourceRequest {
  readonly location: SourceLocation;
  /** The whole `Authorization` value; "" = none. Never sent to another origin. */
  readonly authHeader: string;
  /** Of the decoded bytes. */
  readonly maxSize: Bytes;
  /** Follow redirects to private, loopback and link-local addresses of other hosts too. @default false */
  readonly allowPrivate?: boolean;
}

/** A text and where it came from; relative references resolve against `location`. */
export interface SourceText {
  readonly location: SourceLocation;
  readonly bytes: Uint8Array;
}

/** One version of a source, kept beside the tools made from it. */
export interface SourceSnapshot extends SourceText {
  /** SHA-256 (hex) of `bytes`. */
  readonly sha256: string;
  /** As received, to be sent back (RFC 9110 §13.1); null = none. */
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** Unix epoch, milliseconds. */
  readonly fetchedAt: number;
  /** From `Cache-Control: max-age` or `Retry-After`: poll no sooner than this; null = not stated. */
  readonly minimumInterval: Milliseconds | null;
}

/**
 * `not_modified`: the server said 304. `unchanged`: the same bytes came again. In both the snapshot has the
 * old bytes (the very same object) and the newest validators. `changed`: new bytes.
 */
export interface SourceOutcome {
  readonly result: 'changed' | 'unchanged' | 'not_modified';
  readonly snapshot: SourceSnapshot;
}

export interface SourceOptions {
  /** How files are read, for instance through a pinned ConfigMap mount. @default from the path itself */
  readonly readFile?: FileReader;
}

/**
 * Reads a file, or fetches a URL by a conditional request where `previous` has validators. `signal` is the
 * total deadline. `previous` is never changed: store the outcome's snapshot only once it is in service.
 *
 * @throws SourceError stage `read` or `fetch`; the signal's reason when it aborts for anything but a timeout.
 */
export async function loadSource(
  request: SourceRequest,
  previous: SourceSnapshot | null,
  signal: AbortSignal,
  options: SourceOptions = {},
): Promise<SourceOutcome> {
  const former = previous?.location === request.location ? previous : null;
  return isUrl(request.location)
    ? fetchSource(request, former, signal)
    : readSource(request, former, signal, options.readFile);
}
