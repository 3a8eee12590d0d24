import { utimesSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, it } from 'vitest';
import { HttpServer } from '../support/httpServer.js';
import { connectClient } from '../support/mcpClient.js';
import { RunningProxy } from '../support/runningProxy.js';
import { smallDocument } from '../support/smallDocument.js';
import { SpecServer } from '../support/specServer.js';
import { until } from '../support/until.js';
import { configOf } from './reloadConfig.js';

describe('a change of files', () => {
  it('puts new tools of a spec file into service', async () => {
    await using proxy = await RunningProxy.start({
      files: { 'mcp.yaml': configOf({ a: 'a.json' }), 'a.json': smallDocument('one') },
    });
    expect(await proxy.tools()).toEqual(['one']);
    proxy.directory.write('a.json', smallDocument('one', 'two'));
    await proxy.untilTools(['one', 'two']);
    expect(proxy.handler.journal()[0]).toMatchObject({
      outcome: 'applied',
      trigger: 'file',
      generation: 2,
      diff: [{ endpoint: '/mcp', added: ['two'], removed: [], changed: [] }],
    });
  });

  it('applies an overlay that changes', async () => {
    const overlay = (summary: string) =>
      JSON.stringify({
        overlay: '1.0.0',
        info: { title: 'o', version: '1' },
        actions: [{ target: '$.paths.*.get', update: { summary } }],
      });
    await using proxy = await RunningProxy.start({
      files: {
        'mcp.yaml': configOf({ a: 'a.json\n    overlay:\n      source: o.json' }),
        'a.json': smallDocument('one'),
        'o.json': overlay('first'),
      },
    });
    proxy.directory.write('o.json', overlay('second'));
    await proxy.untilMetric('table_generation', 2);
    expect(proxy.handler.journal()[0]?.diff).toEqual([
      { endpoint: '/mcp', added: [], removed: [], changed: ['one'] },
    ]);
  });

  it('adds, moves and removes endpoints without a restart', async () => {
    const group = (name: string, endpoint: string) =>
      `  - { name: ${name}, endpoint: ${endpoint}, upstreams: [a] }`;
    const groups = (...list: string[]) => configOf({ a: 'a.json' }, `groups:\n${list.join('\n')}`);
    await using proxy = await RunningProxy.start({
      files: { 'mcp.yaml': groups(group('main', '/mcp')), 'a.json': smallDocument('one') },
    });
    expect(await proxy.ping('/extra')).toBe(404);
    proxy.directory.write('mcp.yaml', groups(group('main', '/mcp'), group('extra', '/extra')));
    await until(async () => (await proxy.ping('/extra')) === 200, { within: 5_000 });
    proxy.directory.write('mcp.yaml', groups(group('main', '/mcp'), group('extra', '/moved')));
    await until(async () => (await proxy.ping('/moved')) === 200, { within: 5_000 });
    expect(await proxy.ping('/extra')).toBe(404);
    expect(await proxy.ping('/mcp')).toBe(200);
    expect(await proxy.metric('table_tools', { endpoint: '/extra' })).toBeUndefined();
    expect(await proxy.metric('table_tools', { endpoint: '/moved' })).toBe(1);
  });

  it('does nothing, and tells nobody, when the content is the same', async () => {
    await using proxy = await RunningProxy.start({
      files: { 'mcp.yaml': configOf({ a: 'a.json' }), 'a.json': smallDocument('one') },
    });
    utimesSync(join(proxy.directory.path, 'a.json'), new Date(), new Date());
    proxy.directory.write('mcp.yaml', `# a comment\n${configOf({ a: 'a.json' })}`);
    await until(async () => ((await proxy.metric('config_reloads_total', { result: 'unchanged' })) ?? 0) > 0);
    expect(await proxy.metric('table_generation')).toBe(1);
    expect(await proxy.metric('table_swaps_total')).toBe(1);
  });

  it('applies a config that names a spec which arrives later', async () => {
    await using proxy = await RunningProxy.start({
      files: { 'mcp.yaml': configOf({ a: 'a.json' }), 'a.json': smallDocument('one') },
    });
    proxy.directory.write('mcp.yaml', configOf({ a: 'a.json', b: 'later/b.json' }));
    await proxy.untilMetric('config_last_reload_successful', 0);
    expect(await proxy.tools()).toEqual(['one']);
    proxy.directory.write('later/b.json', smallDocument('two'));
    await proxy.untilTools(['one', 'two']);
    expect(await proxy.metric('config_last_reload_successful')).toBe(1);
  });

  it('moves the success gauge 1, 0, 1 through valid, invalid, valid, and keeps the time of the last success', async () => {
    const valid = configOf({ a: 'a.json' });
    await using proxy = await RunningProxy.start({
      files: { 'mcp.yaml': valid, 'a.json': smallDocument('one') },
    });
    expect(await proxy.metric('config_last_reload_successful')).toBe(1);
    const started = await proxy.metric('config_last_reload_success_timestamp_seconds');
    proxy.directory.write('mcp.yaml', 'upstreams: [');
    await proxy.untilMetric('config_last_reload_successful', 0);
    expect(await proxy.metric('config_last_reload_success_timestamp_seconds')).toBe(started);
    expect(await proxy.tools()).toEqual(['one']);
    expect(proxy.handler.notReadyReasons()).toEqual([]);
    proxy.directory.write('mcp.yaml', valid);
    await proxy.untilMetric('config_last_reload_successful', 1);
    expect(await proxy.metric('table_generation')).toBe(1);
    expect(await proxy.metric('config_last_reload_success_timestamp_seconds')).toBeGreaterThan(
      started ?? Infinity,
    );
  });

  it('keeps the last good version of a spec that becomes invalid, and applies everything else', async () => {
    await using proxy = await RunningProxy.start({
      files: {
        'mcp.yaml': configOf({ a: 'a.json', b: 'b.json' }),
        'a.json': smallDocument('one'),
        'b.json': smallDocument('two'),
      },
    });
    proxy.directory.write('b.json', '<html>');
    await proxy.untilMetric('spec_last_refresh_successful', 0, { upstream: 'b' });
    expect(await proxy.tools()).toEqual(['one', 'two']);
    proxy.directory.write('a.json', smallDocument('three'));
    await proxy.untilTools(['three', 'two']);
    expect(await proxy.metric('config_last_reload_successful')).toBe(1);
    const errors = proxy.log.of('error').map((line) => JSON.stringify(line));
    expect(errors.some((line) => line.includes('"upstream":"b"') && line.includes('"stage":"parse"'))).toBe(
      true,
    );
    proxy.directory.write('b.json', smallDocument('four'));
    await proxy.untilTools(['three', 'four']);
    await proxy.untilMetric('spec_last_refresh_successful', 1, { upstream: 'b' });
  });

  it('applies a change of a spec while the config on disk is invalid', async () => {
    await using proxy = await RunningProxy.start({
      files: { 'mcp.yaml': configOf({ a: 'a.json' }), 'a.json': smallDocument('one') },
    });
    proxy.directory.write('mcp.yaml', 'unknown_key: 1');
    await proxy.untilMetric('config_last_reload_successful', 0);
    proxy.directory.write('a.json', smallDocument('two'));
    await proxy.untilTools(['two']);
    expect(await proxy.metric('config_last_reload_successful')).toBe(0);
  });

  it('sends the new credential of a token file that was rotated', async () => {
    const seen: (string | undefined)[] = [];
    await using api = await HttpServer.start((request, response) => {
      seen.push(request.headers.authorization);
      response.setHeader('content-type', 'text/plain').end('ok');
    });
    await using proxy = await RunningProxy.start({
      files: {
        'mcp.yaml': configOf({
          a: `a.json\n    base_url: ${api.url}\n    outbound_auth:\n      strategy: bearer\n      bearer: { token_file: secrets/token }`,
        }),
        'a.json': smallDocument('one'),
        'secrets/token': 'first',
      },
    });
    const client = await connectClient(proxy.url());
    await client.callTool({ name: 'one', arguments: {} });
    proxy.directory.write('secrets/token', 'second');
    await proxy.untilMetric('table_generation', 2);
    await client.callTool({ name: 'one', arguments: {} });
    await client.close();
    expect(seen).toEqual(['Bearer first', 'Bearer second']);
  });

  it('names what waits for a restart, and applies the rest', async () => {
    const config = (port: number, ...names: string[]) =>
      `server: { port: ${port} }\n${configOf(Object.fromEntries(names.map((name) => [name, `${name}.json`])))}`;
    await using proxy = await RunningProxy.start({
      use: 'sidecar',
      files: {
        'mcp.yaml': config(8080, 'a'),
        'a.json': smallDocument('one'),
        'b.json': smallDocument('two'),
      },
    });
    proxy.directory.write('mcp.yaml', config(9999, 'a', 'b'));
    await proxy.untilTools(['one', 'two']);
    expect(proxy.handler.journal()[0]?.restartRequired).toEqual(['server.port']);
    expect(await proxy.metric('restart_required')).toBe(1);
  });
});

