import type { Readable, Writable } from 'node:stream';

/** What crosses between two processes in one piece: a JSON value, and byte strings beside it. */
export interface Frame<Value, Blob extends Uint8Array = Uint8Array> {
  readonly value: Value;
  readonly blobs: readonly Blob[];
}

/** Written in one go; requests get their turn between two. */
const PIECE = 64 * 1024;

const LENGTH_BYTES = 4;

interface Header {
  readonly value: unknown;
  /** Length of each blob, in bytes. */
  readonly blobs: readonly number[];
}

/**
 * Length of the header (32 bits, little endian), the header as JSON, the blobs.
 * @throws Error when the stream fails or is closed.
 */
export async function writeFrame({ value, blobs }: Frame<unknown>, stream: Writable): Promise<void> {
  const header = Buffer.from(
    JSON.stringify({ value, blobs: blobs.map((blob) => blob.length) } satisfies Header),
  );
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(header.length);
  for (const piece of pieces([length, header, ...blobs])) {
    await new Promise<void>((resolve, reject) => {
      stream.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  }
}

function* pieces(texts: readonly Uint8Array[]) {
  for (const text of texts) {
    for (let offset = 0; offset < text.length; offset += PIECE) yield text.subarray(offset, offset + PIECE);
  }
}

/**
 * Every frame of a stream, until it ends.
 * @param allocate Memory for a blob.
 * @throws Error when the stream fails or ends inside a frame.
 */
export async function* readFrames<Value, Blob extends Uint8Array>(
  stream: Readable,
  allocate: (length: number) => Blob,
): AsyncGenerator<Frame<Value, Blob>, void, undefined> {
  const chunks: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);

  /** False when the stream has ended before the first byte, where it may. */
  async function fill(target: Uint8Array, mayEnd: boolean): Promise<boolean> {
    for (let filled = 0; filled < target.length; ) {
      if (rest.length === 0) {
        const chunk = await chunks.next();
        if (chunk.done === true) {
          if (filled === 0 && mayEnd) return false;
          throw new Error('the stream has ended inside a frame');
        }
        rest = chunk.value;
      }
      const part = rest.subarray(0, target.length - filled);
      target.set(part, filled);
      filled += part.length;
      rest = rest.subarray(part.length);
    }
    return true;
  }

  const length = Buffer.alloc(LENGTH_BYTES);
  while (await fill(length, true)) {
    const header = Buffer.alloc(length.readUInt32LE());
    await fill(header, false);
    const { value, blobs } = JSON.parse(header.toString()) as Header;
    const filled: Blob[] = [];
    for (const size of blobs) {
      const blob = allocate(size);
      await fill(blob, false);
      filled.push(blob);
    }
    yield { value: value as Value, blobs: filled };
  }
}
