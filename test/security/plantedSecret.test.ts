import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type McpAnythingHandler, mcpAnything } from '../../lib/index.js';
import { call, LEGACY, rpc } from '../mcp/batteryCase.js';
import { CollectedLog } from '../support/collectedLog.js';
import { HttpServer } from '../support/httpServer.js';
import { AUDIENCE, Issuer } from '../support/issuer.js';
import { PlantedSecrets } from '../support/plantedSecrets.js';
import { runCommand, SidecarProcess } from '../support/sidecarProcess.js';
import { smallDocument } from '../support/smallDocument.js';
import { SpecServer } from '../support/specServer.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';
import { until } from '../support/until.js';

const ENV = [
  'TOKEN',
  'KEY',
  'USER_NAME',
  'PASSWORD',
  'CLIENT_SECRET',
  'INTROSPECTION',
  'SPEC',
  'HEADER',
  'CALLERS',
];

/** Everything that one config can hold a secret in, all of it in use. */
class SecretWorld implements AsyncDisposable {
  readonly secrets = new PlantedSecrets();
  readonly log = new CollectedLog();
  /** `Authorization` headers, queries and bodies that servers have got: the secrets are in use. */
  readonly received: string[] = [];
  readonly env: Record<string, string> = {};
  api!: HttpServer;
  tokens!: HttpServer;
  spec!: SpecServer;
  issuer!: Issuer;
  directory!: TemporaryDirectory;

  static async start(): Promise<SecretWorld> {
    const world = new SecretWorld();
    for (const name of ENV) world.env[name] = world.secrets.of(name.toLowerCase().replace('_', '-'));
    world.api = await HttpServer.start(async (request, response) => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      const everything = JSON.stringify({ url: request.url, headers: request.headers, body });
      world.received.push(everything);
      // An API that repeats all it was asked with, as debugging endpoints do.
      response.writeHead(request.url?.startsWith('/two') ? 500 : 200, {
        'content-type': 'application/json',
        link: `<${request.url}>; rel="next"`,
      });
      response.end(everything);
    });
    world.tokens = await HttpServer.start((request, response) => {
      world.received.push(String(request.headers.authorization));
      const access_token = world.secrets.of('issued-token');
      response.end(JSON.stringify({ access_token, token_type: 'Bearer', expires_in: 60 }));
    });
    world.spec = await SpecServer.start(smallDocument('one', 'two'));
    world.issuer = await Issuer.start();
    const { secrets, api, spec, issuer } = world;
    issuer.tokens.set(secrets.of('good-token'), { active: true, aud: AUDIENCE, sub: 'ada' });
    world.directory = new TemporaryDirectory({
      'token-file': secrets.of('token-file'),
      'keys-file': `${secrets.of('caller-key')}\n`,
      'api.json': smallDocument('one', 'two'),
    });
    const upstream = (name: string, auth: string, more = '') => `
  - name: ${name}
    base_url: ${api.url}
    openapi: { source: api.json }
    outbound_auth: ${auth}
    headers: { X-Internal-Token: "\${HEADER}" }${more}`;
    world.directory.write(
      'mcp.yaml',
      `
reload: { debounce: 10ms, poll_interval: 100ms }
upstreams:${upstream('bearer', '{ strategy: bearer, bearer: { token_env: TOKEN } }')}
${upstream('file', '{ strategy: bearer, bearer: { token_file: token-file } }')}
${upstream('key', '{ strategy: api_key, api_key: { query: api_key, value_env: KEY } }')}
${upstream('basic', '{ strategy: basic, basic: { username_env: USER_NAME, password_env: PASSWORD } }')}
${upstream('oauth', `{ strategy: oauth2_client_credentials, oauth2_client_credentials: { token_url: "${world.tokens.url}/token", client_id: me, client_secret: "\${CLIENT_SECRET}" } }`)}
  - name: remote
    base_url: http://127.0.0.1:9
    openapi: { source: "${spec.url}?signature=\${SPEC}", auth_header: "Bearer \${SPEC}", refresh_interval: 50ms }
    outbound_auth: { strategy: api_key, api_key: { query: api_key, value_env: KEY } }
groups:
  - { name: all, endpoint: /mcp, upstreams: [bearer, file, key, basic, oauth, remote] }
  - name: keys
    endpoint: /keys
    upstreams: [bearer]
    inbound_auth: { strategy: apikey, apikey: { keys_file: keys-file } }
  - name: env-keys
    endpoint: /env-keys
    upstreams: [bearer]
    inbound_auth: { strategy: apikey, apikey: { keys_env: CALLERS } }
  - name: tokens
    endpoint: /tokens
    upstreams: [bearer]
    inbound_auth:
      strategy: introspection
      introspection: { issuer: "${issuer.url}", client_id: me, client_secret: "\${INTROSPECTION}", audience: "${AUDIENCE}" }
`,
    );
    return world;
  }

  get config(): string {
    return join(this.directory.path, 'mcp.yaml');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api[Symbol.asyncDispose]();
    await this.tokens[Symbol.asyncDispose]();
    await this.spec[Symbol.asyncDispose]();
    await this.issuer[Symbol.asyncDispose]();
    this.directory[Symbol.dispose]();
  }
}

