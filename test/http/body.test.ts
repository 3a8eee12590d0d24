import { request as httpRequest, IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type BodyOutcome, readBody } from '../../lib/http/body.js';
import { deferred } from '../support/deferred.js';
import { HttpServer } from '../support/httpServer.js';
import { openSocket, rawRequest, sendRaw } from '../support/rawHttp.js';

const LIMITS = { maxBytes: 100, deadline: 5_000 };

/** A server that reads one body and tells what came of it. */
async function reading(limits = LIMITS, prepare: (req: object) => void = () => {}) {
  const outcome = deferred<BodyOutcome>();
  const server = await HttpServer.start((req, res) => {
    prepare(req);
    readBody(req, limits).then((body) => {
      outcome.resolve(body);
      res.end(body.kind);
    });
  });
  return { server, outcome: outcome.promise, port: Number(new URL(server.url).port) };
}

/** The last four bytes of the body come later by `pause` milliseconds, the time that a reader must stand. */
async function sendInTwo(port: number, body: string, pause: number): Promise<void> {
  const socket = await openSocket(port);
  const bytes = rawRequest({ body });
  socket.write(bytes.subarray(0, bytes.length - 4));
  await new Promise((resolve) => setTimeout(resolve, pause));
  socket.write(bytes.subarray(bytes.length - 4));
}

const text = (body: BodyOutcome): string => (body.kind === 'bytes' ? body.bytes.toString() : body.kind);

describe('readBody', () => {
  it('reads a body of one piece, and of many', async () => {
    for (const pieces of [['{"a":1}'], ['{"', 'é', '":', '1}']]) {
      const { server, outcome } = await reading();
      await using _server = server;
      const req = httpRequest(server.url, { method: 'POST' });
      req.on('error', () => {});
      for (const piece of pieces) req.write(piece);
      req.end();
      expect(text(await outcome)).toBe(pieces.join(''));
    }
  });

  it('puts characters together that are split over pieces', async () => {
    const { server, outcome, port } = await reading();
    await using _server = server;
    await sendInTwo(port, '"é😀"', 10);
    expect(text(await outcome)).toBe('"é😀"');
  });

  it('waits as long as it takes when there is no deadline', async () => {
    const { server, outcome, port } = await reading({ ...LIMITS, deadline: 0 });
    await using _server = server;
    await sendInTwo(port, '"slow"', 50);
    expect(text(await outcome)).toBe('"slow"');
  });

  it('does not wait for a client that had left before', async () => {
    const req = new IncomingMessage(new Socket());
    req.destroy();
    await new Promise((resolve) => req.once('close', resolve));
    expect(await readBody(req, LIMITS)).toEqual({ kind: 'aborted' });
  });

  it('takes an empty body as empty', async () => {
    const { server, outcome, port } = await reading();
    await using _server = server;
    await sendRaw(port, { headers: { 'Content-Length': '0' } });
    expect(text(await outcome)).toBe('');
  });

  it('refuses a declared length over the limit without reading', async () => {
    const { server, outcome, port } = await reading();
    await using _server = server;
    await sendRaw(port, { headers: { 'Content-Length': '101' } });
    expect((await outcome).kind).toBe('too_large');
  });

  it('refuses what grows over the limit without a declared length', async () => {
    const { server, outcome } = await reading();
    await using _server = server;
    const req = httpRequest(server.url, { method: 'POST' });
    req.on('error', () => {});
    for (let piece = 0; piece < 11; piece += 1) req.write('x'.repeat(10));
    expect((await outcome).kind).toBe('too_large');
    req.destroy();
  });

  it('takes exactly the limit', async () => {
    const { server, outcome, port } = await reading();
    await using _server = server;
    await sendRaw(port, { body: 'x'.repeat(100) });
    expect(text(await outcome)).toBe('x'.repeat(100));
  });

  it('gives up on a body that does not arrive in time', async () => {
    const { server, outcome, port } = await reading({ ...LIMITS, deadline: 30 });
    await using _server = server;
    const answer = await sendRaw(port, { headers: { 'Content-Length': '10' }, body: 'x' });
    expect((await outcome).kind).toBe('too_slow');
    expect(answer.body.toString()).toBe('too_slow');
  });

  it('gives up when the client leaves', async () => {
    const { server, outcome, port } = await reading();
    await using _server = server;
    const socket = await openSocket(port);
    socket.write(rawRequest({ headers: { 'Content-Length': '10' }, body: 'x' }));
    await new Promise((resolve) => setTimeout(resolve, 10));
    socket.destroy();
    expect((await outcome).kind).toBe('aborted');
  });

  it.each<[string, object, BodyOutcome]>([
    ['an object', { body: { a: 1 }, _body: true }, { kind: 'parsed', value: { a: 1 } }],
    ['null', { body: null, _body: true }, { kind: 'parsed', value: null }],
    ['a text', { body: '{"a":1}', _body: true }, { kind: 'bytes', bytes: Buffer.from('{"a":1}') }],
    ['bytes', { body: Buffer.from('{}'), _body: true }, { kind: 'bytes', bytes: Buffer.from('{}') }],
    ['too many bytes', { body: Buffer.alloc(101), _body: true }, { kind: 'too_large' }],
    ['a placeholder on an unread stream', { body: {} }, { kind: 'bytes', bytes: Buffer.from('unread') }],
  ])('takes what the host has parsed: %s', async (_name, given, expected) => {
    const { server, outcome, port } = await reading(LIMITS, (req) => Object.assign(req, given));
    await using _server = server;
    await sendRaw(port, { body: 'unread' });
    expect(await outcome).toEqual(expected);
  });

  it('reads text from a request whose encoding the host has set', async () => {
    const { server, outcome, port } = await reading(LIMITS, (req) =>
      (req as { setEncoding(encoding: string): void }).setEncoding('utf8'),
    );
    await using _server = server;
    await sendRaw(port, { body: '"é"' });
    expect(text(await outcome)).toBe('"é"');
  });
});
