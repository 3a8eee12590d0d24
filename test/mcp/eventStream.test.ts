import { describe, expect, it } from 'vitest';
import { sendEvents } from '../../lib/mcp/eventStream.js';
import { deferred } from '../support/deferred.js';
import { EventReader } from '../support/eventReader.js';
import { HttpServer } from '../support/httpServer.js';

const CHUNK = new TextEncoder().encode(`: ${'x'.repeat(100_000)}\n\n`);

/** A server that streams `count` chunks, one per turn of the event loop, and tells when the stream was over. */
async function serveChunks(count: number) {
  const over = deferred<number>();
  let sent = 0;
  const server = await HttpServer.start((_req, res) => {
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise(setImmediate);
        sent += 1;
        controller.enqueue(CHUNK);
        if (sent === count) controller.close();
      },
    });
    sendEvents(body, res, { maxQueue: 1_000_000, onEnd: () => over.resolve(sent) });
  });
  return { server, over: over.promise, port: Number(new URL(server.url).port) };
}

describe('sendEvents', () => {
  it('sends everything to a client that reads, and ends', async () => {
    const { server, over, port } = await serveChunks(200);
    await using _server = server;
    const reader = await EventReader.open(port, { method: 'GET', headers: { Connection: 'close' } });
    expect(await over).toBe(200);
    await reader.over();
    expect(reader.text.length).toBeGreaterThan(200 * 100_000);
  });

  it('cuts off a client that does not read, after a bounded queue', async () => {
    const { server, over, port } = await serveChunks(1_000_000);
    await using _server = server;
    const reader = await EventReader.open(port, { method: 'GET' });
    reader.socket.pause();
    // What the kernel takes, and the bound.
    expect((await over) * CHUNK.length).toBeLessThan(50_000_000);
    reader.socket.destroy();
  });

  it('stands a host that ends the stream while its client does not read', async () => {
    const over = deferred();
    const opened = deferred<ReadableStreamDefaultController<Uint8Array>>();
    const failures: unknown[] = [];
    await using server = await HttpServer.start((_req, res) => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          opened.resolve(controller);
        },
      });
      res.on('error', (error) => failures.push(error));
      sendEvents(body, res, { maxQueue: 100_000_000, onEnd: () => over.resolve() });
      while (res.writableLength < 20_000_000) res.write(CHUNK);
      res.end();
    });
    const reader = await EventReader.open(Number(new URL(server.url).port), { method: 'GET' });
    reader.socket.pause();
    (await opened.promise).enqueue(CHUNK);
    await new Promise(setImmediate);
    reader.socket.destroy();
    await over.promise;
    expect(failures).toEqual([]);
  });

  it('stops its source when the client leaves', async () => {
    const { server, over, port } = await serveChunks(1_000_000);
    await using _server = server;
    const reader = await EventReader.open(port, { method: 'GET' });
    await reader.sees('xxx');
    reader.socket.destroy();
    expect(await over).toBeLessThan(1_000_000);
  });
});
