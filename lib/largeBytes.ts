import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';

/** Documents of 10 MB are normal; hashing or copying one in one go would hold the event loop for 5 ms and more. */
const PIECE = 1024 * 1024;

/** SHA-256 (hex); other work gets its turn in between. */
export async function sha256Of(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for await (const { piece } of pieces(bytes)) hash.update(piece);
  return hash.digest('hex');
}

/** The same bytes in memory that a thread can look into without a copy; other work gets its turn in between. */
export async function shared(bytes: Uint8Array): Promise<Uint8Array<SharedArrayBuffer>> {
  if (isShared(bytes)) return bytes;
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  for await (const { piece, offset } of pieces(bytes)) copy.set(piece, offset);
  return copy;
}

function isShared(bytes: Uint8Array): bytes is Uint8Array<SharedArrayBuffer> {
  return bytes.buffer instanceof SharedArrayBuffer;
}

/**
 * A file from its beginning, up to `size` bytes. Large ones are read into shared memory: they go to a thread, and
 * V8 counts unshared buffers as pressure that it answers with a full collection in the middle of serving.
 * @param size What `stat` says.
 */
export async function readWhole(file: FileHandle, size: number): Promise<Buffer> {
  if (size <= PIECE) return file.readFile();
  const content = Buffer.from(new SharedArrayBuffer(size));
  let length = 0;
  while (length < size) {
    const { bytesRead } = await file.read(content, length, Math.min(PIECE, size - length), length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return content.subarray(0, length);
}

async function* pieces(bytes: Uint8Array) {
  for (let offset = 0; offset < bytes.length; offset += PIECE) {
    if (offset > 0) await turn();
    yield { piece: bytes.subarray(offset, offset + PIECE), offset };
  }
}
