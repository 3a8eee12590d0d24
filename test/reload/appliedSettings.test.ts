import type { RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { HttpServer } from '../support/httpServer.js';
import { connectClient } from '../support/mcpClient.js';
import { RunningProxy } from '../support/runningProxy.js';
import { smallDocument } from '../support/smallDocument.js';
import { until } from '../support/until.js';
import { configOf } from './reloadConfig.js';

const ONE = { a: 'a.json' };
const FILES = { 'a.json': smallDocument('one', 'two'), 'b.json': smallDocument('three') };

/** Answers every call with `ok`, and counts the connections that calls came on. */
function countingApi(): { readonly sockets: Set<Socket>; readonly answer: RequestListener } {
  const sockets = new Set<Socket>();
  return {
    sockets,
    answer: (request, response) => {
      sockets.add(request.socket);
      response.setHeader('content-type', 'text/plain').end('ok');
    },
  };
}

async function callTool(proxy: RunningProxy, name: string): Promise<void> {
  const client = await connectClient(proxy.url());
  try {
    expect(await client.callTool({ name, arguments: {} })).not.toHaveProperty('isError', true);
  } finally {
    await client.close();
  }
}

async function post(
  proxy: RunningProxy,
  body: string,
  headers: Record<string, string> = {},
): Promise<number> {
  const response = await fetch(proxy.url(), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body,
  });
  await response.arrayBuffer();
  return response.status;
}

const PING = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });

describe('a setting that changes applies with the swap', () => {
  it.each<[string, string, readonly string[]]>([
    ['naming.separator', 'naming: { separator: "-" }', ['p-one', 'p-two']],
    [
      'a filter',
      'groups: [{ name: all, endpoint: /mcp, upstreams: [a], filter: \'$.paths["/one"].get\' }]',
      ['p__one'],
    ],
  ])('%s', async (_, setting, names) => {
    const config = (rest: string) => configOf(ONE, rest).replace('tool_prefix: ""', 'tool_prefix: p');
    await using proxy = await RunningProxy.start({ files: { ...FILES, 'mcp.yaml': config('') } });
    expect(await proxy.tools()).toEqual(['p__one', 'p__two']);
    proxy.directory.write('mcp.yaml', config(setting));
    await proxy.untilTools(names);
  });

  it.each<[string, string, (proxy: RunningProxy) => Promise<number>, number]>([
    ['max_request_body', 'max_request_body: 100', (proxy) => post(proxy, PING + ' '.repeat(100)), 413],
    [
      'allowed_hosts',
      'allowed_hosts: [mcp.example.com]',
      // The host that the URL names is not among them.
      (proxy) => post(proxy, PING),
      403,
    ],
    [
      'allowed_origins',
      'allowed_origins: [https://app.example.com]',
      (proxy) => post(proxy, PING, { origin: 'https://app.example.com' }),
      200,
    ],
  ])('server.%s', async (_, setting, ask, status) => {
    const limited = configOf(ONE, `server: { ${setting} }`);
    await using proxy = await RunningProxy.start({ files: { ...FILES, 'mcp.yaml': configOf(ONE) } });
    const before = await ask(proxy);
    expect(before).not.toBe(status);
    proxy.directory.write('mcp.yaml', limited);
    await proxy.untilMetric('table_generation', 2);
    expect(await ask(proxy)).toBe(status);
    proxy.directory.write('mcp.yaml', configOf(ONE));
    await proxy.untilMetric('table_generation', 3);
    expect(await ask(proxy)).toBe(before);
  });
});

describe('an upstream that a change leaves as it is', () => {
  it('keeps its connections, through changes of groups, of other upstreams and of its own tools', async () => {
    const { sockets, answer } = countingApi();
    await using api = await HttpServer.start(answer);
    const a = (timeout = '10s') => `a.json\n    base_url: ${api.url}\n    timeout: ${timeout}`;
    await using proxy = await RunningProxy.start({
      files: { ...FILES, 'mcp.yaml': configOf({ a: a() }) },
    });
    await callTool(proxy, 'one');
    const groups = 'groups: [{ name: all, endpoint: /mcp, upstreams: [a, b] }]';
    proxy.directory.write('mcp.yaml', configOf({ a: a(), b: 'b.json' }, groups));
    await proxy.untilTools(['one', 'two', 'three']);
    await callTool(proxy, 'one');
    proxy.directory.write('a.json', smallDocument('one', 'four'));
    await proxy.untilTools(['four', 'one', 'three']);
    await callTool(proxy, 'four');
    expect(sockets.size).toBe(1);
    const [kept] = sockets;
    proxy.directory.write('mcp.yaml', configOf({ a: a('20s'), b: 'b.json' }, groups));
    await until(() => kept?.destroyed === true, { within: 5_000, what: 'the former connection is closed' });
    await callTool(proxy, 'one');
    expect(sockets.size).toBe(2);
  });
});

describe('what left', () => {
  it('an endpoint answers 404 to the client that used it, and ends its stream', async () => {
    const group = (endpoint: string) => `groups: [{ name: all, endpoint: ${endpoint}, upstreams: [a] }]`;
    await using proxy = await RunningProxy.start({
      files: { ...FILES, 'mcp.yaml': configOf(ONE, group('/old')) },
    });
    const client = await connectClient(proxy.url('/old'));
    await proxy.untilMetric('listeners', 1, { endpoint: '/old' });
    proxy.directory.write('mcp.yaml', configOf(ONE, group('/new')));
    await until(async () => (await proxy.ping('/new')) === 200, { within: 5_000 });
    await expect(client.listTools()).rejects.toMatchObject({ code: 404 });
    await expect(client.callTool({ name: 'one', arguments: {} })).rejects.toMatchObject({ code: 404 });
    expect(await proxy.metric('listeners', { endpoint: '/old' })).toBeUndefined();
    expect(await proxy.metric('table_tools', { endpoint: '/old' })).toBeUndefined();
    await client.close();
  });

  it('an upstream leaves no series behind, not even by a call that ends after it has left', async () => {
    const waiting: ServerResponse[] = [];
    await using api = await HttpServer.start((_, response) => void waiting.push(response));
    const a = `a.json\n    base_url: ${api.url}`;
    await using proxy = await RunningProxy.start({
      files: { ...FILES, 'mcp.yaml': configOf({ a, b: 'b.json' }) },
    });
    const client = await connectClient(proxy.url());
    const call = client.callTool({ name: 'one', arguments: {} });
    await until(() => waiting.length === 1);
    proxy.directory.write('mcp.yaml', configOf({ b: 'b.json' }));
    await proxy.untilTools(['three']);
    waiting[0]?.end('late');
    await call;
    await client.close();
    await proxy.untilMetric('tables_draining', 0);
    expect(await proxy.handler.registry.metrics()).not.toContain('upstream="a"');
    expect(await proxy.handler.registry.metrics()).toContain('upstream="b"');
  });
});

it('the journal has the newest fifty reloads', async () => {
  await using proxy = await RunningProxy.start({ files: { ...FILES, 'mcp.yaml': configOf(ONE) } });
  for (let reload = 0; reload < 52; reload += 1) await proxy.handler.reload();
  const journal = proxy.handler.journal();
  expect(journal).toHaveLength(50);
  expect(new Set(journal.map(({ trigger }) => trigger))).toEqual(new Set(['api']));
});
