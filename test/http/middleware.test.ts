import { describe, expect, it } from 'vitest';
import type { Authenticator } from '../../lib/http/authenticator.js';
import { call, LEGACY, modern, rpc } from '../mcp/batteryCase.js';
import { deferred } from '../support/deferred.js';
import { McpServer } from '../support/mcpServer.js';
import { openSocket, type RawAnswer, rawRequest, readAnswer, sendRaw } from '../support/rawHttp.js';
import { jsonAnswer, type TableDraft, tableOf } from '../support/table.js';
import { until } from '../support/until.js';

const upstreams = [{ name: 'api', base_url: 'http://api.example', openapi: { source: './api.json' } }];
const tools = [{ name: 'alpha' }];
const LIST = { headers: LEGACY, body: rpc('tools/list') };

function withServer(server: object, draft: Partial<TableDraft> = {}) {
  return tableOf({ tools, config: { upstreams, server }, ...draft });
}

const rpcError = (answer: RawAnswer): { code: number; message: string } =>
  JSON.parse(answer.body.toString()).error;

describe('before a table serves', () => {
  it.each(['loading', 'failed', 'closing'] as const)(
    'endpoints answer 503 and other paths go on (%s)',
    async (phase) => {
      await using server = await McpServer.start(null, {
        middleware: { phase: () => phase, endpoints: () => new Set(['/mcp']) },
      });
      const answer = await sendRaw(server.port, LIST);
      expect(answer.status).toBe(503);
      expect(answer.headers['retry-after']).toBe('1');
      expect(rpcError(answer).code).toBe(-32_000);
      expect((await sendRaw(server.port, { ...LIST, path: '/other' })).status).toBe(404);
    },
  );

  it('no path is taken from the host while the endpoints are not known', async () => {
    await using server = await McpServer.start(null, {
      middleware: { phase: () => 'loading', endpoints: () => null },
      host: (middleware) => (req, res) => middleware(req, res, () => res.end('host')),
    });
    expect((await sendRaw(server.port, LIST)).body.toString()).toBe('host');
  });

  it('requests are refused while the process shuts down', async () => {
    await using server = await McpServer.start(await tableOf({ tools }), {
      middleware: { phase: () => 'closing' },
    });
    expect((await sendRaw(server.port, LIST)).status).toBe(503);
  });
});

