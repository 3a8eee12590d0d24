import { once } from 'node:events';
import { type ClientHttp2Session, connect, createServer, type OutgoingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Middleware } from '../../lib/http/middleware.js';
import { call, LEGACY, modern, rpc } from '../mcp/batteryCase.js';
import { deferred } from '../support/deferred.js';
import { McpServer } from '../support/mcpServer.js';
import { jsonAnswer, tableOf } from '../support/table.js';
import { until } from '../support/until.js';

const called = deferred();
const aborted = deferred();
let mcp: McpServer;
let server: ReturnType<typeof createServer>;
let session: ClientHttp2Session;

beforeAll(async () => {
  let serve: Middleware = () => {};
  const table = await tableOf({
    tools: [{ name: 'alpha' }, { name: 'slow' }],
    async upstream({ url }, signal) {
      if (!url.endsWith('/slow')) return jsonAnswer({ ok: true });
      called.resolve();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      aborted.resolve();
      signal.throwIfAborted();
      return jsonAnswer({});
    },
  });
  mcp = await McpServer.start(table, {
    host: (middleware) => {
      serve = middleware;
      return () => {};
    },
  });
  // Node's compatibility layer: what an HTTP/2 host hands to its middleware.
  server = createServer((req, res) => serve(req as never, res as never));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  session = connect(`http://localhost:${(server.address() as AddressInfo).port}`);
});

afterAll(async () => {
  session.destroy();
  server.close();
  aborted.resolve();
  await mcp[Symbol.asyncDispose]();
});

function open(headers: OutgoingHttpHeaders, body?: string) {
  const stream = session.request({
    ':path': '/mcp',
    ':method': body === undefined ? 'GET' : 'POST',
    ...headers,
  });
  stream.on('error', () => {});
  stream.end(body);
  return stream;
}

async function exchange(headers: OutgoingHttpHeaders, body: string) {
  const stream = open(headers, body);
  const [head] = (await once(stream, 'response')) as [Record<string, unknown>];
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return { status: head[':status'], text };
}

describe('HTTP/2 host', () => {
  it('serves both eras', async () => {
    const legacy = await exchange(LEGACY, rpc('tools/call', call('alpha')));
    expect(legacy).toMatchObject({ status: 200, text: expect.stringContaining('ok') });
    const { request } = modern('list', 'tools/list', {}, { status: 200 });
    const listed = await exchange(request.headers as OutgoingHttpHeaders, String(request.body));
    expect(listed).toMatchObject({ status: 200, text: expect.stringContaining('alpha') });
    expect((await exchange(LEGACY, '{')).status).toBe(400);
  });

  it('streams, and forgets the stream when it ends', async () => {
    const stream = open({ accept: 'text/event-stream' });
    const [head] = (await once(stream, 'response')) as [Record<string, unknown>];
    expect(head[':status']).toBe(200);
    mcp.listeners.notify(['/mcp']);
    expect(String((await once(stream, 'data'))[0])).toContain('list_changed');
    stream.close();
    await until(() => mcp.listeners.count('/mcp') === 0);
  });

  it('cuts a stream whose endpoint has gone', async () => {
    const stream = open({ accept: 'text/event-stream' });
    await once(stream, 'response');
    await until(() => mcp.listeners.count('/mcp') === 1);
    const closed = once(stream, 'close');
    mcp.listeners.retain(new Set());
    await closed;
  });

  it('aborts one call when its stream is reset, and no other', async () => {
    const stream = open(LEGACY, rpc('tools/call', call('slow')));
    await called.promise;
    stream.close(8);
    await aborted.promise;
    expect((await exchange(LEGACY, rpc('tools/call', call('alpha')))).status).toBe(200);
    expect(mcp.log.of('error')).toEqual([]);
  });
});
