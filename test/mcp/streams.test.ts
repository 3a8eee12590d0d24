import { describe, expect, it } from 'vitest';
import { EventReader } from '../support/eventReader.js';
import { McpServer, type McpServerOptions } from '../support/mcpServer.js';
import { type RawRequest, sendRaw } from '../support/rawHttp.js';
import { type TableDraft, tableOf } from '../support/table.js';
import { until } from '../support/until.js';
import { modern } from './batteryCase.js';

const GET: RawRequest = { method: 'GET', headers: { Accept: 'text/event-stream' } };
const LISTEN: RawRequest = modern(
  'listen',
  'subscriptions/listen',
  { id: 'sub', params: { notifications: { toolsListChanged: true } } },
  { status: 200 },
).request;

const eras: readonly (readonly [string, RawRequest])[] = [
  ['GET of the 2025 era', GET],
  ['subscription of the 2026 era', LISTEN],
];

const tools = [{ name: 'alpha' }];
const CHANGED = 'notifications/tools/list_changed';

async function serve(options: McpServerOptions = {}, draft: Partial<TableDraft> = {}): Promise<McpServer> {
  return McpServer.start(await tableOf({ tools, ...draft }), options);
}

const limit = (count: number): Partial<TableDraft> => ({
  config: {
    upstreams: [{ name: 'api', base_url: 'http://api.example', openapi: { source: './api.json' } }],
    server: { max_streams_per_address: count },
  },
});

describe.each(eras)('%s', (_name, request) => {
  it('starts at once, says that the list changed, and is kept alive', async () => {
    await using server = await serve({ endpoint: { keepAlive: 20 } });
    const reader = await EventReader.open(server.port, request);
    await reader.sees('content-type: text/event-stream');
    await reader.sees(/: keepalive[\s\S]*: keepalive/);
    expect(reader.status).toBe(200);
    expect(reader.text).not.toContain('mcp-session-id');
    server.listeners.notify(['/mcp']);
    await reader.sees(CHANGED);
    reader.socket.destroy();
    await until(() => server.listeners.count('/mcp') === 0);
  });

  it('keeps no table alive', async () => {
    const table = await tableOf({ tools });
    await using server = await McpServer.start(table);
    const reader = await EventReader.open(server.port, request);
    await until(() => server.listeners.count('/mcp') === 1);
    expect((await server.metrics.requestsInFlight.get()).values[0]?.value).toBe(0);
    server.swap(await tableOf({ tools: [...tools, { name: 'beta' }], former: table }));
    await reader.sees(CHANGED);
    expect(server.draining).toBe(0);
    reader.socket.destroy();
  });

  it('is cut when its endpoint goes, and refused while it is gone', async () => {
    await using server = await serve();
    const reader = await EventReader.open(server.port, request);
    await until(() => server.listeners.count('/mcp') === 1);
    const groups = [{ name: 'all', endpoint: '/elsewhere', upstreams: ['api'] }];
    const upstreams = [{ name: 'api', base_url: 'http://api.example', openapi: { source: './api.json' } }];
    server.swap(await tableOf({ tools, config: { upstreams, groups }, former: server.table }));
    await reader.over();
    expect(reader.text).not.toContain('"resultType":"complete"');
    expect((await sendRaw(server.port, request)).status).toBe(404);
  });

  it('is refused past the limit per address, and admitted again once one has gone', async () => {
    await using server = await serve({}, limit(2));
    const first = await EventReader.open(server.port, request);
    await EventReader.open(server.port, request);
    await until(() => server.listeners.count('/mcp') === 2);
    const refused = await sendRaw(server.port, request);
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after']).toBeDefined();
    first.socket.destroy();
    await until(() => server.listeners.count('/mcp') === 1);
    await EventReader.open(server.port, request);
    await until(() => server.listeners.count('/mcp') === 2);
  });

  it('ends for good at shutdown, and no other is admitted', async () => {
    await using server = await serve();
    const reader = await EventReader.open(server.port, {
      ...request,
      headers: { ...request.headers, Connection: 'close' },
    });
    await until(() => server.listeners.count('/mcp') === 1);
    server.listeners.close();
    await reader.over();
    expect(reader.text.includes('"resultType":"complete"')).toBe(request === LISTEN);
    expect((await sendRaw(server.port, request)).status).toBe(503);
  });

  it('a thousand of them open, hear and close, and nothing stays', { timeout: 30_000 }, async () => {
    await using server = await serve({}, limit(0));
    const readers = await Promise.all(
      Array.from({ length: 1_000 }, () => EventReader.open(server.port, request)),
    );
    await until(() => server.listeners.count('/mcp') === 1_000, { within: 15_000, what: 'all are open' });
    server.listeners.notify(['/mcp']);
    await until(() => readers.every(({ text }) => text.includes(CHANGED)), {
      within: 15_000,
      what: 'all heard',
    });
    const ping = await sendRaw(server.port, {
      headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
      body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    });
    expect(ping.status).toBe(200);
    for (const { socket } of readers) socket.destroy();
    await until(() => server.listeners.count('/mcp') === 0, { within: 15_000, what: 'all are gone' });
    await until(async () => (await server.connections()) === 0, { within: 15_000 });
    expect((await server.metrics.listeners.get()).values[0]?.value).toBe(0);
  });
});

describe('stream whose client stops reading', () => {
  it('is cut, and the others go on hearing', async () => {
    await using server = await serve();
    // Every notification carries the id, so that few of them fill what the kernel takes.
    const large = modern(
      'listen',
      'subscriptions/listen',
      { id: 'i'.repeat(20_000), params: { notifications: { toolsListChanged: true } } },
      { status: 200 },
    ).request;
    const stuck = await EventReader.open(server.port, large);
    const reading = await EventReader.open(server.port, GET);
    await until(() => server.listeners.count('/mcp') === 2);
    stuck.socket.pause();
    await until(
      () => {
        server.listeners.notify(['/mcp']);
        return server.listeners.count('/mcp') === 1;
      },
      { within: 15_000, what: 'one stream was cut' },
    );
    const heard = reading.events.length;
    server.listeners.notify(['/mcp']);
    await until(() => reading.events.length > heard);
    expect(reading.ended).toBe(false);
    stuck.socket.destroy();
  });
});

describe('half-open connection', () => {
  it('that sent only a beginning does not keep others waiting', async () => {
    await using server = await serve();
    const halves = await Promise.all(
      ['', 'POST /mcp HT', 'POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{'].map(
        async (text) => {
          const reader = await EventReader.open(server.port, { method: 'GET', path: '/nothing' });
          reader.socket.write(text);
          return reader;
        },
      ),
    );
    const answer = await sendRaw(server.port, {
      headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
      body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    });
    expect(answer.status).toBe(200);
    for (const { socket } of halves) socket.destroy();
    await until(async () => (await server.metrics.requestsInFlight.get()).values[0]?.value === 0);
  });
});
