import type { Bytes, Milliseconds, SourceLocation } from '../config/config.js';

/** What to read: a file, or a URL with its rules. */
export interface SourceRequest {
  readonly location: SourceLocation;
  /** The whole `Authorization` value; "" = none. Never sent to another origin. */
  readonly authHeader: string;
  /** Of the decoded bytes. */
  readonly maxSize: Bytes;
}

/** One version of a source, kept beside the tools made from it. */
export interface SourceSnapshot {
  readonly location: SourceLocation;
  readonly bytes: Uint8Array;
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

/**
 * Reads a file, or fetches a URL by a conditional request where `previous` has validators.
 * @throws SourceError stage `read` or `fetch`.
 */
export declare function loadSource(
  request: SourceRequest,
  previous: SourceSnapshot | null,
  signal: AbortSignal,
): Promise<SourceOutcome>;
