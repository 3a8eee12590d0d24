import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import express from 'express';
import { describe, expect, it } from 'vitest';
import { createAuthenticator } from '../../lib/http/auth.js';
import { createMetadataMiddleware } from '../../lib/http/metadataMiddleware.js';
import type { Middleware } from '../../lib/http/middleware.js';
import { silentLogger } from '../../lib/observe/logger.js';
import type { RoutingTable } from '../../lib/table/routingTable.js';
import { LEGACY, rpc } from '../mcp/batteryCase.js';
import { McpServer, type McpServerOptions } from '../support/mcpServer.js';
import { type RawAnswer, sendRaw } from '../support/rawHttp.js';
import { type ToolDraft, tableOf } from '../support/table.js';

// The alias package has no types of its own.
const express4 = createRequire(import.meta.url)('express4') as typeof express;

const ISSUER = 'https://login.example';
const jwt = (more: object = {}) => ({
  strategy: 'jwt',
  jwt: { issuer: ISSUER, audience: 'urn:mcp', ...more },
});
const api = { name: 'api', base_url: 'http://api.example', openapi: { source: './api.json' } };
const WELL_KNOWN = '/.well-known/oauth-protected-resource';

const groups = (...list: readonly (readonly [endpoint: string, auth?: object])[]) =>
  list.map(([endpoint, inbound_auth], index) => ({
    name: `g${index}`,
    endpoint,
    upstreams: ['api'],
    ...(inbound_auth === undefined ? {} : { inbound_auth }),
  }));

function guardedTable(
  config: object,
  tools: readonly ToolDraft[] = [{ name: 'alpha' }],
): Promise<RoutingTable> {
  return tableOf({ tools, env: { KEYS: 'key' }, config: { upstreams: [api], ...config } });
}

function serve(table: RoutingTable, host?: McpServerOptions['host']): Promise<McpServer> {
  const authenticator = createAuthenticator({ logger: silentLogger });
  return McpServer.start(table, { authenticator, ...(host === undefined ? {} : { host }) });
}

function challengeOf(server: McpServer, path: string, headers: object = {}): Promise<RawAnswer> {
  return sendRaw(server.port, { path, headers: { ...LEGACY, ...headers }, body: rpc('tools/list') });
}

function metadataUrl(answer: RawAnswer): string | undefined {
  return /resource_metadata="([^"]*)"/.exec(answer.headers['www-authenticate'] ?? '')?.[1];
}

interface Mounted {
  readonly name: string;
  readonly mount: string;
  readonly host: (middleware: Middleware) => RequestListener;
}

const mounted: readonly Mounted[] = [
  { name: 'node:http', mount: '', host: (middleware) => (req, res) => middleware(req, res) },
  ...[express, express4].flatMap((make, index) =>
    ['', '/ai', '/a/b'].map((mount) => ({
      name: `Express ${5 - index} at ${mount || '/'}`,
      mount,
      host: (middleware: Middleware) => make().use(mount || '/', middleware),
    })),
  ),
];

