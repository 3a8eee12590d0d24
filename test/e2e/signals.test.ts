import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Deferred, deferred } from '../support/deferred.js';
import { HttpServer } from '../support/httpServer.js';
import { connectClient, toolNames } from '../support/mcpClient.js';
import { SidecarProcess } from '../support/sidecarProcess.js';
import { smallDocument } from '../support/smallDocument.js';
import { SpecServer } from '../support/specServer.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';

let directory: TemporaryDirectory;
let api: HttpServer;
/** Settled when a call has reached the API; the API answers once `released` is. */
let arrived: Deferred<void>;
let released: Deferred<void>;
/** Requests that have reached the API. */
let asked: string[];

beforeEach(async () => {
  arrived = deferred();
  released = deferred();
  asked = [];
  api = await HttpServer.start((request, response) => {
    asked.push(request.url ?? '');
    arrived.resolve();
    void released.promise.then(() => response.setHeader('Content-Type', 'text/plain').end('at last'));
  });
  directory = new TemporaryDirectory({ 'small.json': smallDocument('cats') });
});

afterEach(async () => {
  released.resolve();
  await api[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

function start(server = '', source = './small.json'): SidecarProcess {
  directory.write(
    'mcp.yaml',
    `
server: { host: 127.0.0.1${server && `, ${server}`} }
upstreams:
  - { name: pets, type: http, base_url: "${api.url}", openapi: { source: "${source}" } }
`,
  );
  return new SidecarProcess(['serve', '--config', 'mcp.yaml', '--port', '0'], { cwd: directory.path });
}

async function callTool(url: string): Promise<unknown> {
  const client = await connectClient(`${url}/mcp`);
  try {
    return (await client.callTool({ name: 'pets__cats', arguments: {} })).content;
  } finally {
    await client.close();
  }
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('lets a call in flight finish, refuses new connections, and exits 0', async () => {
    await using sidecar = start();
    const url = await sidecar.url();
    const call = callTool(url);
    await arrived.promise;
    sidecar.child.kill(signal);
    await vi.waitFor(() => expect(fetch(`${url}/healthz`)).rejects.toThrow('fetch failed'), {
      timeout: 10_000,
    });
    expect(sidecar.child.exitCode).toBeNull();
    released.resolve();
    expect(await call).toEqual([{ type: 'text', text: 'at last' }]);
    expect(await sidecar.exit).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('shutdown', () => {
  test('keeps serving for shutdown_delay, with /readyz at 503 and /healthz at 200', async () => {
    await using sidecar = start('shutdown_delay: 2s');
    const url = await sidecar.url();
    sidecar.child.kill('SIGTERM');
    await sidecar.logged('stopping');
    const readiness = await fetch(`${url}/readyz`);
    expect(readiness.status).toBe(503);
    expect(await readiness.json()).toMatchObject({ reasons: [{ reason: 'closing' }] });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    released.resolve();
    expect(await callTool(url)).toEqual([{ type: 'text', text: 'at last' }]);
    expect((await sidecar.exit).code).toBe(0);
  });

  test('cuts off a call that outlasts shutdown_timeout, and exits 0', async () => {
    await using sidecar = start('shutdown_timeout: 300ms');
    const call = callTool(await sidecar.url());
    await arrived.promise;
    sidecar.child.kill('SIGTERM');
    await expect(call).rejects.toThrow();
    expect((await sidecar.exit).code).toBe(0);
  });

  test('does not wait for open streams', async () => {
    await using sidecar = start('shutdown_timeout: 10s');
    const url = await sidecar.url();
    const stream = await fetch(`${url}/mcp`, { headers: { Accept: 'text/event-stream' } });
    expect(stream.status).toBe(200);
    const started = performance.now();
    sidecar.child.kill('SIGTERM');
    expect((await sidecar.exit).code).toBe(0);
    expect(performance.now() - started).toBeLessThan(5_000);
    await stream.body?.cancel().catch(() => {});
  });

  test('ends at once with a second signal', async () => {
    await using sidecar = start('shutdown_timeout: 1m');
    const call = callTool(await sidecar.url()).catch(() => 'cut off');
    await arrived.promise;
    sidecar.child.kill('SIGTERM');
    await sidecar.logged('stopping');
    sidecar.child.kill('SIGTERM');
    expect((await sidecar.exit).code).toBe(143);
    expect(await call).toBe('cut off');
  });

  test('works while documents still load', async () => {
    const asked = deferred();
    await using specs = await HttpServer.start(() => asked.resolve());
    directory.write(
      'mcp.yaml',
      `upstreams: [{ name: pets, type: http, openapi: { source: "${specs.url}/hangs" } }]`,
    );
    await using sidecar = new SidecarProcess(['serve', '--config', 'mcp.yaml'], { cwd: directory.path });
    await asked.promise;
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('SIGHUP', () => {
  test('reloads, and is in the log as the trigger', async () => {
    // Of a URL without an interval nothing else takes notice.
    await using spec = await SpecServer.start(smallDocument('cats'));
    await using sidecar = start('', spec.url);
    const client = await connectClient(`${await sidecar.url()}/mcp`);
    expect(await toolNames(client)).toEqual(['pets__cats']);
    spec.document = smallDocument('cats', 'dogs');
    sidecar.child.kill('SIGHUP');
    await vi.waitFor(async () => expect(await toolNames(client)).toEqual(['pets__cats', 'pets__dogs']), {
      timeout: 10_000,
    });
    await client.close();
    expect(await sidecar.logged('routing table 2 serves')).toMatchObject({ trigger: 'signal' });
  });

  test('keeps the process and its tools when the config is broken', async () => {
    await using sidecar = start();
    const url = await sidecar.url();
    directory.write('mcp.yaml', 'upstreams: [');
    sidecar.child.kill('SIGHUP');
    const failed = expect.objectContaining({ level: 'error' });
    await vi.waitFor(() => expect(sidecar.log()).toContainEqual(failed), { timeout: 10_000 });
    released.resolve();
    expect(await callTool(url)).toEqual([{ type: 'text', text: 'at last' }]);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  test('spoils no shutdown that begins while it is still reloading', async () => {
    await using sidecar = start();
    const url = await sidecar.url();
    const call = callTool(url);
    await arrived.promise;
    const upstream = (name: string, source: string) =>
      `  - { name: ${name}, type: http, base_url: "${api.url}", openapi: { source: "${source}" } }`;
    // That document does not come before the API is released.
    const slow = upstream('slow', `${api.url}/slow.json`);
    directory.write('mcp.yaml', ['upstreams:', upstream('pets', './small.json'), slow].join('\n'));
    sidecar.child.kill('SIGHUP');
    await vi.waitFor(() => expect(asked).toContain('/slow.json'), { timeout: 5_000 });
    sidecar.child.kill('SIGTERM');
    await sidecar.logged('the reload was given up');
    released.resolve();
    expect(await call).toEqual([{ type: 'text', text: 'at last' }]);
    expect(await sidecar.exit).toMatchObject({ code: 0, stderr: '' });
  });
});
