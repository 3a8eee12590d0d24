import { join } from 'node:path';
import { auth } from '@modelcontextprotocol/sdk/client/auth.js';
import express from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type McpAnythingHandler, type McpAnythingOptions, mcpAnything } from '../../lib/index.js';
import { call, LEGACY, rpc } from '../mcp/batteryCase.js';
import { HttpServer } from '../support/httpServer.js';
import { AUDIENCE, Issuer } from '../support/issuer.js';
import { connectClient, toolNames } from '../support/mcpClient.js';
import { MemoryOAuthClient } from '../support/oauthClient.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';

function documentOf(words: Readonly<Record<string, unknown>>): string {
  const operation = (operationId: string, more: object = {}) => ({
    get: { operationId, responses: { 200: { description: 'ok' } }, ...more },
  });
  return JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Api', version: '1' },
    servers: [{ url: 'https://api.example' }],
    paths: { '/closed': operation('closed'), '/marked': operation('marked', words) },
  });
}

/** A handler with files of its own, closed when the test ends. */
async function handlerOf(
  files: Readonly<Record<string, string>>,
  options: Partial<McpAnythingOptions> = {},
): Promise<McpAnythingHandler> {
  const directory = new TemporaryDirectory(files);
  const handler = mcpAnything({ config: join(directory.path, 'mcp.yaml'), ...options });
  onTestFinished(async () => {
    await handler.close();
    directory[Symbol.dispose]();
  });
  await handler.ready;
  return handler;
}

const UPSTREAM = '{ name: api, tool_prefix: "", openapi: { source: api.json } }';

describe('a handler that is mounted in Express', () => {
  it('is found by clients that look for metadata where RFC 9728 has them', async () => {
    await using issuer = await Issuer.start();
    issuer.metadata = {
      authorization_endpoint: `${issuer.url}/authorize`,
      token_endpoint: `${issuer.url}/token`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
    };
    const handler = await handlerOf({
      'mcp.yaml': `
upstreams: [${UPSTREAM}]
inbound_auth: { strategy: jwt, jwt: { issuer: "${issuer.url}", audience: "${AUDIENCE}", required_scopes: [mcp] } }
`,
      'api.json': documentOf({}),
    });
    const app = express();
    app.use(handler.protectedResource);
    app.use('/ai', handler);
    await using server = await HttpServer.start(app);
    const provider = new MemoryOAuthClient();
    provider.clientInformation = () => ({ client_id: 'known' });
    // Without a challenge: what the path of the endpoint alone leads to.
    expect(await auth(provider, { serverUrl: `${server.url}/ai/mcp` })).toBe('REDIRECT');
    expect(provider.authorizationUrl?.origin).toBe(issuer.url);
    expect(provider.authorizationUrl?.searchParams.get('resource')).toBe(`${server.url}/ai/mcp`);
    expect(provider.authorizationUrl?.searchParams.get('scope')).toBe('mcp');
  });

  it('passes the identity that the host found to hooks and rate limits', async () => {
    const seen: (string | null)[] = [];
    await using api = await HttpServer.start((_request, response) => response.end('{}'));
    const handler = await handlerOf(
      {
        'mcp.yaml': `
upstreams: [{ name: api, tool_prefix: "", base_url: "${api.url}", rate_limit: one, openapi: { source: api.json } }]
rate_limits: { one: { average: 1 } }
`,
        'api.json': documentOf({}),
      },
      { onToolCall: ({ caller }) => void seen.push(caller.id) },
    );
    const app = express();
    app.use((request, _response, next) => {
      Object.assign(request, { auth: { sub: request.get('x-user') } });
      next();
    });
    app.use('/ai', handler);
    await using server = await HttpServer.start(app);
    const callAs = async (user: string) => {
      const response = await fetch(`${server.url}/ai/mcp`, {
        method: 'POST',
        headers: { ...LEGACY, 'x-user': user },
        body: rpc('tools/call', call('closed', {})),
      });
      const { result } = (await response.json()) as { result: { isError?: boolean } };
      return result.isError === true ? 'limited' : 'ok';
    };
    expect([await callAs('ada'), await callAs('ada'), await callAs('bob')]).toEqual(['ok', 'limited', 'ok']);
    expect(seen).toEqual(['ada', 'ada', 'bob']);
  });
});

describe('a document that opens its own operations', () => {
  const config = (overlay: string) => `
upstreams: [${UPSTREAM.replace(' }', ` }${overlay}`)}]
inbound_auth: { strategy: apikey, apikey: { keys_env: KEYS } }
`;
  const files = { 'api.json': documentOf({ 'x-mcp-auth-required': false }) };
  const overlay = `
overlay: 1.0.0
info: { title: No open tools, version: 1.0.0 }
actions:
  - target: "$.paths.*.*['x-mcp-auth-required']"
    remove: true
`;

  it('does so', async () => {
    const handler = await handlerOf({ 'mcp.yaml': config(''), ...files }, { env: { KEYS: 'key' } });
    await using server = await HttpServer.start((request, response) => handler(request, response));
    const client = await connectClient(`${server.url}/mcp`);
    expect(await toolNames(client)).toEqual(['marked']);
    await client.close();
  });

  it('does not where an overlay takes the word out', async () => {
    const handler = await handlerOf(
      { 'mcp.yaml': config(', overlay: { source: overlay.yaml }'), 'overlay.yaml': overlay, ...files },
      { env: { KEYS: 'key' } },
    );
    await using server = await HttpServer.start((request, response) => handler(request, response));
    await expect(connectClient(`${server.url}/mcp`)).rejects.toThrow(/401|Unauthorized|key/);
  });
});