describe('bodies', () => {
  it('over the limit get 413 and the client reads it, though it goes on sending', async () => {
    await using server = await McpServer.start(await withServer({ max_request_body: '1KB' }));
    const answer = await sendRaw(server.port, { headers: LEGACY, body: 'x'.repeat(2_000_000) });
    expect([answer.status, rpcError(answer).code]).toEqual([413, -32_000]);
    expect(rpcError(answer).message).toContain('1024 bytes');
  });

  it('that stop half-way get 408 and the connection is closed', async () => {
    await using server = await McpServer.start(await withServer({ read_timeout: '50ms' }));
    const socket = await openSocket(server.port);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(rawRequest({ headers: { ...LEGACY, 'Content-Length': '100' }, body: '{' }));
    const answer = await readAnswer(socket);
    expect([answer.status, answer.headers['connection']]).toEqual([408, 'close']);
    await closed;
  });

  it('that never come because the client left are forgotten', async () => {
    await using server = await McpServer.start(await tableOf({ tools }));
    const socket = await openSocket(server.port);
    socket.write(rawRequest({ headers: { ...LEGACY, 'Content-Length': '100' }, body: '{' }));
    const inFlight = async () => (await server.metrics.requestsInFlight.get()).values[0]?.value;
    await until(async () => (await inFlight()) === 1);
    socket.destroy();
    await until(async () => (await inFlight()) === 0);
    expect(server.log.of('error')).toEqual([]);
  });

  it('are not waited for when Host or Origin is foreign', async () => {
    await using server = await McpServer.start(await tableOf({ tools }));
    for (const foreign of [{ Host: 'evil.example.com' }, { Origin: 'http://evil.example.com' }]) {
      const answer = await sendRaw(server.port, {
        headers: { ...LEGACY, ...foreign, 'Content-Length': '1000' },
        body: '{',
      });
      expect([answer.status, rpcError(answer).code]).toEqual([403, -32_000]);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});

describe('limit of concurrent requests', () => {
  it('refuses the one too many, and admits it once there is room', async () => {
    const release = deferred();
    const table = await withServer(
      { max_concurrent_requests: 2 },
      {
        async upstream() {
          await release.promise;
          return jsonAnswer({});
        },
      },
    );
    await using server = await McpServer.start(table);
    const running = [1, 2].map(() =>
      sendRaw(server.port, { headers: LEGACY, body: rpc('tools/call', call('alpha')) }),
    );
    await until(async () => (await server.metrics.requestsInFlight.get()).values[0]?.value === 2);
    const refused = await sendRaw(server.port, LIST);
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    release.resolve();
    for (const answer of await Promise.all(running)) expect(answer.status).toBe(200);
    expect((await sendRaw(server.port, LIST)).status).toBe(200);
  });
});

describe('CORS', () => {
  const listed = { allowed_origins: ['https://app.example.com'] };

  it('answers the preflight of a listed origin, before any auth', async () => {
    const table = await withServer(listed, {
      config: {
        upstreams,
        server: listed,
        inbound_auth: { strategy: 'jwt', jwt: { issuer: 'https://issuer.example', audience: 'a' } },
      },
    });
    await using server = await McpServer.start(table);
    const answer = await sendRaw(server.port, {
      method: 'OPTIONS',
      headers: {
        Origin: 'https://app.example.com',
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'content-type,mcp-protocol-version,x-api-key',
      },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example.com',
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'content-type,mcp-protocol-version,x-api-key',
      vary: 'Origin',
    });
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('lets a page of a listed origin read the answer', async () => {
    await using server = await McpServer.start(await withServer(listed));
    const answer = await sendRaw(server.port, {
      ...LIST,
      headers: { ...LEGACY, Origin: 'https://app.example.com' },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example.com');
    expect(answer.headers['access-control-expose-headers']).toContain('WWW-Authenticate');
  });

  it('is silent towards every other page', async () => {
    await using server = await McpServer.start(await withServer({}));
    const local = await sendRaw(server.port, {
      ...LIST,
      headers: { ...LEGACY, Origin: 'http://localhost:1' },
    });
    expect(local.status).toBe(200);
    expect(Object.keys(local.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    const preflight = await sendRaw(server.port, {
      method: 'OPTIONS',
      headers: { Origin: 'http://evil.example.com', 'Access-Control-Request-Method': 'POST' },
    });
    expect(preflight.status).toBe(403);
  });
});

describe('failures inside', () => {
  it('show the client nothing, and the log everything', async () => {
    const table = await tableOf({ tools });
    await using server = await McpServer.start(table, {
      middleware: {
        endpoint: {
          handle: () => Promise.reject(new Error('secret of the house')),
          close: () => Promise.resolve(),
        },
      },
    });
    const answer = await sendRaw(server.port, LIST);
    expect([answer.status, rpcError(answer)]).toEqual([
      500,
      { code: -32_603, message: 'Internal server error' },
    ]);
    expect(server.log.of('error')).toHaveLength(1);
    expect((await server.metrics.requestsInFlight.get()).values[0]?.value).toBe(0);
  });
});

describe('leases', () => {
  it('hold the table of a call that runs, and let go when it is answered', async () => {
    const release = deferred();
    const table = await tableOf({
      tools,
      async upstream() {
        await release.promise;
        return jsonAnswer({ from: 'the old table' });
      },
    });
    await using server = await McpServer.start(table);
    const pending = sendRaw(server.port, { headers: LEGACY, body: rpc('tools/call', call('alpha')) });
    await until(async () => (await server.metrics.requestsInFlight.get()).values[0]?.value === 1);
    server.swap(await tableOf({ tools: [{ name: 'beta' }], former: table }));
    expect(server.draining).toBe(1);
    expect((await sendRaw(server.port, LIST)).body.toString()).toContain('beta');
    release.resolve();
    expect((await pending).body.toString()).toContain('the old table');
    await until(() => server.draining === 0);
  });
});

const jwt = { strategy: 'jwt', jwt: { issuer: 'https://issuer.example', audience: 'a' } };

/** Knows one bearer token per scope list: `token-<scopes joined by ->`. */
function tokens(): Authenticator & { readonly resources: string[] } {
  const resources: string[] = [];
  return {
    resources,
    async authenticate(req, _policy, { resource }) {
      resources.push(resource);
      const token = /^Bearer token-(.*)$/.exec(req.headers.authorization ?? '')?.[1];
      if (token === undefined) {
        return { kind: 'refused', status: 401, challenge: 'Bearer realm="x"', message: 'A token is needed' };
      }
      return { kind: 'ok', caller: { id: 'someone', scopes: token.split('-'), claims: {} } };
    },
    close() {},
  };
}

const bearer = (scopes: string) => ({ ...LEGACY, Authorization: `Bearer token-${scopes}` });

describe('inbound auth', () => {
  const guarded = (draft: Partial<TableDraft> = {}) =>
    tableOf({ tools, config: { upstreams, inbound_auth: jwt }, ...draft });

  it('never fails open: without an authenticator the endpoint is not available', async () => {
    await using server = await McpServer.start(await guarded(), { authenticator: null });
    for (const request of [
      LIST,
      { ...LIST, headers: bearer('x') },
      { method: 'GET' },
      { method: 'DELETE' },
    ]) {
      expect((await sendRaw(server.port, request)).status).toBe(503);
    }
  });

  it('never fails open: an authenticator that throws refuses', async () => {
    const authenticator: Authenticator = {
      authenticate: () => Promise.reject(new Error('down')),
      close() {},
    };
    await using server = await McpServer.start(await guarded(), { authenticator });
    const answer = await sendRaw(server.port, LIST);
    expect(answer.status).toBe(503);
    expect(answer.body.toString()).not.toContain('down');
    expect(server.log.of('error')).toHaveLength(1);
  });

  it('asks before the body is read, and says how to authenticate', async () => {
    await using server = await McpServer.start(await guarded(), { authenticator: tokens() });
    const answer = await sendRaw(server.port, {
      headers: { ...LEGACY, 'Content-Length': '1000' },
      body: '{',
    });
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer realm="x"']);
    expect((await sendRaw(server.port, { ...LIST, headers: bearer('read') })).status).toBe(200);
  });

  it('guards streams too', async () => {
    await using server = await McpServer.start(await guarded(), { authenticator: tokens() });
    const headers = { Accept: 'text/event-stream' };
    expect((await sendRaw(server.port, { method: 'GET', headers })).status).toBe(401);
    const { request } = modern(
      'listen',
      'subscriptions/listen',
      { params: { notifications: { toolsListChanged: true } } },
      { status: 200 },
    );
    expect((await sendRaw(server.port, request)).status).toBe(401);
    expect(server.listeners.count('/mcp')).toBe(0);
  });

  it('names the endpoint as the client sees it', async () => {
    const authenticator = tokens();
    await using server = await McpServer.start(await guarded(), { authenticator });
    await sendRaw(server.port, { ...LIST, headers: { ...LEGACY, Host: 'localhost:7' } });
    await sendRaw(server.port, { ...LIST, headers: { ...LEGACY, 'X-Forwarded-Proto': 'https' } });
    expect(authenticator.resources).toEqual(['http://localhost:7/mcp', 'https://localhost/mcp']);
  });

  it('keeps lists of guarded endpoints out of shared caches', async () => {
    await using server = await McpServer.start(await guarded(), { authenticator: tokens() });
    const { request } = modern(
      'list',
      'tools/list',
      { headers: { Authorization: 'Bearer token-x' } },
      { status: 200 },
    );
    expect((await sendRaw(server.port, request)).body.toString()).toContain('"cacheScope":"private"');
  });

  it.each([true, false])('asks again for tools that need more (fast path %s)', async (fastPath) => {
    const table = await guarded({
      tools: [{ name: 'alpha' }, { name: 'admin', requiredScopes: ['admin'] }],
    });
    await using server = await McpServer.start(table, { authenticator: tokens(), endpoint: { fastPath } });
    const calling = (name: string, scopes: string) =>
      sendRaw(server.port, { headers: bearer(scopes), body: rpc('tools/call', call(name)) });
    expect((await calling('alpha', 'read')).status).toBe(200);
    const refused = await calling('admin', 'read');
    expect(refused.status).toBe(403);
    expect(refused.headers['www-authenticate']).toMatch(
      /^Bearer .*error="insufficient_scope".*scope="admin"$/,
    );
    expect((await calling('admin', 'read-admin')).status).toBe(200);
    const batch = await sendRaw(server.port, {
      headers: bearer('read'),
      body: `[${rpc('ping')},${rpc('tools/call', call('admin'), 2)}]`,
    });
    expect(batch.status).toBe(403);
    const hidden = await sendRaw(server.port, {
      headers: bearer('read'),
      body: `\uFEFF\uFEFF${rpc('tools/call', call('admin'))}`,
    });
    expect(hidden.body.toString()).toContain('error');
    expect(hidden.body.toString()).not.toContain('/admin');
  });

  it('asks for the policy of a tool’s upstream where the endpoint is open', async () => {
    const config = { upstreams: [{ ...upstreams[0], inbound_auth: jwt }] };
    const table = await tableOf({
      tools: [{ name: 'alpha' }, { name: 'open', authRequired: false }],
      config,
    });
    await using server = await McpServer.start(table, { authenticator: tokens() });
    const calling = (name: string, headers: Record<string, string>) =>
      sendRaw(server.port, { headers, body: rpc('tools/call', call(name)) });
    expect((await sendRaw(server.port, LIST)).status).toBe(200);
    expect((await calling('alpha', LEGACY)).status).toBe(401);
    expect((await calling('open', LEGACY)).status).toBe(200);
    expect((await calling('alpha', bearer('x'))).status).toBe(200);
    await using unchecked = await McpServer.start(table, { authenticator: null });
    expect(
      (await sendRaw(unchecked.port, { headers: bearer('x'), body: rpc('tools/call', call('alpha')) }))
        .status,
    ).toBe(401);
  });
});

describe('identity from the host', () => {
  it.each<[string, object, { id: string | null; scopes: string[] }]>([
    [
      'the SDK’s AuthInfo',
      { token: 't', clientId: 'c', scopes: ['a', 'b'] },
      { id: 'c', scopes: ['a', 'b'] },
    ],
    ['claims', { sub: 's', scope: 'a b' }, { id: 's', scopes: ['a', 'b'] }],
    ['claims under payload', { payload: { sub: 's', scp: ['a'] }, token: 't' }, { id: 's', scopes: ['a'] }],
    ['nothing known', { weird: 1 }, { id: null, scopes: [] }],
  ])('reaches the hook: %s', async (_name, auth, expected) => {
    const seen: object[] = [];
    await using server = await McpServer.start(await tableOf({ tools }), {
      host: (middleware) => (req, res) => middleware(Object.assign(req, { auth }), res),
      endpoint: {
        onToolCall: ({ caller: { id, scopes, claims }, endpoint, request }) => {
          seen.push({ id, scopes, claims, endpoint, path: request?.url });
          return undefined;
        },
      },
    });
    await sendRaw(server.port, { headers: LEGACY, body: rpc('tools/call', call('alpha')) });
    expect(seen).toEqual([{ ...expected, claims: auth, endpoint: '/mcp', path: '/mcp' }]);
  });
});
