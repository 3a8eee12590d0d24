import { constants, crc32, deflateRaw } from 'node:zlib';

/**
 * The compressed beginning of a gzip member (RFC 1952) that any uncompressed ending can be put behind:
 * a long text that is the same for everyone is compressed once, and what differs per answer follows in
 * stored blocks (RFC 1951, section 3.2.4).
 */
export interface GzipHead {
  /** Gzip header and deflate blocks, none of them final, ending on a byte boundary. */
  readonly bytes: Buffer;
  /** CRC-32 of the text. */
  readonly crc: number;
  /** Bytes of the text. */
  readonly length: number;
}

/** No name, no time, unknown operating system. */
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0xff]);
const STORED_BLOCK_MAX = 0xffff;

/** Compresses in the thread pool. */
export function gzipHead(text: Uint8Array): Promise<GzipHead> {
  return new Promise((resolve, reject) => {
    // A sync flush ends with an empty stored block, so that the next block starts on a byte boundary.
    deflateRaw(text, { finishFlush: constants.Z_SYNC_FLUSH }, (error, deflated) => {
      if (error !== null) {
        reject(error);
        return;
      }
      resolve({
        bytes: Buffer.concat([GZIP_HEADER, deflated]),
        crc: crc32(text),
        length: text.byteLength,
      });
    });
  });
}

/** What follows the head's bytes to make a whole member of the head's text and `ending`. */
export function gzipTail(head: GzipHead, ending: Buffer): Buffer {
  const blocks = Math.max(1, Math.ceil(ending.length / STORED_BLOCK_MAX));
  const tail = Buffer.allocUnsafe(blocks * 5 + ending.length + 8);
  let at = 0;
  for (let block = 0; block < blocks; block += 1) {
    const part = ending.subarray(block * STORED_BLOCK_MAX, (block + 1) * STORED_BLOCK_MAX);
    at = tail.writeUInt8(block === blocks - 1 ? 1 : 0, at);
    at = tail.writeUInt16LE(part.length, at);
    at = tail.writeUInt16LE(part.length ^ 0xffff, at);
    at += part.copy(tail, at);
  }
  // zlib takes no bytes for a request of the initial value.
  at = tail.writeUInt32LE(ending.length === 0 ? head.crc : crc32(ending, head.crc), at);
  tail.writeUInt32LE((head.length + ending.length) % 2 ** 32, at);
  return tail;
}

/** Whether an `Accept-Encoding` value (RFC 9110, section 12.5.3) names gzip and does not refuse it. */
export function acceptsGzip(header: string | string[] | undefined): boolean {
  if (typeof header !== 'string' || !header.includes('gzip')) return false;
  for (const item of header.split(',')) {
    const [coding = '', ...parameters] = item.split(';');
    if (coding.trim().toLowerCase() !== 'gzip') continue;
    return !parameters.some((parameter) => /^\s*q=0(?:\.0{0,3})?\s*$/i.test(parameter));
  }
  return false;
}
