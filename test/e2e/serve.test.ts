import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { childrenOf } from '../support/childProcesses.js';
import { deferred } from '../support/deferred.js';
import { HttpServer } from '../support/httpServer.js';
import { connectClient, toolNames } from '../support/mcpClient.js';
import { runCommand, SidecarProcess } from '../support/sidecarProcess.js';
import { smallDocument } from '../support/smallDocument.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';

async function freePort(): Promise<number> {
  const server = await HttpServer.start(() => {});
  const { port } = new URL(server.url);
  await server[Symbol.asyncDispose]();
  return Number(port);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

describe('a running sidecar', () => {
  let directory: TemporaryDirectory;
  let api: HttpServer;
  let sidecar: SidecarProcess;
  let url: string;

  beforeAll(async () => {
    api = await HttpServer.start((request, response) => {
      response.setHeader('Content-Type', 'text/plain').end(`you asked for ${request.url}`);
    });
    directory = new TemporaryDirectory({
      'specs/small.json': smallDocument('cats', 'dogs'),
      'mcp.yaml': `
server: { host: 127.0.0.1, port: 1 }
upstreams:
  - { name: pets, type: http, base_url: "${api.url}", openapi: { source: ./specs/small.json } }
`,
    });
    sidecar = new SidecarProcess(['serve', '--config', 'mcp.yaml', '--port', '0'], { cwd: directory.path });
    url = await sidecar.url();
  });

  afterAll(async () => {
    await sidecar[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  test('lists and calls tools for the official client', async () => {
    const client = await connectClient(`${url}/mcp`);
    expect(await toolNames(client)).toEqual(['pets__cats', 'pets__dogs']);
    const result = await client.callTool({ name: 'pets__dogs', arguments: {} });
    expect(result.content).toEqual([{ type: 'text', text: 'you asked for /dogs' }]);
    await client.close();
  });

  test('answers probes and metrics', async () => {
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const metrics = await fetch(`${url}/metrics`);
    expect(metrics.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await metrics.text()).toMatch(/^mcp_anything_table_tools\{endpoint="\/mcp"\} 2$/m);
    expect(await (await fetch(url)).text()).toMatch(/^mcp-anything \d+\.\d+\.\d+: ready\n$/);
  });

  test('answers what does not exist with a plain 404, and a broken URL with a plain 400 or 404', async () => {
    const missing = await fetch(`${url}/nothing`);
    expect(missing.status).toBe(404);
    expect(missing.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(missing.headers.get('x-powered-by')).toBeNull();
    const broken = await fetch(`${url}/%ff`);
    expect([400, 404]).toContain(broken.status);
    expect(await broken.text()).not.toMatch(/\n\s+at /);
  });

  test('has no admin pages on the port that agents use', async () => {
    expect((await fetch(`${url}/status`)).status).toBe(404);
    expect((await fetch(`${url}/-/reload`, { method: 'POST' })).status).toBe(404);
  });

  test.skipIf(process.platform !== 'linux')('compiles what changes in a process beside it', async () => {
    const children = () => childrenOf(sidecar.child.pid ?? 0);
    expect(children()).toEqual([]);
    directory.write('specs/small.json', smallDocument('birds'));
    const client = await connectClient(`${url}/mcp`);
    await vi.waitFor(async () => expect(await toolNames(client)).toEqual(['pets__birds']), {
      timeout: 10_000,
    });
    const [worker] = children();
    expect(children()).toHaveLength(1);
    // Not worth a word, and not a reason to be less ready, when it is gone.
    process.kill(worker ?? 0, 'SIGKILL');
    directory.write('specs/small.json', smallDocument('cats', 'dogs'));
    await vi.waitFor(async () => expect(await toolNames(client)).toHaveLength(2), { timeout: 10_000 });
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    await client.close();
  });

  test('says in one line that its port is taken', async () => {
    const { port } = new URL(url);
    const second = await runCommand(['serve', '--config', 'mcp.yaml', '--port', port], {
      cwd: directory.path,
    });
    expect(second.code).toBe(1);
    expect(second.stderr).toBe(
      `cannot listen on 127.0.0.1:${port}: the port is in use; choose another with --port\n`,
    );
  });
});

describe.concurrent('a document that does not load at start', { timeout: 60_000 }, () => {
  const hanging = deferred();
  let specs: HttpServer;

  beforeAll(async () => {
    const answers = new Map([
      ['/missing', { status: 404, type: 'text/plain', body: 'no' }],
      ['/broken', { status: 500, type: 'text/plain', body: 'no' }],
      ['/page', { status: 200, type: 'text/html', body: '<!doctype html><title>Sign in</title>' }],
      ['/empty', { status: 200, type: 'application/json', body: '' }],
      ['/text', { status: 200, type: 'application/json', body: '{"openapi": "3.1.0", ' }],
      ['/other', { status: 200, type: 'application/json', body: '{"hello": "world"}' }],
    ]);
    specs = await HttpServer.start((request, response) => {
      const answer = answers.get(request.url ?? '');
      if (answer) response.writeHead(answer.status, { 'Content-Type': answer.type }).end(answer.body);
      else void hanging.promise.then(() => response.end());
    });
  });

  afterAll(async () => {
    hanging.resolve();
    await specs[Symbol.asyncDispose]();
  });

  test.each([
    ['404', '/missing', /404/],
    ['500', '/broken', /500/],
    ['no answer in time', '/hangs', /time limit/],
    ['an HTML page', '/page', /HTML/i],
    ['nothing', '/empty', /empty/i],
    ['half a document', '/text', /JSON|YAML|parse|syntax|end of/i],
    ['something else', '/other', /openapi/i],
  ])('ends with one line and exit code 1 when it is %s, and never listens', async (_case, path, cause) => {
    const port = await freePort();
    using directory = new TemporaryDirectory({
      'mcp.yaml': `
server: { host: 127.0.0.1, port: ${port}, startup_validation_timeout: ${path === '/hangs' ? '1s' : '30s'} }
upstreams:
  - { name: pets, type: http, openapi: { source: "${specs.url}${path}" } }
`,
    });
    await using sidecar = new SidecarProcess(['serve', '--config', 'mcp.yaml'], { cwd: directory.path });
    let listened = false;
    const watching = setInterval(async () => {
      listened ||= await accepts(port);
    }, 50);
    const { code, stdout, stderr } = await sidecar.exit;
    clearInterval(watching);
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toContain(`upstream "pets": ${specs.url}${path}: `);
    expect(stderr.replace(`${specs.url}${path}`, '')).toMatch(cause);
    expect(stderr + stdout).not.toMatch(/\n\s+at |\\n\s+at /);
    expect(code).toBe(1);
    expect(listened).toBe(false);
    expect(await accepts(port)).toBe(false);
  });

  test('names every upstream that failed, in the order of the config', async () => {
    using directory = new TemporaryDirectory({
      'fine.json': smallDocument('cats'),
      'empty.yaml': '',
      'mcp.yaml': `
upstreams:
  - { name: first, type: http, openapi: { source: "${specs.url}/missing" } }
  - { name: second, type: http, openapi: { source: ./fine.json } }
  - { name: third, type: http, openapi: { source: ./empty.yaml } }
  - { name: fourth, type: http, openapi: { source: ./absent.yaml } }
`,
    });
    const { code, stderr } = await runCommand(['serve', '--config', 'mcp.yaml'], { cwd: directory.path });
    expect(code).toBe(1);
    expect(
      stderr
        .trimEnd()
        .split('\n')
        .map((line) => line.split(': ')[0]),
    ).toEqual(['upstream "first"', 'upstream "third"', 'upstream "fourth"']);
  });
});

describe('the admin listener', () => {
  test('has probes, metrics, the journal and reloads; the other port has MCP alone', async () => {
    await using api = await HttpServer.start((_request, response) => response.end());
    using directory = new TemporaryDirectory({ 'small.json': smallDocument('cats', 'dogs') });
    const config = (source: string) => `
server: { host: 127.0.0.1, port: 8080, admin_port: 0, admin_reload: true, metrics_path: /prom }
reload: { max_tool_removal: 40% }
upstreams:
  - { name: pets, type: http, base_url: "${api.url}", openapi: { source: ${source} } }
`;
    directory.write('mcp.yaml', config('./small.json'));
    await using sidecar = new SidecarProcess(['serve', '--config', 'mcp.yaml', '--port', '0'], {
      cwd: directory.path,
    });
    const url = await sidecar.url();
    const admin = String((await sidecar.logged('listening'))['adminUrl']);
    const reload = (query = '', headers = {}) =>
      fetch(`${admin}/-/reload${query}`, { method: 'POST', headers });

    for (const path of ['/healthz', '/readyz', '/prom', '/status', '/']) {
      expect((await fetch(admin + path)).status, path).toBe(200);
      expect((await fetch(url + path)).status, path).toBe(404);
    }
    const client = await connectClient(`${url}/mcp`);
    expect(await toolNames(client)).toEqual(['pets__cats', 'pets__dogs']);

    expect((await reload('', { Origin: 'https://evil.example' })).status).toBe(403);
    const unchanged = await reload();
    expect(unchanged.status).toBe(200);
    expect(await unchanged.json()).toMatchObject({ outcome: 'unchanged', trigger: 'http' });

    directory.write('mcp.yaml', config('./absent.json'));
    const failed = await reload();
    expect(failed.status).toBe(422);
    expect(await failed.json()).toMatchObject({
      outcome: 'failed',
      problems: [expect.stringContaining('upstream "pets": ')],
    });

    directory.write('mcp.yaml', config('./small.json'));
    directory.write('small.json', smallDocument('cats'));
    const held = await reload();
    expect(held.status).toBe(422);
    expect(await held.json()).toMatchObject({ outcome: 'held' });
    expect(await toolNames(client)).toEqual(['pets__cats', 'pets__dogs']);
    const forced = await reload('?force=true');
    expect(forced.status).toBe(200);
    expect(await forced.json()).toMatchObject({
      outcome: 'applied',
      diff: [{ endpoint: '/mcp', added: [], removed: ['pets__dogs'], changed: [] }],
    });
    expect(await toolNames(client)).toEqual(['pets__cats']);
    await client.close();
    const { journal } = (await (await fetch(`${admin}/status`)).json()) as { journal: { outcome: string }[] };
    expect(journal.map(({ outcome }) => outcome)).toContain('held');
  });

  test('does not reload over HTTP unless the config says so', async () => {
    using directory = new TemporaryDirectory({
      'small.json': smallDocument('cats'),
      'mcp.yaml': `
server: { host: 127.0.0.1, admin_port: 0 }
upstreams:
  - { name: pets, type: http, openapi: { source: ./small.json } }
`,
    });
    await using sidecar = new SidecarProcess(['serve', '--config', 'mcp.yaml', '--port', '0'], {
      cwd: directory.path,
    });
    const { adminUrl } = await sidecar.logged('listening');
    const response = await fetch(`${adminUrl}/-/reload`, { method: 'POST' });
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      problems: ['reloads by HTTP are off: server.admin_reload was not true when the process started'],
    });
  });
});
