import { describe, expect, it } from 'vitest';
import { createRateLimits } from '../../lib/call/rateLimits.js';
import type { RoutingTable } from '../../lib/table/routingTable.js';
import { call, LEGACY, rpc } from '../mcp/batteryCase.js';
import { McpServer } from '../support/mcpServer.js';
import { sendRaw } from '../support/rawHttp.js';
import { tableOf } from '../support/table.js';
import { until } from '../support/until.js';

const API = {
  name: 'api',
  base_url: 'http://api.example',
  openapi: { source: './api.json' },
  rate_limit: 'few',
};

function limitedTable(
  limit: object,
  former: RoutingTable | null = null,
  more: object = {},
): Promise<RoutingTable> {
  return tableOf({
    tools: [{ name: 'alpha', inputSchema: { type: 'object', properties: { body: { type: 'string' } } } }],
    config: { upstreams: [{ ...API, ...more }], rate_limits: { few: limit } },
    former,
  });
}

/** A server that takes the caller and the address from headers, as a host with middleware of its own would set them. */
function serve(table: RoutingTable, limits = createRateLimits(), fastPath = true): Promise<McpServer> {
  return McpServer.start(table, {
    endpoint: { gate: limits.gate, fastPath },
    host: (middleware) => (req, res) => {
      const { 'x-user': user, 'x-ip': ip } = req.headers;
      Object.assign(req, user === undefined ? {} : { auth: { sub: user } }, ip === undefined ? {} : { ip });
      middleware(req, res);
    },
  });
}

async function callOnce(server: McpServer, headers: object = {}, args: object = {}): Promise<string> {
  const body = rpc('tools/call', call('alpha', args));
  const answer = await sendRaw(server.port, { headers: { ...LEGACY, ...headers }, body });
  const { result } = JSON.parse(answer.body.toString());
  return result.isError === true ? result.content[0].text : 'ok';
}

const LIMITED = /its rate limit is reached\. Nothing was sent; try again in \d+ s\.$/;

async function callsAllowed(server: McpServer, headers: object = {}): Promise<number> {
  for (let count = 0; count < 50; count += 1) if ((await callOnce(server, headers)) !== 'ok') return count;
  return 50;
}

describe('a rate limit', () => {
  it.each([true, false])(
    'answers what is over it with when to come back (fast path %s)',
    async (fastPath) => {
      await using server = await serve(await limitedTable({ average: 3, period: '1m' }), undefined, fastPath);
      expect(await callsAllowed(server)).toBe(3);
      const text = await callOnce(server);
      expect(text).toMatch(LIMITED);
      const seconds = Number(/in (\d+) s/.exec(text)?.[1]);
      expect(seconds).toBeGreaterThan(50);
      expect(seconds).toBeLessThanOrEqual(60);
      const outcomes = (await server.metrics.toolCalls.get()).values;
      expect(outcomes.find(({ labels }) => labels.outcome === 'denied')?.value).toBe(2);
    },
  );

  it('lets calls through again after the time it told', async () => {
    await using server = await serve(await limitedTable({ average: 2, period: '200ms' }));
    expect(await callsAllowed(server)).toBe(2);
    const waited = await until(async () => (await callOnce(server)) === 'ok');
    expect(waited).toBeLessThan(1_000);
  });

  it('allows a burst, and no more than the average over time', async () => {
    await using server = await serve(await limitedTable({ average: 600, period: '1m', burst: 5 }));
    expect(await callsAllowed(server)).toBe(5);
    // 600 a minute are 5 in half a second.
    await until(async () => (await callOnce(server)) === 'ok', { within: 1_500 });
  });

  it('does not count calls that are not sent', async () => {
    await using server = await serve(await limitedTable({ average: 2 }));
    for (let count = 0; count < 5; count += 1)
      expect(await callOnce(server, {}, { body: 7 })).toContain('not valid');
    expect(await callsAllowed(server)).toBe(2);
  });

  it.each<[string, readonly object[], readonly object[]]>([
    [
      'user',
      [{ 'x-user': 'ada' }, { 'x-user': 'bob' }, { 'x-ip': '192.0.2.1' }, {}],
      [{ 'x-user': 'ada', 'x-ip': '192.0.2.9' }],
    ],
    [
      'ip',
      [
        { 'x-ip': '192.0.2.1' },
        { 'x-ip': '192.0.2.2' },
        {},
        { 'x-ip': '2001:db8::1' },
        { 'x-ip': '2001:db8:0:1::1' },
      ],
      [{ 'x-ip': '192.0.2.1', 'x-user': 'ada' }, { 'x-ip': '2001:db8::ffff:1' }],
    ],
    ['upstream', [{}], [{ 'x-user': 'ada' }, { 'x-ip': '192.0.2.1' }]],
  ])('counts per %s', async (source, apart, together) => {
    await using server = await serve(await limitedTable({ average: 2, source }));
    for (const headers of apart) expect([headers, await callsAllowed(server, headers)]).toEqual([headers, 2]);
    for (const headers of together)
      expect([headers, await callsAllowed(server, headers)]).toEqual([headers, 0]);
  });

  it('is not confused by a caller who is named like an address', async () => {
    await using server = await serve(await limitedTable({ average: 2 }));
    expect(await callsAllowed(server, { 'x-ip': '192.0.2.1' })).toBe(2);
    expect(await callsAllowed(server, { 'x-user': '192.0.2.1' })).toBe(2);
    expect(await callsAllowed(server, { 'x-user': 'address 192.0.2.1' })).toBe(2);
  });

  it('holds for windows that are longer than a timer can be', async () => {
    await using server = await serve(await limitedTable({ average: 1, period: '500h', burst: 1_000 }));
    expect(await callsAllowed(server)).toBe(1);
  });
});

describe('counts', () => {
  it('outlive reloads that leave the limit alone, and begin anew with one that changes it', async () => {
    const limits = createRateLimits();
    let table = await limitedTable({ average: 2 });
    await using server = await serve(table, limits);
    const swap = async (limit: object, more: object = {}) => {
      table = await limitedTable(limit, table, more);
      server.swap(table);
      limits.retain(table);
    };
    expect(await callsAllowed(server)).toBe(2);
    await swap({ average: 2 }, { timeout: '3s' });
    expect(await callsAllowed(server)).toBe(0);
    await swap({ average: 3 });
    expect(await callsAllowed(server)).toBe(3);
    await swap({ average: 2 });
    expect(await callsAllowed(server)).toBe(2);
    await swap({ average: 2 }, { rate_limit: null });
    expect(await callsAllowed(server)).toBe(50);
  });

  it('of two upstreams with the same limit are two', async () => {
    const table = await tableOf({
      tools: [{ name: 'alpha' }],
      config: {
        upstreams: [API, { ...API, name: 'other' }],
        groups: ['api', 'other'].map((name) => ({ name, endpoint: `/${name}`, upstreams: [name] })),
        rate_limits: { few: { average: 2, source: 'upstream' } },
      },
    });
    await using server = await serve(table);
    const at = async (path: string) => {
      const request = { path, headers: LEGACY, body: rpc('tools/call', call('alpha')) };
      return JSON.parse((await sendRaw(server.port, request)).body.toString()).result.isError === true;
    };
    expect([await at('/api'), await at('/api'), await at('/api')]).toEqual([false, false, true]);
    expect([await at('/other'), await at('/other'), await at('/other')]).toEqual([false, false, true]);
  });
});