describe('calls in flight', () => {
  it('finish on the table they started on, after their tool and upstream have left', async () => {
    const waiting: ServerResponse[] = [];
    await using api = await HttpServer.start((_, response) => void waiting.push(response));
    await using proxy = await RunningProxy.start({
      files: {
        'mcp.yaml': configOf({ a: `a.json\n    base_url: ${api.url}` }),
        'a.json': smallDocument('one'),
        'b.json': smallDocument('two'),
      },
    });
    const client = await connectClient(proxy.url());
    const call = client.callTool({ name: 'one', arguments: {} });
    await until(() => waiting.length === 1);
    proxy.directory.write('mcp.yaml', configOf({ b: 'b.json' }));
    await proxy.untilTools(['two']);
    expect(await proxy.metric('tables_draining')).toBe(1);
    waiting[0]?.setHeader('content-type', 'text/plain').end('late');
    expect(await call).toMatchObject({ content: [{ type: 'text', text: 'late' }] });
    await proxy.untilMetric('tables_draining', 0);
    await client.close();
  });
});

describe('notifications', () => {
  it('reach exactly the listeners of the endpoints whose tools changed', async () => {
    const groups = (left: string, right: string) =>
      configOf(
        { a: 'a.json', b: 'b.json', c: 'c.json' },
        `groups:
  - { name: left, endpoint: /left, upstreams: [${left}] }
  - { name: right, endpoint: /right, upstreams: [${right}] }
  - { name: still, endpoint: /still, upstreams: [c] }`,
      );
    await using proxy = await RunningProxy.start({
      files: {
        'mcp.yaml': groups('a, b', 'c'),
        'a.json': smallDocument('one'),
        'b.json': smallDocument('two'),
        'c.json': smallDocument('three'),
      },
    });
    const heard: Record<string, number> = { '/left': 0, '/right': 0, '/still': 0 };
    const clients = await Promise.all(
      Object.keys(heard).map(async (endpoint) => {
        const client = await connectClient(proxy.url(endpoint));
        client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
          heard[endpoint] = (heard[endpoint] ?? 0) + 1;
        });
        return client;
      }),
    );
    for (const endpoint of Object.keys(heard)) await proxy.untilMetric('listeners', 1, { endpoint });
    proxy.directory.write('mcp.yaml', groups('a', 'c, b'));
    await until(() => heard['/left'] === 1 && heard['/right'] === 1, {
      within: 5_000,
      what: () => JSON.stringify(heard),
    });
    // Another change reaches the third: had it heard of the first, it would have heard twice by now.
    proxy.directory.write('c.json', smallDocument('four'));
    await until(() => heard['/still'] === 1 && heard['/right'] === 2, {
      within: 5_000,
      what: () => JSON.stringify(heard),
    });
    expect(heard).toEqual({ '/left': 1, '/right': 2, '/still': 1 });
    await Promise.all(clients.map((client) => client.close()));
  });
});

