import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Bytes } from '../config/config.js';

const decompress = promisify(gunzip);

/** Bytes that are not what they should be; the message is a rule, one line. */
export class ContentProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ContentProblem';
  }
}

/** `must be at most … bytes`, for what was stopped at its size limit. */
export function tooLarge(maxSize: Bytes): ContentProblem {
  return new ContentProblem(`must be at most ${maxSize} bytes (openapi.max_size), is larger`);
}

/**
 * The text inside a gzip file (RFC 1952), other bytes as they are. JSON and YAML never begin with gzip's magic
 * number, so the name of the file does not matter.
 *
 * @throws ContentProblem past `maxSize` decoded bytes, or for a damaged file.
 */
export async function gunzipped(bytes: Uint8Array, maxSize: Bytes): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await decompress(bytes, { maxOutputLength: maxSize });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxSize);
    throw new ContentProblem(`must be a whole gzip file (${code ?? 'damaged'})`);
  }
}
