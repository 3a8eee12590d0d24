import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { McpServer } from '../support/mcpServer.js';
import { type RawAnswer, type RawRequest, sendRaw } from '../support/rawHttp.js';
import { tableOf } from '../support/table.js';
import { until } from '../support/until.js';
import { LEGACY, modern, rpc } from './batteryCase.js';

const run = promisify(execFile);
const upstreams = [{ name: 'api', base_url: 'http://api.example', openapi: { source: './api.json' } }];
const many = Array.from({ length: 40 }, (_, index) => ({
  name: `tool_${String(index).padStart(2, '0')}`,
  description: `Number ${index} é😀`,
}));

const legacyList = (
  params: object = {},
  headers: Record<string, string> = {},
  id: unknown = 1,
): RawRequest => ({
  headers: { ...LEGACY, ...headers },
  body: rpc('tools/list', params, id),
});
const modernList = (headers: Record<string, string> = {}): RawRequest =>
  modern('list', 'tools/list', { headers }, { status: 200 }).request;

interface ListResult {
  readonly tools: readonly { readonly name: string }[];
  readonly nextCursor?: string;
  readonly ttlMs?: number;
  readonly cacheScope?: string;
}
const resultOf = ({ body }: RawAnswer): ListResult => JSON.parse(body.toString()).result;

describe('compressed lists', () => {
  const gzip = { 'Accept-Encoding': 'gzip' };

  /** The first request starts the work; it and those until it is done are answered plainly. */
  async function compressed(server: McpServer, request: RawRequest): Promise<RawAnswer> {
    let answer = await sendRaw(server.port, request);
    await until(async () => {
      answer = await sendRaw(server.port, request);
      return answer.headers['content-encoding'] === 'gzip';
    });
    return answer;
  }

  it.each([
    ['2025', legacyList({}, gzip)],
    ['2026', modernList(gzip)],
  ])('hold what the plain ones hold (%s era)', async (_era, request) => {
    await using server = await McpServer.start(await tableOf({ tools: many }));
    const plain = await sendRaw(server.port, {
      ...request,
      headers: { ...request.headers, 'Accept-Encoding': null },
    });
    const packed = await compressed(server, request);
    expect(gunzipSync(packed.body).equals(plain.body)).toBe(true);
    expect(packed.body.length).toBeLessThan(plain.body.length / 3);
    expect(packed.headers).toMatchObject({ vary: 'Accept-Encoding', 'content-type': 'application/json' });
    expect(plain.headers['content-encoding']).toBeUndefined();
  });

  it('carry the id of each request, however long', async () => {
    await using server = await McpServer.start(await tableOf({ tools: many }));
    await compressed(server, legacyList({}, gzip));
    for (const id of [7, 'é', 'x'.repeat(70_000)]) {
      const { headers, body } = await sendRaw(server.port, legacyList({}, gzip, id));
      expect(headers['content-encoding']).toBe('gzip');
      expect(JSON.parse(gunzipSync(body).toString()).id).toBe(id);
    }
  });

  it('are read by fetch and by curl', async () => {
    await using server = await McpServer.start(await tableOf({ tools: many }));
    await compressed(server, legacyList({}, gzip));
    const answer = await fetch(server.url, { method: 'POST', headers: LEGACY, body: rpc('tools/list') });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(JSON.parse(await answer.text()).result.tools).toHaveLength(many.length);
    const headers = Object.entries(LEGACY).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const curl = run('curl', ['-sS', '--compressed', ...headers, '-d', rpc('tools/list'), server.url]);
    const { stdout } = await curl.catch((error: NodeJS.ErrnoException) => {
      // A machine without curl has nothing to say here.
      if (error.code === 'ENOENT') return { stdout: '' };
      throw error;
    });
    if (stdout !== '') expect(JSON.parse(stdout).result.tools).toHaveLength(many.length);
  });

  it('are of the table that serves', async () => {
    const table = await tableOf({ tools: many });
    await using server = await McpServer.start(table);
    await compressed(server, legacyList({}, gzip));
    server.swap(await tableOf({ tools: many.slice(1), former: table }));
    const { body } = await compressed(server, legacyList({}, gzip));
    expect(JSON.parse(gunzipSync(body).toString()).result.tools).toHaveLength(many.length - 1);
  });

  it('are not made of small lists', async () => {
    await using server = await McpServer.start(await tableOf({ tools: [{ name: 'alpha' }] }));
    for (let round = 0; round < 20; round += 1) {
      const { headers } = await sendRaw(server.port, legacyList({}, gzip));
      expect(headers['content-encoding']).toBeUndefined();
      await new Promise(setImmediate);
    }
  });
});