describe('remote specs', () => {
  const refreshed = (url: string) => `${url}\n      refresh_interval: 50ms`;

  it('are asked for by the last ETag, and rebuild nothing when they are the same', async () => {
    await using spec = await SpecServer.start(smallDocument('one'));
    await using proxy = await RunningProxy.start({
      files: { 'mcp.yaml': configOf({ a: refreshed(spec.url) }) },
    });
    await until(() => spec.requests.length >= 4);
    const [first, ...later] = spec.requests;
    expect(first?.headers['if-none-match']).toBeUndefined();
    expect(later.every((request) => request.headers['if-none-match'] !== undefined)).toBe(true);
    await until(
      async () =>
        ((await proxy.metric('spec_refreshes_total', { upstream: 'a', result: 'not_modified' })) ?? 0) >= 2,
    );
    spec.headers = { ETag: null, 'Last-Modified': null };
    await until(
      async () =>
        ((await proxy.metric('spec_refreshes_total', { upstream: 'a', result: 'unchanged' })) ?? 0) >= 1,
    );
    expect(await proxy.metric('table_swaps_total')).toBe(1);
    expect(await proxy.metric('config_reloads_total', { result: 'unchanged' })).toBeUndefined();
  });

  it('swap in what changed, of that upstream alone', async () => {
    await using spec = await SpecServer.start(smallDocument('one'));
    await using proxy = await RunningProxy.start({
      files: {
        'mcp.yaml': configOf({ a: refreshed(spec.url), b: 'b.json' }),
        'b.json': smallDocument('two'),
      },
    });
    spec.document = smallDocument('three');
    await proxy.untilTools(['three', 'two']);
    const [newest] = proxy.handler.journal();
    expect(newest).toMatchObject({
      trigger: 'refresh',
      diff: [{ endpoint: '/mcp', added: ['three'], removed: ['one'], changed: [] }],
    });
    expect(await proxy.metric('spec_refreshes_total', { upstream: 'a', result: 'changed' })).toBe(1);
    expect(await proxy.metric('spec_refreshes_total', { upstream: 'b', result: 'changed' })).toBe(0);
  });

  it('that fail keep serving, turn readiness off at the limit, and on again when they are back', async () => {
    await using spec = await SpecServer.start(smallDocument('one'));
    const source = `${refreshed(spec.url)}\n      max_refresh_failures: 2`;
    await using proxy = await RunningProxy.start({ files: { 'mcp.yaml': configOf({ a: source }) } });
    const good = spec.document;
    spec.document = 'garbage: [';
    await until(() => proxy.handler.notReadyReasons().length === 1, { within: 10_000 });
    expect(proxy.handler.notReadyReasons()[0]).toMatchObject({ reason: 'refresh_failing', upstream: 'a' });
    expect(await proxy.tools()).toEqual(['one']);
    expect(await proxy.metric('config_last_reload_successful')).toBe(1);
    spec.document = good;
    await until(() => proxy.handler.notReadyReasons().length === 0, { within: 10_000 });
    expect(await proxy.metric('table_swaps_total')).toBe(1);
  });

  it('that are down block neither their own config change nor one elsewhere', async () => {
    const spec = await SpecServer.start(smallDocument('one'));
    await using proxy = await RunningProxy.start({
      files: { 'mcp.yaml': configOf({ a: spec.url }), 'b.json': smallDocument('two') },
    });
    await spec[Symbol.asyncDispose]();
    const config = configOf({ a: spec.url, b: 'b.json' });
    proxy.directory.write('mcp.yaml', config.replace('tool_prefix: ""', 'tool_prefix: renamed'));
    await proxy.untilTools(['renamed__one', 'two']);
    const report = await proxy.handler.reload();
    expect(report).toMatchObject({ outcome: 'failed', diff: [] });
    expect(report.problems[0]).toMatch(/^upstream "a": http:\/\/127\.0\.0\.1:\d+\/openapi\.json: /);
    expect(await proxy.metric('spec_last_refresh_successful', { upstream: 'a' })).toBe(0);
    expect(await proxy.tools()).toEqual(['renamed__one', 'two']);
  });

  it('that are new and down reject the change as a whole, until they are up', async () => {
    await using spec = await SpecServer.start(smallDocument('two'));
    spec.next(
      ...Array.from(
        { length: 2 },
        () => (_: unknown, response: ServerResponse) => void response.writeHead(500).end(),
      ),
    );
    await using proxy = await RunningProxy.start({
      files: { 'mcp.yaml': configOf({ a: 'a.json' }), 'a.json': smallDocument('one') },
    });
    proxy.directory.write('mcp.yaml', configOf({ a: 'a.json', b: spec.url }));
    await proxy.untilMetric('config_last_reload_successful', 0);
    expect(await proxy.tools()).toEqual(['one']);
    await proxy.untilTools(['one', 'two'], '/mcp', 15_000);
    expect(await proxy.metric('config_last_reload_successful')).toBe(1);
  });
});

