import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import type { Bytes } from '../config/config.js';
import { type ExchangeResponse, tooLarge } from './exchange.js';
import { codeOf, UpstreamFailure } from './upstreamFailure.js';

type Decoder = (bytes: Uint8Array, options: zlib.ZlibOptions & zlib.BrotliOptions) => Promise<Buffer>;

/** Content codings (RFC 9110 §8.4.1) that can be undone; zstd only where this Node has it. */
const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', promisify(zlib.gunzip) as Decoder],
  ['x-gzip', promisify(zlib.gunzip) as Decoder],
  ['br', promisify(zlib.brotliDecompress) as Decoder],
  ['deflate', inflateEither],
  ...zstandard(),
]);

/** What is asked for. */
export const ACCEPT_ENCODING = [...DECODERS.keys()].filter((name) => name !== 'x-gzip').join(', ');

/** More than two codings on top of one another have no honest use. */
const MAX_CODINGS = 3;

/**
 * Undoes `Content-Encoding`, off the main thread and never beyond `maxBytes` of output. Of a partial answer, what
 * can be decoded is the result.
 * @throws UpstreamFailure
 */
export async function decodeContent(
  response: ExchangeResponse,
  codings: string,
  maxBytes: Bytes,
  host: string,
): Promise<Uint8Array> {
  const { body, partial } = response;
  const names = codings
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  if (names.length === 0 || body.length === 0) return body;
  if (names.length > MAX_CODINGS) throw undecodable(host);
  let bytes = body;
  for (const name of names.reverse()) {
    const decode = DECODERS.get(name);
    if (decode === undefined) throw undecodable(host);
    try {
      bytes = await decode(bytes, { maxOutputLength: maxBytes, ...(partial ? cutOff(name) : {}) });
    } catch (error) {
      if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(host, maxBytes);
      throw undecodable(host, error);
    }
  }
  return bytes;
}

function cutOff(name: string): zlib.ZlibOptions {
  const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH } = zlib.constants;
  return { finishFlush: name === 'br' ? BROTLI_OPERATION_FLUSH : Z_SYNC_FLUSH };
}

function undecodable(host: string, cause?: unknown): UpstreamFailure {
  return new UpstreamFailure('protocol', `${host} sent a compressed answer that cannot be decoded.`, {
    cause,
  });
}

/** `deflate` means zlib's format (RFC 9110 §8.4.1.2), but some servers send it bare. */
function inflateEither(bytes: Uint8Array, options: zlib.ZlibOptions): Promise<Buffer> {
  const wrapped = ((bytes[0] ?? 0) & 0x0f) === 8;
  return (wrapped ? promisify(zlib.inflate) : promisify(zlib.inflateRaw))(bytes, options) as Promise<Buffer>;
}

function zstandard(): [string, Decoder][] {
  const decompress: unknown = Reflect.get(zlib, 'zstdDecompress');
  return typeof decompress === 'function'
    ? [['zstd', promisify(decompress as typeof zlib.gunzip) as Decoder]]
    : [];
}