/** Configs that are wrong in or next to a secret; what is wrong is told, the secret is not. */
function brokenConfigs({ secrets }: SecretWorld): string[] {
  const upstream = 'upstreams: [{ name: a, openapi: { source: api.json } }]';
  const secret = secrets.of('misplaced');
  return [
    `upstreams: [{ name: a, openapi: { source: api.json, auth_header: [${secret}] } }]`,
    `upstreams: [{ name: a, openapi: { source: api.json, auth_header: "${secret}" ] } }]`,
    `upstreams:\n  - name: a\n\topenapi: ${secret}`,
    `upstreams: &a [*b, "${secret}"]`,
    `${upstream}\ninbound_auth: { strategy: apikey, apikey: { keys_env: "${secret}" } }`,
    `${upstream}\ninbound_auth: { strategy: apikey, apikey: { keys_file: "${secret}" } }`,
    `${upstream}\ninbound_auth: { strategy: apikey, apikey: "${secret}" }`,
    `${upstream}\ninbound_auth: { strategy: jwt, jwt: { issuer: x, client_secret: "${secret}" } }`,
    `${upstream}\ninbound_auth: { strategy: introspection, introspection: { client_secret: ["${secret}"] } }`,
    `upstreams: [{ name: a, base_url: "https://me:${secret}@host", openapi: { source: api.json } }]`,
    `upstreams: [{ name: a, headers: { A: "${secret}\\n" }, openapi: { source: api.json } }]`,
    `upstreams: [{ name: a, headers: "${secret}", openapi: { source: api.json } }]`,
    `upstreams: [{ name: a, outbound_auth: { strategy: bearer, bearer: { token_env: "${secret}" } }, openapi: { source: api.json } }]`,
    `upstreams: [{ name: a, outbound_auth: { strategy: bearer, bearer: { token: "${secret}" } }, openapi: { source: api.json } }]`,
    `upstreams: [{ name: a, outbound_auth: "${secret}", openapi: { source: api.json } }]`,
    `upstreams: [{ name: a, openapi: { source: "http://127.0.0.1:9/?token=${secret}" } }]`,
    `upstreams: [{ name: a, openapi: { source: "http://me:${secret}@127.0.0.1:9/" } }]`,
    `upstreams: [{ name: a, openapi: { source: "ftp://me:${secret}@host/" } }]`,
    `upstreams: [{ name: a, tls: { cert_file: token-file, key_file: token-file }, openapi: { source: api.json } }]`,
  ];
}