describe('list cursors', () => {
  it.each([true, false])('are refused once the list has changed (fast path %s)', async (fastPath) => {
    const config = { upstreams, tools: { page_size: 10 } };
    const table = await tableOf({ tools: many, config });
    await using server = await McpServer.start(table, { endpoint: { fastPath } });
    const first = resultOf(await sendRaw(server.port, legacyList()));
    expect(first.tools).toHaveLength(10);
    const cursor = first.nextCursor;
    const second = resultOf(await sendRaw(server.port, legacyList({ cursor })));
    expect(second.tools[0]?.name).toBe('tool_10');

    server.swap(await tableOf({ tools: many.slice(1), config, former: table }));
    const stale = JSON.parse((await sendRaw(server.port, legacyList({ cursor }))).body.toString());
    expect(stale.error.code).toBe(-32_602);
    // A change that clients do not see keeps cursors good.
    server.swap(await tableOf({ tools: many, config, former: server.table }));
    expect(resultOf(await sendRaw(server.port, legacyList({ cursor }))).tools[0]?.name).toBe('tool_10');
  });
});

describe('caching of lists (2026 era)', () => {
  const caching = async (list_ttl: unknown, nextRefreshIn?: (upstream: string) => number | null) => {
    const openapi = { source: 'https://api.example/openapi.json', refresh_interval: '5m' };
    const upstreams = [{ name: 'api', base_url: 'http://api.example', openapi }];
    const table = await tableOf({ tools: many, config: { upstreams, tools: { list_ttl } } });
    const endpoint = nextRefreshIn === undefined ? {} : { nextRefreshIn };
    await using fast = await McpServer.start(table, { endpoint });
    await using plain = await McpServer.start(table, { endpoint: { ...endpoint, fastPath: false } });
    const results = [
      resultOf(await sendRaw(fast.port, modernList())),
      resultOf(await sendRaw(plain.port, modernList())),
    ];
    return results.map(({ ttlMs, cacheScope }) => ({ ttlMs: ttlMs ?? Number.NaN, cacheScope }));
  };

  it('is off by default', async () => {
    expect(await caching(null)).toEqual(Array(2).fill({ ttlMs: 0, cacheScope: 'public' }));
  });

  it('is what the config says', async () => {
    expect(await caching('90s')).toEqual(Array(2).fill({ ttlMs: 90_000, cacheScope: 'public' }));
  });

  it('lasts until the next refresh of an upstream of the list', async () => {
    const planned = (wait: number | null) => (upstream: string) => (upstream === 'api' ? wait : 5);
    const ttls = async (wait: number | null) =>
      (await caching('refresh', planned(wait))).map(({ ttlMs }) => ttlMs);
    expect(await ttls(60_000.7)).toEqual([60_000, 60_000]);
    expect(await ttls(0)).toEqual([0, 0]);
    expect(await ttls(null)).toEqual([0, 0]);
  });
});

describe('instructions', () => {
  it('name the APIs behind the tools', async () => {
    await using server = await McpServer.start(await tableOf({ tools: many }));
    const body = rpc('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 't', version: '1' },
    });
    const { result } = JSON.parse((await sendRaw(server.port, { headers: LEGACY, body })).body.toString());
    expect(result).toEqual({
      protocolVersion: '2025-11-25',
      capabilities: { tools: { listChanged: true } },
      serverInfo: { name: 'mcp-anything', version: '0.0.0' },
      instructions: 'Each tool calls one operation of an HTTP API: Test API.',
    });
  });
});
