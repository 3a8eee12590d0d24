import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import { collectGarbage } from '../support/garbage.js';
import { HttpServer } from '../support/httpServer.js';
import { RunningProxy } from '../support/runningProxy.js';
import { smallDocument } from '../support/smallDocument.js';
import { SpecServer } from '../support/specServer.js';
import { until } from '../support/until.js';
import { configOf } from './reloadConfig.js';

const refreshed = (url: string, interval = '50ms') => `${url}\n      refresh_interval: ${interval}`;

/** One upstream `a` whose document is asked for every 50 ms. */
async function startWith(spec: SpecServer, rest = '', path = ''): Promise<RunningProxy> {
  return RunningProxy.start({ files: { 'mcp.yaml': configOf({ a: refreshed(spec.url + path) }, rest) } });
}

const refreshes = (proxy: RunningProxy, result: string, upstream = 'a') =>
  proxy.metric('spec_refreshes_total', { upstream, result });

/** Waits for so many refreshes with this result. */
async function untilRefreshed(proxy: RunningProxy, result: string, times: number): Promise<void> {
  await until(async () => ((await refreshes(proxy, result)) ?? 0) >= times, {
    within: 8_000,
    what: `${times} refreshes are ${result}`,
  });
}

const NEW = smallDocument('two');

describe('a refresh that brings a new version', () => {
  const answers: readonly (readonly [string, (spec: SpecServer) => void])[] = [
    [
      'by a weak ETag',
      (spec) => {
        spec.headers = { ETag: 'W/"second"' };
        spec.document = NEW;
      },
    ],
    [
      'without any validator',
      (spec) => {
        spec.headers = { ETag: null, 'Last-Modified': null };
        spec.document = NEW;
      },
    ],
    [
      'as gzip',
      (spec) => {
        spec.headers = { ETag: '"g"', 'Content-Encoding': 'gzip' };
        spec.document = gzipSync(NEW);
      },
    ],
    [
      'behind a redirect',
      (spec) => {
        spec.next((_, response) => response.writeHead(302, { Location: '/moved.json' }).end());
        spec.document = NEW;
      },
    ],
  ];
  it.each(answers)('puts it into service: %s', async (_, change) => {
    await using spec = await SpecServer.start(smallDocument('one'));
    await using proxy = await startWith(spec);
    change(spec);
    await proxy.untilTools(['two']);
    expect(await refreshes(proxy, 'changed')).toBe(1);
    const asked = spec.requests.length;
    await until(() => spec.requests.length > asked + 3);
    expect(await proxy.metric('table_swaps_total')).toBe(2);
    expect(await refreshes(proxy, 'changed')).toBe(1);
  });

  it('sends a weak ETag back as it came, and keeps it over a 304 without headers', async () => {
    await using spec = await SpecServer.start(smallDocument('one'));
    spec.headers = { ETag: 'W/"first"', 'Last-Modified': null };
    await using proxy = await startWith(spec);
    const bare: RequestListener = (_, response) => {
      response.writeHead(304).end();
    };
    spec.next(bare, bare);
    await untilRefreshed(proxy, 'not_modified', 3);
    expect(new Set(spec.requests.slice(1).map(({ headers }) => headers['if-none-match']))).toEqual(
      new Set(['W/"first"']),
    );
    expect(await proxy.metric('table_swaps_total')).toBe(1);
  });
});

