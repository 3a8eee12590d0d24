import { describe, expect, it } from 'vitest';
import { call, LEGACY, rpc } from '../mcp/batteryCase.js';
import { bearer, GuardedServer } from '../support/guardedServer.js';
import { AUDIENCE, Issuer } from '../support/issuer.js';
import { connectClient, toolNames } from '../support/mcpClient.js';
import type { RawAnswer } from '../support/rawHttp.js';
import { sendRaw } from '../support/rawHttp.js';

const tools = [
  { name: 'closed' },
  { name: 'open', authRequired: false },
  { name: 'scoped', requiredScopes: ['admin'] },
  { name: 'shut', authRequired: true },
];

function listed(answer: RawAnswer): string[] {
  return JSON.parse(answer.body.toString()).result.tools.map(({ name }: { name: string }) => name);
}

const policy = (issuer: Issuer) => ({ strategy: 'jwt', jwt: { issuer: issuer.url, audience: AUDIENCE } });

describe.each([true, false])('an endpoint with open tools (fast path %s)', (fastPath) => {
  async function guarded(issuer: Issuer, config: object = {}): Promise<GuardedServer> {
    return GuardedServer.start({
      inboundAuth: policy(issuer),
      table: { tools, config },
      server: { endpoint: { fastPath } },
    });
  }

  it('shows callers without a token the open tools alone, and lets them call these', async () => {
    await using issuer = await Issuer.start();
    await using server = await guarded(issuer);
    const client = await connectClient(server.server.url);
    expect(await toolNames(client)).toEqual(['open']);
    expect(JSON.stringify(await client.callTool({ name: 'open', arguments: {} }))).toContain('/open');
    await client.close();
    for (const name of ['closed', 'scoped', 'shut']) {
      const answer = await server.call(name);
      expect([answer.status, name]).toEqual([401, name]);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer resource_metadata=/);
    }
    const batch = await sendRaw(server.server.port, {
      headers: LEGACY,
      body: `[${rpc('tools/call', call('open'))},${rpc('tools/call', call('closed'), 2)}]`,
    });
    expect(batch.status).toBe(401);
    expect(batch.body.toString()).not.toContain('/open');
  });

  it('shows everything to a caller with a token, tools out of reach included', async () => {
    await using issuer = await Issuer.start();
    await using server = await guarded(issuer);
    const token = bearer(await issuer.token());
    expect(listed(await server.list(token))).toEqual(['closed', 'open', 'scoped', 'shut']);
    for (const name of ['closed', 'open', 'shut']) expect((await server.call(name, token)).status).toBe(200);
    const refused = await server.call('scoped', token);
    expect(refused.status).toBe(403);
    expect(refused.headers['www-authenticate']).toMatch(
      /resource_metadata=.*insufficient_scope.*scope="admin"$/,
    );
    const admin = bearer(await issuer.token({ claims: { scope: 'admin' } }));
    expect((await server.call('scoped', admin)).status).toBe(200);
  });

  it('has nothing for a caller with a token that is no good', async () => {
    await using issuer = await Issuer.start();
    await using server = await guarded(issuer);
    expect((await server.list(bearer('x'))).status).toBe(401);
    expect((await server.call('open', bearer('x'))).status).toBe(401);
    issuer.manner = (_, res) => void res.writeHead(500).end();
    await server.reload({ ...policy(issuer), jwt: { ...policy(issuer).jwt, clock_tolerance: '1s' } });
    expect((await server.call('open', bearer(await issuer.token()))).status).toBe(503);
  });

  it('pages both lists by cursors of their own', async () => {
    await using issuer = await Issuer.start();
    const many = [...tools, { name: 'open2', authRequired: false }, { name: 'open3', authRequired: false }];
    await using server = await GuardedServer.start({
      inboundAuth: policy(issuer),
      table: { tools: many, config: { tools: { page_size: 2 } } },
      server: { endpoint: { fastPath } },
    });
    const page = (cursor: string | undefined, headers: object = {}) =>
      sendRaw(server.server.port, {
        headers: { ...LEGACY, ...headers },
        body: rpc('tools/list', { cursor }),
      });
    const first = await page(undefined);
    expect(listed(first)).toEqual(['open', 'open2']);
    const cursor = JSON.parse(first.body.toString()).result.nextCursor;
    expect(listed(await page(cursor))).toEqual(['open3']);
    const stolen = JSON.parse((await page(cursor, bearer(await issuer.token()))).body.toString());
    expect(stolen.error.code).toBe(-32_602);
  });
});

describe('upstream policies', () => {
  const open = { name: 'api', base_url: 'http://api.example', openapi: { source: './api.json' } };

  it('that ask for nothing open the upstream’s tools, but those that ask for scopes', async () => {
    await using issuer = await Issuer.start();
    await using server = await GuardedServer.start({
      inboundAuth: policy(issuer),
      table: { tools, config: { upstreams: [{ ...open, inbound_auth: { strategy: 'none' } }] } },
    });
    expect(listed(await server.list())).toEqual(['closed', 'open']);
    expect((await server.call('closed')).status).toBe(200);
    expect((await server.call('scoped')).status).toBe(401);
    expect((await server.call('shut')).status).toBe(401);
  });

  it('come on top of the endpoint’s, and make the caller that hooks get to know', async () => {
    await using issuer = await Issuer.start();
    const callers: (string | null)[] = [];
    await using server = await GuardedServer.start({
      inboundAuth: { strategy: 'apikey', apikey: { keys_env: 'KEYS' } },
      env: { KEYS: 'key' },
      table: { tools, config: { upstreams: [{ ...open, inbound_auth: policy(issuer) }] } },
      server: { endpoint: { onToolCall: ({ caller }) => void callers.push(caller.id) } },
    });
    const token = bearer(await issuer.token());
    const key = { 'X-API-Key': 'key' };
    expect((await server.call('closed', token)).status).toBe(401);
    expect((await server.call('closed', key)).headers['www-authenticate']).toMatch(
      /^Bearer resource_metadata=/,
    );
    expect((await server.call('closed', { ...token, ...key })).status).toBe(200);
    expect((await server.call('open', key)).status).toBe(200);
    expect(callers).toEqual(['ada', expect.stringMatching(/^key:/)]);
  });

  it('are checked once for all calls of one request', async () => {
    await using issuer = await Issuer.start();
    issuer.tokens.set('opaque', { active: true, aud: AUDIENCE });
    const introspection = { issuer: issuer.url, client_id: 'a', client_secret: 'b', audience: AUDIENCE };
    await using server = await GuardedServer.start({
      authenticator: { activeFor: 0 },
      table: {
        tools,
        config: { upstreams: [{ ...open, inbound_auth: { strategy: 'introspection', introspection } }] },
      },
    });
    const body = `[${[1, 2, 3].map((id) => rpc('tools/call', call('closed'), id)).join(',')}]`;
    const answer = await sendRaw(server.server.port, { headers: { ...LEGACY, ...bearer('opaque') }, body });
    expect(answer.status).toBe(200);
    expect(issuer.introspections).toHaveLength(1);
  });
});
