import { createHmac, createPublicKey } from 'node:crypto';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthorizationServer, CLIENT, type ResourceServers } from '../support/authorizationServer.js';
import { bearer, GuardedServer } from '../support/guardedServer.js';
import { MemoryOAuthClient } from '../support/oauthClient.js';
import { RunningProxy } from '../support/runningProxy.js';
import { smallDocument } from '../support/smallDocument.js';
import { until } from '../support/until.js';

const AUDIENCE = 'urn:mcp';
const INFO = { name: 'test', version: '1.0.0' };

/** By the words in the resource: what it is, how long tokens for it are good, and in which form. */
const resourceServers: ResourceServers = (resource) => ({
  audience: resource.includes('other') ? 'urn:other' : AUDIENCE,
  accessTokenFormat: resource.includes('opaque') ? 'opaque' : 'jwt',
  accessTokenTTL: resource.includes('short') ? 1 : 3_600,
});

let authorizationServer: AuthorizationServer;
let proxy: RunningProxy;

beforeAll(async () => {
  authorizationServer = await AuthorizationServer.start(resourceServers);
  proxy = await RunningProxy.start({
    files: {
      'mcp.yaml': `
upstreams:
  - { name: api, tool_prefix: "", openapi: { source: api.json } }
groups:
  - name: tokens
    endpoint: /mcp
    upstreams: [api]
    inbound_auth:
      strategy: jwt
      jwt: { issuer: "${authorizationServer.url}", audience: ${AUDIENCE}, required_scopes: [mcp], clock_tolerance: 0s }
  - name: opaque
    endpoint: /opaque
    upstreams: [api]
    inbound_auth:
      strategy: introspection
      introspection: { issuer: "${authorizationServer.url}", client_id: ${CLIENT.id}, client_secret: ${CLIENT.secret}, audience: ${AUDIENCE}, required_scopes: [mcp] }
`,
      'api.json': smallDocument('one', 'two'),
    },
  });
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await authorizationServer[Symbol.asyncDispose]();
});

interface AnyClient {
  listTools(): Promise<{ tools: { name: string }[] }>;
  close(): Promise<void>;
}

/** One try to connect, and what to do with what the user brings back. */
interface Attempt {
  readonly client: AnyClient;
  connect(): Promise<unknown>;
  finish(callback: URLSearchParams): Promise<void>;
}

const generations: readonly (readonly [string, (url: URL, authProvider: MemoryOAuthClient) => Attempt])[] = [
  [
    'of the first generation',
    (url, authProvider) => {
      const transport = new StreamableHTTPClientTransport(url, { authProvider });
      const client = new Client(INFO);
      // The SDK's own class does not satisfy its interface under exactOptionalPropertyTypes.
      const connect = () => client.connect(transport as Transport);
      return { client, connect, finish: (callback) => transport.finishAuth(callback.get('code') ?? '') };
    },
  ],
  [
    'of the second generation',
    (url, authProvider) => {
      const transport = new ModernTransport(url, { authProvider });
      const client = new ModernClient(INFO, { versionNegotiation: { mode: 'auto' } });
      return {
        client,
        connect: () => client.connect(transport),
        finish: (callback) => transport.finishAuth(callback),
      };
    },
  ],
];

describe.each(generations)('an official client %s', (_name, attempt) => {
  it.each(['/mcp', '/opaque'])(
    'gets from a refusal at %s to the metadata, to a token, to the tools',
    async (endpoint) => {
      const provider = new MemoryOAuthClient();
      const url = new URL(proxy.url(endpoint));
      const refused = attempt(url, provider);
      const error = await refused.connect().catch((reason: unknown) => reason);
      expect(error?.constructor.name).toBe('UnauthorizedError');
      const authorization = provider.authorizationUrl;
      expect(authorization?.origin).toBe(authorizationServer.url);
      expect(authorization?.searchParams.get('resource')).toBe(url.href);
      expect(authorization?.searchParams.get('scope')).toBe('mcp');
      await refused.finish(await authorizationServer.authorize(authorization ?? url));
      await refused.client.close();

      const admitted = attempt(url, provider);
      await admitted.connect();
      expect((await admitted.client.listTools()).tools.map(({ name }) => name)).toEqual(['one', 'two']);
      await admitted.client.close();
    },
  );
});

/** Status of `tools/list` with a token. */
async function statusWith(token: string, endpoint = '/mcp'): Promise<number> {
  const response = await fetch(proxy.url(endpoint), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  });
  await response.arrayBuffer();
  return response.status;
}