describe('a refresh that brings nothing usable', () => {
  // Not even a collection may end the time limit that ends it.
  const hanging: RequestListener = (_, response) => {
    const collecting = setInterval(collectGarbage, 50);
    response.on('close', () => clearInterval(collecting));
  };
  const endless: RequestListener = (_, response) => {
    const pour = () => {
      while (!response.destroyed && response.write('a'.repeat(65_536)));
    };
    response.writeHead(200).on('drain', pour);
    pour();
  };
  const answers: readonly (readonly [string, RequestListener, string, RegExp])[] = [
    ['500', (_, r) => void r.writeHead(500).end(), 'fetch', /must answer 200, answered 500/],
    ['a login page', (_, r) => void r.writeHead(200).end('<!doctype html>'), 'parse', /HTML/i],
    ['garbage', (_, r) => void r.writeHead(200).end('{"openapi": '), 'parse', /openapi\.json: /],
    ['nothing', (_, r) => void r.writeHead(200).end(), 'parse', /empty/],
    ['a body without end', endless, 'fetch', /must be at most 262144 bytes/],
    ['no answer', hanging, 'fetch', /must answer within the time limit/],
    [
      'redirects in a ring',
      (_, r) => void r.writeHead(302, { Location: '/openapi.json' }).end(),
      'fetch',
      /redirected more than 3 times/,
    ],
  ];
  it.each(answers)('keeps what serves, says why and tries again: %s', async (name, answer, stage, cause) => {
    await using spec = await SpecServer.start(smallDocument('one'));
    await using proxy = await RunningProxy.start({
      files: {
        'mcp.yaml': configOf(
          { a: `${refreshed(spec.url)}\n      max_size: 256KB` },
          'server: { startup_validation_timeout: 3s }',
        ),
      },
    });
    spec.document = NEW;
    spec.next(...Array.from({ length: name.startsWith('redirects') ? 4 : 1 }, () => answer));
    await proxy.untilMetric('spec_last_refresh_successful', 0, { upstream: 'a' }, 10_000);
    expect(proxy.handler.notReadyReasons()).toEqual([]);
    expect(await proxy.metric('config_last_reload_successful')).toBe(1);
    const lines = [...proxy.log.of('warn'), ...proxy.log.of('error')].map(({ fields }) => fields);
    expect(lines).toEqual([
      expect.objectContaining({
        upstream: 'a',
        stage,
        problems: [expect.stringMatching(cause)],
      }),
    ]);
    await proxy.untilTools(['two']);
    await proxy.untilMetric('spec_last_refresh_successful', 1, { upstream: 'a' });
    expect(await proxy.metric('spec_refresh_consecutive_failures', { upstream: 'a' })).toBe(0);
  });

  it('is held by the safety gate like any other change', async () => {
    await using spec = await SpecServer.start(smallDocument('one', 'two', 'three'));
    const config = configOf({ a: refreshed(spec.url) }).replace(
      '{ debounce',
      '{ max_tool_removal: 50%, debounce',
    );
    await using proxy = await RunningProxy.start({ files: { 'mcp.yaml': config } });
    spec.document = smallDocument('one');
    await proxy.untilMetric('reload_held', 1);
    expect(await proxy.tools()).toEqual(['one', 'three', 'two']);
    // Nothing is wrong with the server, nor with its document: every replica would turn unready at the same time.
    await untilRefreshed(proxy, 'held', 3);
    expect(await refreshes(proxy, 'failure')).toBe(0);
    expect(await proxy.metric('spec_last_refresh_successful', { upstream: 'a' })).toBe(1);
    expect(proxy.handler.notReadyReasons()).toEqual([]);
    expect(await proxy.handler.reload({ force: true })).toMatchObject({ outcome: 'applied' });
    expect(await proxy.tools()).toEqual(['one']);
    expect(await proxy.metric('reload_held')).toBe(0);
  });

  it('does not hide that a change of the config is held', async () => {
    await using spec = await SpecServer.start(smallDocument('one'));
    const config = (names: Record<string, string>) =>
      configOf(names).replace('{ debounce', '{ max_tool_removal: 40%, debounce');
    const a = refreshed(spec.url);
    await using proxy = await RunningProxy.start({
      files: { 'mcp.yaml': config({ a, b: 'b.json' }), 'b.json': smallDocument('three') },
    });
    proxy.directory.write('mcp.yaml', config({ a }));
    await proxy.untilMetric('reload_held', 1);
    spec.document = smallDocument('one', 'two');
    await proxy.untilTools(['one', 'two', 'three']);
    expect(await proxy.metric('reload_held')).toBe(1);
    expect(await proxy.metric('config_last_reload_successful')).toBe(0);
  });
});

