import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EchoServer, headerOf, httpAnswer, type RecordedRequest } from '../support/echoServer.js';
import { SpecServer } from '../support/specServer.js';
import { resultText, WireProxy, wireFixture } from './wireProxy.js';

const ENV = { KEY: 'k-secret', QUERY_KEY: 'q&secret', TOKEN: 't-secret', USER: 'u', PASSWORD: 'p-secret' };
const SCHEMES = {
  key: { strategy: 'api_key', api_key: { header: 'X-Key', value_env: 'KEY' } },
  queryKey: { strategy: 'api_key', api_key: { query: 'api_key', value_env: 'QUERY_KEY' } },
  token: { strategy: 'bearer', bearer: { token_env: 'TOKEN' } },
  login: { strategy: 'basic', basic: { username_env: 'USER', password_env: 'PASSWORD' } },
};
const DEFAULT = { strategy: 'api_key', api_key: { header: 'X-Default', value_env: 'TOKEN' } };
/** What the operator and the host add, and the MCP client's own. */
const OWN = [
  'x-configured',
  'x-hook',
  'authorization',
  'x-key',
  'x-other',
  'x-default',
  'x-argument',
  'cookie',
];

/** Target, and whatever of `OWN` came along. */
function shown(request: RecordedRequest): string {
  const [, target = ''] = request.line.split(' ');
  const headers = OWN.map((name) => [name, headerOf(request, name)] as const)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`);
  return [target, ...headers].join(' | ');
}

const ADDED = 'x-configured: c | x-hook: h';
const LOGIN = `authorization: Basic ${Buffer.from('u:p-secret').toString('base64')}`;

describe('credentials through the whole proxy', () => {
  let upstream: EchoServer;
  let other: EchoServer;
  let wire: WireProxy;

  async function started(outboundAuth: object): Promise<WireProxy> {
    const hosts = {
      'upstream.example': `127.0.0.1:${upstream.port}`,
      'other.example': `127.0.0.1:${other.port}`,
    };
    return WireProxy.start({
      documents: { s: wireFixture('security.yaml', hosts) },
      upstream: { outbound_auth: outboundAuth, headers: { 'X-Configured': 'c' } },
      env: ENV,
      onToolCall: () => ({ headers: { 'X-Hook': 'h' } }),
      clientHeaders: { authorization: 'Bearer client', cookie: 'session=client', 'x-key': 'client' },
    });
  }

  beforeAll(async () => {
    upstream = await EchoServer.start();
    other = await EchoServer.start();
    wire = await started({ ...DEFAULT, schemes: SCHEMES });
  });
  afterEach(() => {
    upstream.requests.length = 0;
    other.requests.length = 0;
    upstream.answer = ok;
    other.answer = ok;
  });
  afterAll(async () => {
    await wire[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });
  const ok: EchoServer['answer'] = (_, socket) =>
    socket.write(httpAnswer(200, { 'content-type': 'application/json' }, '{"ok":true}'));

  test.each([
    ['the document’s requirement', 'root', {}, `/v1/root | ${ADDED} | authorization: Bearer t-secret`],
    ['a scheme by its name', 'key', {}, `/v1/key | ${ADDED} | x-key: k-secret`],
    ['a key in the query', 'query_key', { q: 1 }, `/v1/query-key?q=1&api_key=q%26secret | ${ADDED}`],
    [
      'a key in the query, which an argument cannot replace',
      'query_key',
      { api_key: 'mine' },
      `/v1/query-key?api_key=q%26secret | ${ADDED}`,
    ],
    ['user name and password', 'login', {}, `/v1/login | ${ADDED} | ${LOGIN}`],
    ['AND', 'both', {}, `/v1/both | ${ADDED} | authorization: Bearer t-secret | x-key: k-secret`],
    ['OR: the first that is configured', 'either', {}, `/v1/either | ${ADDED} | ${LOGIN}`],
    [
      'OR of AND: the first that is configured as a whole',
      'either_of_two',
      {},
      `/v1/either-of-two?api_key=q%26secret | ${ADDED} | x-key: k-secret`,
    ],
    ['anonymous by the document', 'anonymous', {}, `/v1/anonymous | ${ADDED}`],
    ['anonymous or a scheme that is configured', 'optional', {}, `/v1/optional | ${ADDED} | x-key: k-secret`],
    ['anonymous or a scheme that is not', 'optional_unknown', {}, `/v1/optional-unknown | ${ADDED}`],
    ['only a scheme that is not configured', 'unknown', {}, `/v1/unknown | ${ADDED} | x-default: t-secret`],
    [
      'another path of the same origin',
      'other_path',
      {},
      `/v2/other-path?api_key=q%26secret | ${ADDED} | x-key: k-secret`,
    ],
  ])('%s', async (_, tool, args, expected) => {
    expect((await wire.call(`s__${tool}`, args)).isError).toBeUndefined();
    expect(shown(upstream.take())).toBe(expected);
    expect(other.requests).toEqual([]);
  });

  test('an operation’s own server on another origin gets none, nor what the operator adds', async () => {
    expect((await wire.call('s__elsewhere')).isError).toBeUndefined();
    expect(shown(other.take())).toBe('/v2/elsewhere');
    expect(upstream.requests).toEqual([]);
  });

  test.each([301, 302, 303, 307, 308])('a redirect (%i) to another origin gets none', async (status) => {
    upstream.answer = (_, socket) => socket.write(httpAnswer(status, { location: `${other.url}/there?a=1` }));
    expect((await wire.call('s__redirect', { 'X-Argument': 'a' })).isError).toBeUndefined();
    expect(shown(upstream.take())).toBe(
      `/v1/redirect?api_key=q%26secret | ${ADDED} | x-key: k-secret | x-argument: a`,
    );
    expect(shown(other.take())).toBe('/there?a=1');
  });

  test('a redirect within the origin gets them, also by way of another one', async () => {
    upstream.answer = ({ line }, socket) =>
      line.includes('/back')
        ? ok(upstreamRequest, socket)
        : socket.write(httpAnswer(302, { location: `${other.url}/via` }));
    other.answer = (_, socket) => socket.write(httpAnswer(302, { location: `${upstream.url}/back` }));
    expect((await wire.call('s__redirect')).isError).toBeUndefined();
    expect(other.requests.map(shown)).toEqual(['/via']);
    expect(upstream.requests.map(shown)).toEqual([
      `/v1/redirect?api_key=q%26secret | ${ADDED} | x-key: k-secret`,
      `/back?api_key=q%26secret | ${ADDED} | x-key: k-secret`,
    ]);
  });
  const upstreamRequest: RecordedRequest = { line: '', headers: [], body: Buffer.alloc(0), connection: 0 };

  test.each([307, 308])(
    'a write is not repeated on another origin (%i): the agent is told',
    async (status) => {
      upstream.answer = (_, socket) => socket.write(httpAnswer(status, { location: `${other.url}/there` }));
      const result = await wire.call('s__post_redirect', { secret: 'x' });
      expect(result.isError).toBe(true);
      expect(resultText(result)).toContain(`a redirect to ${other.url}/there that was not followed`);
      expect(other.requests).toEqual([]);
    },
  );

  test('five redirects are followed, the sixth is told', async () => {
    let count = 0;
    upstream.answer = (_, socket) => {
      count += 1;
      socket.write(httpAnswer(302, { location: `/hop/${count}` }));
    };
    const result = await wire.call('s__redirect');
    expect(upstream.requests).toHaveLength(6);
    expect(result.isError).toBe(true);
    expect(resultText(result)).toBe(
      'The API answered 302 Found, a redirect to /hop/6 that was not followed.',
    );
  });

  test('no secret is in what the agent gets, even where the upstream repeats the query', async () => {
    upstream.answer = (_, socket) =>
      socket.write(
        httpAnswer(
          200,
          { 'content-type': 'application/json', link: '</n?api_key=q%26secret&p=2>; rel="next"' },
          '{}',
        ),
      );
    const result = await wire.call('s__query_key');
    expect(JSON.stringify(result)).not.toMatch(/secret/);
    expect(resultText(result)).toContain('/n?api_key=***&p=2');
  });

  test('without credentials by scheme, the default one stands for all but anonymous', async () => {
    await using plain = await started(DEFAULT);
    const got: string[] = [];
    for (const tool of ['root', 'key', 'both', 'optional', 'anonymous', 'unknown']) {
      await plain.call(`s__${tool}`);
      got.push(shown(upstream.take()).replace(` | ${ADDED}`, ''));
    }
    expect(got).toEqual([
      '/v1/root | x-default: t-secret',
      '/v1/key | x-default: t-secret',
      '/v1/both | x-default: t-secret',
      '/v1/optional | x-default: t-secret',
      '/v1/anonymous',
      '/v1/unknown | x-default: t-secret',
    ]);
  });

  test('without any credentials, none are sent, and none of the client’s', async () => {
    await using plain = await started({ strategy: 'none' });
    for (const tool of ['root', 'key', 'query_key', 'both']) {
      await plain.call(`s__${tool}`);
      expect(shown(upstream.take())).toMatch(/^\/v1\/[a-z-]+ \| x-configured: c \| x-hook: h$/);
    }
  });
});

describe('the server of a request', () => {
  const document = (servers: object[], operation: object = {}): string =>
    JSON.stringify({
      openapi: '3.1.0',
      info: { title: 'Servers', version: '1' },
      servers,
      paths: { '/x': { get: { operationId: 'x', responses: {}, ...operation } } },
    });

  test.each([
    [
      'the document’s, variables by their defaults',
      [{ url: 'http://HOST/{v}', variables: { v: { default: 'd' } } }],
      {},
      null,
      '/d/x',
    ],
    ['base_url over the document’s', [{ url: 'http://unreachable.invalid/v1' }], {}, '/base/', '/base/x'],
    [
      'the operation’s over base_url',
      [{ url: 'http://unreachable.invalid' }],
      { servers: [{ url: 'http://HOST/op' }] },
      '/base',
      '/op/x',
    ],
    [
      'a relative one of the operation by base_url',
      [],
      { servers: [{ url: '../op' }] },
      '/base/v1/',
      '/base/op/x',
    ],
  ])('%s', async (_, servers, operation, base, target) => {
    await using upstream = await EchoServer.start();
    const text = document(servers, operation).replaceAll('HOST', `127.0.0.1:${upstream.port}`);
    const changes = base === null ? {} : { base_url: `${upstream.url}${base}` };
    await using wire = await WireProxy.start({ documents: { w: text }, upstream: changes });
    expect((await wire.call('w__x')).isError).toBeUndefined();
    expect(upstream.take().line).toBe(`GET ${target} HTTP/1.1`);
  });

  test.each([
    ['/v1', '/v1/x'],
    ['v1', '/specs/v1/x'],
    ['../v1/', '/v1/x'],
    ['/', '/x'],
  ])('a relative one (%s) is resolved against the document’s URL', async (url, target) => {
    await using upstream = await EchoServer.start();
    upstream.answer = ({ line }, socket) =>
      socket.write(
        httpAnswer(
          200,
          { 'content-type': 'application/json' },
          line.includes('/specs/api.json') ? document([{ url }]) : '{}',
        ),
      );
    await using wire = await WireProxy.start({
      documents: { w: '{}' },
      upstream: { openapi: { source: `${upstream.url}/specs/api.json` } },
    });
    upstream.requests.length = 0;
    expect((await wire.call('w__x')).isError).toBeUndefined();
    expect(upstream.take().line).toBe(`GET ${target} HTTP/1.1`);
  });

  test('a document from elsewhere cannot name a private server, unless egress allows it', async () => {
    await using upstream = await EchoServer.start();
    await using specs = await SpecServer.start(document([{ url: `http://localhost:${upstream.port}` }]));
    await using wire = await WireProxy.start({
      documents: { w: '{}' },
      upstream: { openapi: { source: specs.url } },
      root: { egress: { allow_private_spec_servers: false } },
    });
    const result = await wire.call('w__x');
    expect(result.isError).toBe(true);
    expect(resultText(result)).toContain('is at an address that the proxy');
    expect(upstream.requests).toEqual([]);
  });
});
