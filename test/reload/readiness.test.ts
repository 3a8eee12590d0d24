import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type McpAnythingHandler, mcpAnything } from '../../lib/index.js';
import { HttpServer } from '../support/httpServer.js';
import { smallDocument } from '../support/smallDocument.js';
import { SpecServer } from '../support/specServer.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';
import { until } from '../support/until.js';
import { configOf } from './reloadConfig.js';

interface Readiness {
  readonly status: number;
  readonly body: unknown;
}

/** The handler with its probes on a server, from before its first load on. */
async function serve(handler: McpAnythingHandler) {
  const server = await HttpServer.start((request, response) => {
    if (request.url === '/readyz') handler.readiness(request, response);
    else if (request.url === '/healthz') handler.health(request, response);
    else handler(request, response);
  });
  return {
    readiness: async (): Promise<Readiness> => {
      const response = await fetch(`${server.url}/readyz`);
      return { status: response.status, body: await response.json() };
    },
    status: async (path: string): Promise<number> => {
      const response = await fetch(server.url + path, { method: path === '/healthz' ? 'GET' : 'POST' });
      await response.arrayBuffer();
      return response.status;
    },
    async [Symbol.asyncDispose]() {
      await handler.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

const notReady = (reason: string) => ({
  status: 503,
  body: { ready: false, reasons: [{ reason, message: expect.any(String) }] },
});

describe('readiness', () => {
  it('is off with its reason before the first table, on after a failed reload, off while closing', async () => {
    await using spec = await SpecServer.start(smallDocument('one'));
    const held: (() => void)[] = [];
    spec.next((_, response) => void held.push(() => response.end(smallDocument('one'))));
    using directory = new TemporaryDirectory({ 'mcp.yaml': configOf({ a: spec.url }) });
    const handler = mcpAnything({ config: join(directory.path, 'mcp.yaml') });
    await using served = await serve(handler);
    await until(() => held.length === 1);
    expect(await served.readiness()).toEqual(notReady('loading'));
    expect(await served.status('/mcp')).toBe(503);
    held[0]?.();
    await handler.ready;
    expect(await served.readiness()).toMatchObject({ status: 200, body: { ready: true } });
    directory.write('mcp.yaml', 'upstreams: 7');
    expect(await handler.reload()).toMatchObject({ outcome: 'failed' });
    expect(await served.readiness()).toMatchObject({ status: 200, body: { ready: true } });
    const closing = handler.close();
    expect(await served.readiness()).toEqual(notReady('closing'));
    expect(await served.status('/mcp')).toBe(503);
    expect(await served.status('/healthz')).toBe(200);
    await closing;
  });

  it('comes with a reload that succeeds after the first load has failed', async () => {
    using directory = new TemporaryDirectory({ 'mcp.yaml': configOf({ a: 'a.json' }) });
    const handler = mcpAnything({ config: join(directory.path, 'mcp.yaml') });
    await using served = await serve(handler);
    await expect(handler.ready).rejects.toMatchObject({ code: 'MCP_ANYTHING_ERR_LOAD' });
    expect(await served.readiness()).toEqual(notReady('load_failed'));
    expect(await handler.reload()).toMatchObject({ outcome: 'failed' });
    directory.write('a.json', smallDocument('one'));
    expect(await handler.reload()).toMatchObject({ outcome: 'applied' });
    expect(await served.readiness()).toMatchObject({ status: 200, body: { ready: true } });
    expect(await served.status('/mcp')).not.toBe(503);
    // From now on it follows its files like any other.
    directory.write('a.json', smallDocument('two'));
    await until(() => handler.journal()[0]?.trigger === 'file', { within: 5_000 });
  });
});