describe('schedules', () => {
  it('give an overlay with an interval of its own refreshes of its own', async () => {
    const overlay = (summary: string) =>
      JSON.stringify({
        overlay: '1.0.0',
        info: { title: 'o', version: '1' },
        actions: [{ target: '$.paths.*.get', update: { summary } }],
      });
    await using spec = await SpecServer.start(smallDocument('one'));
    await using over = await SpecServer.start(overlay('first'));
    const source = `${spec.url}\n    overlay:\n      source: ${over.url}\n      refresh_interval: 50ms`;
    await using proxy = await RunningProxy.start({ files: { 'mcp.yaml': configOf({ a: source }) } });
    over.document = overlay('second');
    await proxy.untilMetric('table_generation', 2);
    expect(proxy.handler.journal()[0]).toMatchObject({
      trigger: 'refresh',
      diff: [{ endpoint: '/mcp', changed: ['one'] }],
    });
    await until(() => over.requests.length > 5);
    expect(spec.requests).toHaveLength(1);
  });

  it('end with their upstream', async () => {
    await using spec = await SpecServer.start(smallDocument('one'));
    await using other = await SpecServer.start(smallDocument('two'));
    const both = { a: refreshed(spec.url), b: refreshed(other.url) };
    await using proxy = await RunningProxy.start({ files: { 'mcp.yaml': configOf(both) } });
    await until(() => spec.requests.length > 2);
    proxy.directory.write('mcp.yaml', configOf({ b: both.b }));
    await proxy.untilTools(['two']);
    const [asked, others] = [spec.requests.length, other.requests.length];
    await until(() => other.requests.length > others + 5);
    expect(spec.requests.length).toBe(asked);
    expect(await proxy.metric('spec_last_refresh_successful', { upstream: 'a' })).toBeUndefined();
    expect(await refreshes(proxy, 'not_modified')).toBeUndefined();
  });

  it('tell nothing of an upstream that left while its server was asked', async () => {
    await using spec = await SpecServer.start(smallDocument('one'));
    await using other = await SpecServer.start(smallDocument('two'));
    const both = { a: refreshed(spec.url), b: refreshed(other.url) };
    await using proxy = await RunningProxy.start({ files: { 'mcp.yaml': configOf(both) } });
    const held: (() => void)[] = [];
    spec.next((_, response) => void held.push(() => response.writeHead(304).end()));
    await until(() => held.length === 1);
    proxy.directory.write('mcp.yaml', configOf({ b: both.b }));
    await proxy.untilTools(['two']);
    held[0]?.();
    // The other upstream's refreshes tell that time has passed.
    const others = other.requests.length;
    await until(() => other.requests.length > others + 5);
    expect(await proxy.metric('spec_last_refresh_successful', { upstream: 'a' })).toBeUndefined();
  });

  it('follow a changed interval', async () => {
    await using spec = await SpecServer.start(smallDocument('one'));
    const config = (interval: string) => configOf({ a: refreshed(spec.url, interval) });
    await using proxy = await RunningProxy.start({ files: { 'mcp.yaml': config('1h') } });
    proxy.directory.write('mcp.yaml', config('50ms'));
    await until(() => spec.requests.length > 3, { within: 5_000 });
    expect(await proxy.metric('table_generation')).toBe(2);
  });

  it('start over, and with them the account of failures, when the document moves', async () => {
    await using gone = await SpecServer.start(smallDocument('one'));
    await using spec = await SpecServer.start(smallDocument('two'));
    const config = (url: string) => configOf({ a: `${refreshed(url, '1h')}\n      max_refresh_failures: 1` });
    await using proxy = await RunningProxy.start({ files: { 'mcp.yaml': config(gone.url) } });
    gone.next((_, response) => response.writeHead(500).end());
    await proxy.handler.reload();
    expect(proxy.handler.notReadyReasons()).toHaveLength(1);
    proxy.directory.write('mcp.yaml', config(spec.url));
    await proxy.untilTools(['two']);
    expect(proxy.handler.notReadyReasons()).toEqual([]);
    expect(await proxy.metric('spec_last_refresh_successful', { upstream: 'a' })).toBe(1);
  });
});