async function callEverything(world: SecretWorld, handler: McpAnythingHandler): Promise<void> {
  const { secrets } = world;
  await using server = await HttpServer.start((request, response) => handler(request, response));
  const good = secrets.of('good-token');
  const wrong = secrets.of('wrong-token');
  const tools = ['bearer', 'file', 'key', 'basic', 'oauth', 'remote'].flatMap((name) => [
    `${name}__one`,
    `${name}__two`,
  ]);
  const bodies = [
    rpc('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'x', version: '1' },
    }),
    rpc('tools/list'),
    ...tools.map((name) => rpc('tools/call', call(name, {}))),
    rpc('tools/call', call('bearer__one', { unexpected: 1 })),
    rpc('tools/call', call('nothing', {})),
    '{',
  ];
  const ask = async (endpoint: string, headers: object, body: string) => {
    const response = await fetch(`${server.url}${endpoint}`, {
      method: 'POST',
      headers: { ...LEGACY, ...headers },
      body,
    });
    secrets.show(`headers of ${endpoint}`, JSON.stringify([...response.headers]));
    secrets.show(`answer of ${endpoint} to ${body}`, await response.text());
    return response.status;
  };
  for (const body of bodies) await ask('/mcp', {}, body);
  expect(await ask('/keys', { 'x-api-key': secrets.of('caller-key') }, rpc('tools/list'))).toBe(200);
  expect(await ask('/keys', { 'x-api-key': wrong }, rpc('tools/list'))).toBe(401);
  expect(
    await ask(
      '/env-keys',
      { 'x-api-key': secrets.of('callers') },
      rpc('tools/call', call('bearer__one', {})),
    ),
  ).toBe(200);
  expect(
    await ask('/tokens', { authorization: `Bearer ${good}` }, rpc('tools/call', call('bearer__two', {}))),
  ).toBe(200);
  expect(await ask('/tokens', { authorization: `Bearer ${wrong}` }, rpc('tools/list'))).toBe(401);
  expect(await ask(`/tokens?access_token=${wrong}`, {}, rpc('tools/list'))).toBe(401);
  world.issuer.manner = (request) => void request.socket.destroy();
  expect(
    await ask('/tokens', { authorization: `Bearer ${secrets.of('late-token')}` }, rpc('tools/list')),
  ).toBe(503);
  world.issuer.manner = null;
  for (const path of [
    '/mcp',
    '/keys',
    '/tokens',
    '/.well-known/oauth-protected-resource/tokens',
    '/nothing',
  ]) {
    const response = await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${wrong}` } });
    secrets.show(`GET ${path}`, JSON.stringify([...response.headers]));
    await (path === '/mcp'
      ? response.body?.cancel()
      : response.text().then((text) => secrets.show(`GET ${path}`, text)));
  }
}

describe('a planted secret', () => {
  it('appears in no log line, error, metric, journal, report and answer of a running proxy', async () => {
    await using world = await SecretWorld.start();
    const { secrets, directory, spec } = world;
    const config = world.config;
    const handler = mcpAnything({ config, env: world.env, logger: world.log });
    handler.on('swap', (report) => secrets.show('swap event', report));
    handler.on('reloadFailed', (report) => secrets.show('failure event', report));
    await handler.ready;
    await callEverything(world, handler);

    // The spec server turns bad in ways that repeat what it was asked with.
    const failures = async () => {
      const values =
        (await handler.registry.getSingleMetric('mcp_anything_spec_refreshes_total')?.get())?.values ?? [];
      const failed = values.filter(
        ({ labels }) => (labels as Record<string, unknown>)['result'] === 'failure',
      );
      return failed.reduce((sum, { value }) => sum + value, 0);
    };
    for (const [status, headers] of [
      [500, {}],
      [302, { location: `/elsewhere?again=${world.env['SPEC']}` }],
      [200, { 'content-type': 'text/html' }],
    ] as const) {
      const before = await failures();
      const manner: RequestListener = (request, response) => {
        response.writeHead(status, headers).end(`{{{ ${JSON.stringify(request.headers)}`);
      };
      spec.next(manner, manner, manner);
      await until(async () => (await failures()) > before, { within: 15_000 });
    }
    for (const text of brokenConfigs(world)) {
      directory.write('mcp.yaml', text);
      const report = await handler.reload();
      expect([text, report.outcome]).toEqual([text, 'failed']);
      secrets.show('report', report);
    }
    directory.write('token-file', `${secrets.of('token-file')}\n\u0007${secrets.of('second-line')}`);
    secrets.show('report', await handler.reload());

    secrets.show('metrics', await handler.registry.metrics());
    secrets.show('journal', JSON.stringify(handler.journal()));
    secrets.show('readiness', handler.notReadyReasons());
    secrets.show('log', world.log.lines);
    await handler.close();

    const received = world.received.join('\n');
    for (const name of ['token', 'token-file', 'key', 'header', 'issued-token'])
      expect(received).toContain(secrets.of(name));
    expect(received).toContain(
      Buffer.from(`${world.env['USER_NAME']}:${world.env['PASSWORD']}`).toString('base64'),
    );
    expect(JSON.stringify(spec.requests)).toContain(secrets.of('spec'));
    // What callers authenticate with is between them and the proxy.
    for (const name of ['good-token', 'caller-key', 'callers'])
      expect(received).not.toContain(secrets.of(name));
    expect(secrets.leaks()).toEqual([]);
    expect(secrets.places).toBeGreaterThan(60);
  }, 60_000);

  it('appears in no output of the command line, and on no page of the sidecar', async () => {
    await using world = await SecretWorld.start();
    const { secrets, directory } = world;
    const options = { cwd: directory.path, env: world.env };
    const commands = [
      ['validate', 'mcp.yaml'],
      ['tools', '--config', 'mcp.yaml', '--group', 'all', '--json'],
      ['call', '--config', 'mcp.yaml', '--group', 'all', '--json', 'basic__two'],
      ['call', '--config', 'mcp.yaml', '--group', 'all', 'remote__one'],
    ];
    const outputs = await Promise.all(commands.map((command) => runCommand(command, options)));
    for (const [index, { code, stdout, stderr }] of outputs.entries()) {
      expect([index, code === 0 || index > 1, stdout.length > 0]).toEqual([index, true, true]);
      secrets.show(`output of ${commands[index]?.[0]}`, stdout + stderr);
    }
    const [first = '', , third = ''] = brokenConfigs(world);
    for (const [name, text] of Object.entries({ 'first.yaml': first, 'third.yaml': third })) {
      directory.write(name, text);
      const { code, stdout, stderr } = await runCommand(['validate', name], options);
      expect(code).toBe(1);
      secrets.show(`output of validate ${name}`, stdout + stderr);
    }
    directory.write(
      'mcp.yaml',
      `server: { admin_port: 0, admin_host: 127.0.0.1, admin_reload: true }\n${readFileSync(world.config, 'utf8')}`,
    );
    await using sidecar = new SidecarProcess(
      ['serve', '--config', 'mcp.yaml', '--port', '0', '--host', '127.0.0.1', '--log-level', 'debug'],
      options,
    );
    const { url, adminUrl } = await sidecar.logged('listening');
    const answer = await fetch(`${url}/mcp`, {
      method: 'POST',
      headers: LEGACY,
      body: rpc('tools/call', call('key__two', {})),
    });
    secrets.show('answer', await answer.text());
    directory.write('mcp.yaml', first);
    const reload = await fetch(`${adminUrl}/-/reload`, { method: 'POST' });
    expect(reload.status).toBe(422);
    secrets.show('reload page', await reload.text());
    for (const page of ['/status', '/metrics', '/readyz', '/healthz', '/']) {
      secrets.show(page, await (await fetch(`${adminUrl}${page}`)).text());
    }
    sidecar.child.kill('SIGTERM');
    const { stdout, stderr } = await sidecar.exit;
    expect(stdout).toContain('reload failed');
    secrets.show('log', stdout + stderr);
    expect(secrets.leaks()).toEqual([]);
  }, 60_000);
});