describe.each(mounted)('$name', ({ mount, host }) => {
  it.each(['/mcp', '/mcp/readonly'])(
    'the challenge of %s leads to metadata that are about it',
    async (endpoint) => {
      const table = await guardedTable({
        groups: groups(['/mcp', jwt()], ['/mcp/readonly', jwt({ required_scopes: ['read'] })]),
      });
      await using server = await serve(table, host);
      const answer = await challengeOf(server, `${mount}${endpoint}`, { Host: `localhost:${server.port}` });
      expect(answer.status).toBe(401);
      const url = metadataUrl(answer) ?? '';
      expect(url).toBe(`${server.origin.replace('127.0.0.1', 'localhost')}${mount}${WELL_KNOWN}${endpoint}`);
      const metadata = await fetch(url);
      expect([metadata.status, metadata.headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(await metadata.json()).toEqual({
        resource: `http://localhost:${server.port}${mount}${endpoint}`,
        authorization_servers: [ISSUER],
        ...(endpoint === '/mcp' ? {} : { scopes_supported: ['read'] }),
        bearer_methods_supported: ['header'],
      });
    },
  );
});

describe('metadata', () => {
  it('are there for endpoints with tokens only, and every other path is the host’s', async () => {
    const table = await guardedTable({
      groups: groups(
        ['/tokens', jwt()],
        ['/open'],
        ['/keys', { strategy: 'apikey', apikey: { keys_env: 'KEYS' } }],
        [
          '/opaque',
          {
            strategy: 'introspection',
            introspection: {
              endpoint: 'https://x.example/i',
              client_id: 'a',
              client_secret: 'b',
              audience: 'c',
            },
          },
        ],
      ),
    });
    await using server = await serve(
      table,
      (middleware) => (req, res) => middleware(req, res, () => res.end('host')),
    );
    const at = async (path: string) => (await sendRaw(server.port, { method: 'GET', path })).body.toString();
    expect(await at(`${WELL_KNOWN}/tokens`)).toContain(ISSUER);
    expect(await at(`${WELL_KNOWN}/tokens/?x=1`)).toContain(ISSUER);
    for (const path of [
      '/open',
      '/keys',
      '/opaque',
      '/nothing',
      '',
      '/',
      '/tokens/deeper',
      'x/tokens',
      '/../tokens',
    ]) {
      expect(await at(`${WELL_KNOWN}${path}`)).toBe('host');
    }
    expect(metadataUrl(await challengeOf(server, '/keys'))).toBeUndefined();
  });

  it('name the issuers and scopes of upstreams and tools, too', async () => {
    const config = { upstreams: [{ ...api, inbound_auth: jwt({ required_scopes: ['api'] }) }] };
    const table = await guardedTable(config, [
      { name: 'alpha' },
      { name: 'beta', requiredScopes: ['admin'] },
    ]);
    await using server = await serve(table);
    const answer = await sendRaw(server.port, { method: 'GET', path: `${WELL_KNOWN}/mcp` });
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      authorization_servers: [ISSUER],
      scopes_supported: ['api', 'admin'],
    });
  });

  it.each<[string, string, string]>([
    ['the endpoint itself', 'http://localhost/mcp/deep', 'http://localhost/mcp/deep'],
    ['a parent of it', 'http://localhost/mcp', 'http://localhost/mcp'],
    ['the whole server', 'http://localhost', 'http://localhost'],
    ['a neighbour', 'http://localhost/mc', 'http://localhost/mcp/deep'],
    ['another server', 'https://api.example/mcp/deep', 'http://localhost/mcp/deep'],
    ['no URL', 'api', 'http://localhost/mcp/deep'],
    ['no URL of the web', 'urn:localhost:mcp', 'http://localhost/mcp/deep'],
  ])(
    'ask for tokens of the configured audience where it covers the endpoint: %s',
    async (_name, audience, resource) => {
      const table = await guardedTable({ groups: groups(['/mcp/deep', jwt({ audience })]) });
      await using server = await serve(table);
      const answer = await sendRaw(server.port, { method: 'GET', path: `${WELL_KNOWN}/mcp/deep` });
      expect(JSON.parse(answer.body.toString()).resource).toBe(resource);
    },
  );

  it('answer GET and HEAD, pages of listed origins, and nobody with a foreign Host', async () => {
    const table = await guardedTable({
      inbound_auth: jwt(),
      server: { allowed_origins: ['https://app.example'] },
    });
    await using server = await serve(table);
    const ask = (method: string, headers: Record<string, string> = {}) =>
      sendRaw(server.port, { method, path: `${WELL_KNOWN}/mcp`, headers });
    const head = await fetch(`${server.origin}${WELL_KNOWN}/mcp`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await ask('POST')).status).toBe(405);
    expect((await ask('GET', { Origin: 'https://app.example' })).headers['access-control-allow-origin']).toBe(
      'https://app.example',
    );
    expect((await ask('GET', { Origin: 'https://evil.example' })).status).toBe(403);
    expect((await ask('GET', { Host: 'evil.example' })).status).toBe(403);
  });

  it('can be served from the root of a host that has mounted the handler elsewhere', async () => {
    const table = await guardedTable({ groups: groups(['/mcp', jwt()], ['/x/mcp', jwt()]) });
    await using server = await serve(table, (middleware) => {
      const app = express();
      const reader = { lease: () => null, peek: () => table };
      app.use(createMetadataMiddleware({ reader, logger: silentLogger }));
      app.use('/ai', middleware);
      app.use((_req, res) => void res.send('host'));
      return app;
    });
    const resourceAt = async (path: string) => {
      const answer = await sendRaw(server.port, { method: 'GET', path: `${WELL_KNOWN}${path}` });
      const text = answer.body.toString();
      return text === 'host' ? text : JSON.parse(text).resource;
    };
    expect(await resourceAt('/ai/mcp')).toBe('http://localhost/ai/mcp');
    expect(await resourceAt('/ai/x/mcp')).toBe('http://localhost/ai/x/mcp');
    expect(await resourceAt('/ai')).toBe('host');
    expect(await resourceAt('/ai/mcp2')).toBe('host');
  });
});

describe('the server’s own name', () => {
  it.each<[string, Record<string, string>, readonly string[], string]>([
    ['Host', { Host: 'localhost:1' }, [], 'http://localhost:1'],
    ['X-Forwarded-Proto', { 'X-Forwarded-Proto': 'https' }, [], 'https://localhost'],
    ['a list of these', { 'X-Forwarded-Proto': 'https, http' }, [], 'https://localhost'],
    ['a scheme that is none of the web', { 'X-Forwarded-Proto': 'javascript' }, [], 'http://localhost'],
    ['X-Forwarded-Host, not listed', { 'X-Forwarded-Host': 'evil.example' }, [], 'http://localhost'],
    [
      'X-Forwarded-Host, another listed',
      { 'X-Forwarded-Host': 'evil.example' },
      ['localhost', 'mcp.example'],
      'http://localhost',
    ],
    [
      'X-Forwarded-Host, listed',
      { 'X-Forwarded-Host': 'mcp.example', 'X-Forwarded-Proto': 'https' },
      ['localhost', 'mcp.example'],
      'https://mcp.example',
    ],
    ['Forwarded', { Forwarded: 'host=evil.example;proto=https' }, [], 'http://localhost'],
  ])('comes from %s', async (_name, headers, hosts, origin) => {
    await using server = await serve(
      await guardedTable({ inbound_auth: jwt(), server: { allowed_hosts: hosts } }),
    );
    expect(metadataUrl(await challengeOf(server, '/mcp', headers))).toBe(`${origin}${WELL_KNOWN}/mcp`);
  });

  it('cannot break out of the challenge', async () => {
    await using server = await McpServer.start(await guardedTable({ inbound_auth: jwt() }), {
      authenticator: createAuthenticator({ logger: silentLogger }),
      // Beyond loopback any Host is accepted; only the name is taken from such a request here.
      host: (middleware) => (req, res) => {
        Object.defineProperty(req.socket, 'localAddress', { value: '10.0.0.1' });
        middleware(req, res);
      },
    });
    for (const host of ['a"b', 'a, Basic realm="x"', 'a/b', 'a@b', '', 'a b', "a'b", 'a\\b']) {
      const answer = await challengeOf(server, '/mcp', { Host: host });
      expect(answer.headers['www-authenticate']).toBe(
        `Bearer resource_metadata="http://localhost${WELL_KNOWN}/mcp"`,
      );
    }
  });
});