describe('what comes at the same time', () => {
  it('a version that was fetched from where the config no longer looks is dropped', async () => {
    await using spec = await SpecServer.start(smallDocument('one'));
    await using elsewhere = await SpecServer.start(smallDocument('three'));
    await using proxy = await startWith(spec);
    const { held, answer } = hold(NEW);
    spec.next(held);
    const response = await answer;
    proxy.directory.write('mcp.yaml', configOf({ a: refreshed(elsewhere.url) }));
    await proxy.untilTools(['three']);
    response.end(NEW);
    await until(() => elsewhere.requests.length > 3);
    expect(await proxy.tools()).toEqual(['three']);
    expect(await proxy.metric('table_swaps_total')).toBe(2);
  });

  it('a version that a newer one has overtaken is dropped', async () => {
    await using spec = await SpecServer.start(smallDocument('one'));
    await using proxy = await startWith(spec);
    const { held, answer } = hold(NEW);
    spec.next(held);
    const response = await answer;
    spec.document = smallDocument('three');
    expect(await proxy.handler.reload()).toMatchObject({ outcome: 'applied' });
    response.end(NEW);
    const asked = spec.requests.length;
    await until(() => spec.requests.length > asked + 2);
    expect(await proxy.tools()).toEqual(['three']);
    expect(proxy.handler.journal().filter(({ outcome }) => outcome === 'applied')).toHaveLength(2);
  });

  it('a new version and a new setting of the same upstream both apply', async () => {
    await using spec = await SpecServer.start(smallDocument('one'));
    await using proxy = await startWith(spec);
    const { held, answer } = hold(NEW);
    spec.next(held);
    const response = await answer;
    const config = configOf({ a: refreshed(spec.url) }).replace('tool_prefix: ""', 'tool_prefix: p');
    proxy.directory.write('mcp.yaml', config);
    await proxy.untilTools(['p__one']);
    response.end(NEW);
    await proxy.untilTools(['p__two']);
  });

  it('a refresh elsewhere forgets no file that a refused config waits for', async () => {
    await using spec = await SpecServer.start(smallDocument('one'));
    await using proxy = await startWith(spec);
    proxy.directory.write('mcp.yaml', configOf({ a: refreshed(spec.url), b: 'later/b.json' }));
    await proxy.untilMetric('config_last_reload_successful', 0);
    spec.document = NEW;
    await proxy.untilTools(['two']);
    expect(await proxy.metric('config_last_reload_successful')).toBe(0);
    proxy.directory.write('later/b.json', smallDocument('three'));
    await proxy.untilTools(['two', 'three']);
    expect(await proxy.metric('config_last_reload_successful')).toBe(1);
    expect(proxy.handler.journal()[0]?.trigger).toContain('file');
  });

  it('a refresh elsewhere forgets no server that a refused config waits for', async () => {
    await using spec = await SpecServer.start(smallDocument('one'));
    let isUp = false;
    await using late = await HttpServer.start((_, response) => {
      response.writeHead(isUp ? 200 : 500).end(smallDocument('three'));
    });
    await using proxy = await startWith(spec);
    proxy.directory.write('mcp.yaml', configOf({ a: refreshed(spec.url), b: late.url }));
    await proxy.untilMetric('config_last_reload_successful', 0);
    spec.document = NEW;
    await proxy.untilTools(['two']);
    isUp = true;
    await proxy.untilTools(['two', 'three'], '/mcp', 15_000);
    expect(proxy.handler.journal()[0]?.trigger).toContain('retry');
  });

  it('a config change does not wait for the slow server of one that it takes back', async () => {
    await using slow = await SpecServer.start(smallDocument('two'));
    await using proxy = await RunningProxy.start({
      files: { 'mcp.yaml': configOf({ a: 'a.json' }), 'a.json': smallDocument('one') },
    });
    slow.next(() => {});
    proxy.directory.write('mcp.yaml', configOf({ a: 'a.json', b: slow.url }));
    await until(() => slow.requests.length === 1, { within: 5_000 });
    proxy.directory.write('mcp.yaml', configOf({ a: 'a.json' }).replace('tool_prefix: ""', 'tool_prefix: p'));
    await proxy.untilTools(['p__one']);
    expect(slow.requests).toHaveLength(1);
    expect(await proxy.metric('config_reloads_total', { result: 'failure' })).toBeUndefined();
  });
});

/** Answers when the test says so; `answer` resolves once it is asked. */
function hold(document: string): { held: RequestListener; answer: Promise<ServerResponse> } {
  const asked = deferred<ServerResponse>();
  return {
    held: (_: IncomingMessage, response: ServerResponse) => {
      response.writeHead(200, { 'Content-Length': Buffer.byteLength(document) });
      asked.resolve(response);
    },
    answer: asked.promise,
  };
}