describe('the safety gate', () => {
  it('holds a change that removes too much, until somebody forces it', async () => {
    const config = `${configOf({ a: 'a.json' }).replace('{ debounce', '{ max_tool_removal: 50%, debounce')}`;
    await using proxy = await RunningProxy.start({
      files: { 'mcp.yaml': config, 'a.json': smallDocument('one', 'two', 'three') },
    });
    proxy.directory.write('a.json', smallDocument('one'));
    await proxy.untilMetric('reload_held', 1);
    expect(await proxy.tools()).toEqual(['one', 'three', 'two']);
    expect(proxy.handler.journal()[0]).toMatchObject({
      outcome: 'held',
      problems: ['endpoint /mcp: would remove 2 of 3 tools, more than reload.max_tool_removal 50% allows'],
    });
    expect(proxy.log.of('error').at(-1)?.message).toContain('handler.reload({ force: true })');
    expect(await proxy.handler.reload()).toMatchObject({ outcome: 'held' });
    expect(await proxy.handler.reload({ force: true })).toMatchObject({ outcome: 'applied' });
    expect(await proxy.tools()).toEqual(['one']);
    expect(await proxy.metric('reload_held')).toBe(0);
  });
});

describe('the host', () => {
  it('hears of swaps and failures, and one listener that throws disturbs nothing', async () => {
    await using proxy = await RunningProxy.start({
      files: { 'mcp.yaml': configOf({ a: 'a.json' }), 'a.json': smallDocument('one') },
    });
    const heard: string[] = [];
    proxy.handler.on('swap', (report) => {
      heard.push(`swap ${report.generation}`);
      throw new Error('a defect of the host');
    });
    proxy.handler.on('reloadFailed', (report) => void heard.push(`failed ${report.problems.length}`));
    proxy.directory.write('a.json', smallDocument('two'));
    await proxy.untilTools(['two']);
    proxy.directory.write('mcp.yaml', 'upstreams: 7');
    await until(() => heard.length >= 2);
    expect(heard[0]).toBe('swap 2');
    expect(heard[1]).toMatch(/^failed [1-9]/);
  });

  it('is told that reloading has ended for good once the handler is closed', async () => {
    await using proxy = await RunningProxy.start({
      files: { 'mcp.yaml': configOf({ a: 'a.json' }), 'a.json': smallDocument('one') },
    });
    await proxy.handler.close();
    await expect(proxy.handler.reload()).rejects.toMatchObject({ code: 'MCP_ANYTHING_ERR_CLOSED' });
    expect(await proxy.ping('/mcp')).toBe(503);
  });
});