describe('a token of the authorization server', () => {
  it('is accepted, at the endpoint that checks its kind', async () => {
    const [jwt, opaque] = await Promise.all(['urn:r', 'urn:opaque'].map((r) => authorizationServer.token(r)));
    expect(await statusWith(jwt ?? '')).toBe(200);
    expect(await statusWith(opaque ?? '', '/opaque')).toBe(200);
    expect(await statusWith(opaque ?? '')).toBe(401);
  });

  it('that has expired is refused', async () => {
    const [jwt = '', opaque = ''] = await Promise.all(
      ['urn:short', 'urn:opaque:short'].map((resource) => authorizationServer.token(resource)),
    );
    await until(async () => (await statusWith(jwt)) === 401, { within: 3_000 });
    await until(async () => (await statusWith(opaque, '/opaque')) === 401, { within: 3_000 });
  });

  it('for another audience is refused', async () => {
    expect(await statusWith(await authorizationServer.token('urn:other'))).toBe(401);
    expect(await statusWith(await authorizationServer.token('urn:opaque:other'), '/opaque')).toBe(401);
  });

  it('without the scope is refused for that', async () => {
    expect(await statusWith(await authorizationServer.token('urn:r', 'admin'))).toBe(403);
    expect(await statusWith(await authorizationServer.token('urn:opaque', 'admin'), '/opaque')).toBe(403);
  });

  it('of another issuer is refused, even one that has the same key', async () => {
    await using twin = await AuthorizationServer.start(resourceServers, authorizationServer.key);
    expect(await statusWith(await twin.token('urn:r'))).toBe(401);
  });

  it('made over without a signature, or by HS256 with the public key, is refused', async () => {
    const [, claims] = (await authorizationServer.token('urn:r')).split('.');
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const { kid } = authorizationServer.key;
    expect(await statusWith(`${encode({ alg: 'none', typ: 'at+jwt' })}.${claims}.`)).toBe(401);
    const { kty, n, e } = authorizationServer.key;
    const published = createPublicKey({ key: { kty, n, e } as never, format: 'jwk' });
    for (const secret of [
      published.export({ type: 'spki', format: 'pem' }),
      published.export({ type: 'pkcs1', format: 'pem' }),
      published.export({ type: 'spki', format: 'der' }),
      Buffer.from(String(n), 'base64url'),
    ]) {
      const input = `${encode({ alg: 'HS256', typ: 'at+jwt', kid })}.${claims}`;
      const signature = createHmac('sha256', secret).update(input).digest('base64url');
      expect(await statusWith(`${input}.${signature}`)).toBe(401);
    }
  });
});

describe('what changes at the authorization server', () => {
  it('is noticed: a rotated key', async () => {
    await using server = await AuthorizationServer.start(resourceServers);
    await using guarded = await GuardedServer.start({
      inboundAuth: { strategy: 'jwt', jwt: { issuer: server.url, audience: AUDIENCE } },
      authenticator: { keyCooldown: 50, keyMaxAge: 300 },
    });
    const before = bearer(await server.token('urn:r'));
    expect((await guarded.list(before)).status).toBe(200);
    await server.rotate();
    const after = bearer(await server.token('urn:r'));
    await until(async () => (await guarded.list(after)).status === 200);
    await until(async () => (await guarded.list(before)).status === 401);
  });

  it('is noticed: a revoked token', async () => {
    await using server = await AuthorizationServer.start(resourceServers);
    const client = { client_id: CLIENT.id, client_secret: CLIENT.secret };
    await using guarded = await GuardedServer.start({
      inboundAuth: {
        strategy: 'introspection',
        introspection: { issuer: server.url, audience: AUDIENCE, ...client },
      },
      authenticator: { activeFor: 100 },
    });
    const token = await server.token('urn:opaque');
    expect((await guarded.list(bearer(token))).status).toBe(200);
    await server.revoke(token);
    await until(async () => (await guarded.list(bearer(token))).status === 401);
  });

  it('never opens the door: it goes down', async () => {
    await using server = await AuthorizationServer.start(resourceServers);
    const client = { client_id: CLIENT.id, client_secret: CLIENT.secret };
    const policies = [
      { strategy: 'jwt', jwt: { issuer: server.url, audience: AUDIENCE } },
      { strategy: 'introspection', introspection: { issuer: server.url, audience: AUDIENCE, ...client } },
    ];
    const tokens = [await server.token('urn:r'), await server.token('urn:opaque')];
    server.down = true;
    for (const [index, inboundAuth] of policies.entries()) {
      await using guarded = await GuardedServer.start({ inboundAuth });
      expect((await guarded.list(bearer(tokens[index] ?? ''))).status).toBe(503);
      expect((await guarded.list()).status).toBe(401);
    }
  });
});
