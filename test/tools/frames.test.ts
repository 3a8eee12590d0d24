import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { type Frame, readFrames, writeFrame } from '../../lib/tools/frames.js';

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Two ends of one connection. */
async function connected(): Promise<readonly [Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const near = connect(server.address() as { port: number });
  const [far] = (await accepted) as [Socket];
  server.close();
  sockets.push(near, far);
  return [near, far];
}

const bytes = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 7) % 251);
const read = (stream: Readable) =>
  readFrames<unknown, Uint8Array>(stream, (length) => new Uint8Array(length));
async function all(stream: Readable): Promise<Frame<unknown>[]> {
  const frames: Frame<unknown>[] = [];
  for await (const frame of read(stream)) frames.push(frame);
  return frames;
}
async function written(...frames: Frame<unknown>[]): Promise<Buffer> {
  const stream = new PassThrough({ highWaterMark: 2 ** 24 });
  for (const frame of frames) await writeFrame(frame, stream);
  return stream.read();
}

test.each<[string, Frame<unknown>]>([
  ['a value alone', { value: { a: ['é', null, 1.5] }, blobs: [] }],
  ['an empty blob', { value: null, blobs: [new Uint8Array(0)] }],
  ['several blobs', { value: 'x', blobs: [bytes(3), bytes(70_000), bytes(0), bytes(1)] }],
  ['megabytes', { value: { text: 'y'.repeat(300_000) }, blobs: [bytes(5_000_000)] }],
])('%s arrives over a socket as it was sent', async (_, frame) => {
  const [near, far] = await connected();
  const arriving = read(far).next();
  await writeFrame(frame, near);
  const { value, blobs } = (await arriving).value as Frame<unknown>;
  expect(value).toEqual(frame.value);
  // Comparing megabytes element by element would take seconds.
  expect(blobs.map((blob, index) => Buffer.compare(blob, frame.blobs[index] ?? bytes(0)))).toEqual(
    frame.blobs.map(() => 0),
  );
});

test('frames come one after the other, however the stream is cut', async () => {
  const frames = [
    { value: 1, blobs: [bytes(10)] },
    { value: 2, blobs: [] },
    { value: 3, blobs: [bytes(0), bytes(5)] },
  ];
  const whole = await written(...frames);
  for (const size of [1, 3, 7, whole.length]) {
    const chunks = Array.from({ length: Math.ceil(whole.length / size) }, (_, index) =>
      whole.subarray(index * size, (index + 1) * size),
    );
    expect(await all(Readable.from(chunks, { objectMode: false }))).toEqual(frames);
  }
});

test('blobs lie in the memory that the reader gives', async () => {
  const whole = await written({ value: null, blobs: [bytes(9)] });
  const shared = (length: number) => new Uint8Array(new SharedArrayBuffer(length));
  const { value } = await readFrames(Readable.from([whole]), shared).next();
  expect((value as Frame<unknown>).blobs[0]?.buffer).toBeInstanceOf(SharedArrayBuffer);
});

describe('a stream that ends', () => {
  test('between two frames ends the reading', async () => {
    expect(await all(Readable.from([await written({ value: 1, blobs: [] })]))).toHaveLength(1);
    expect(await all(Readable.from([]))).toEqual([]);
  });

  test('inside a frame, wherever, is an error', async () => {
    const whole = await written({ value: 'abc', blobs: [bytes(20)] });
    for (let length = 1; length < whole.length; length += 1) {
      await expect(all(Readable.from([whole.subarray(0, length)]))).rejects.toThrow('inside a frame');
    }
  });

  test('while a frame is written is an error', async () => {
    const [near, far] = await connected();
    near.on('error', () => {});
    const writing = writeFrame({ value: null, blobs: [new Uint8Array(50_000_000)] }, near);
    far.destroy();
    await expect(writing).rejects.toThrow();
    await expect(writeFrame({ value: null, blobs: [] }, near)).rejects.toThrow();
  });
});
