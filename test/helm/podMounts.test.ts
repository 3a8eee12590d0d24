import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { IPod } from 'kubernetes-models/v1/Pod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/freePort.js';
import { HttpServer } from '../support/httpServer.js';
import { connectClient, toolNames } from '../support/mcpClient.js';
import { PodDirectory } from '../support/podDirectory.js';
import { chart, type KubernetesObject, only, render } from '../support/renderedChart.js';
import { renderedPod } from '../support/renderedPod.js';
import { SidecarProcess } from '../support/sidecarProcess.js';
import { until } from '../support/until.js';

/** The user of the image; tests that do not run as root stay who they are, which is not root either. */
const user = process.getuid?.() === 0 ? { user: 65_532 } : {};
/** Milliseconds within which a change must be in effect once the kubelet has written it. */
const SOON = 30_000;

function specOf(...operations: readonly string[]): string {
  const paths = operations.map((name) => [
    `/${name}`,
    { get: { operationId: name, responses: { 200: { description: 'OK' } } } },
  ]);
  return JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'API', version: '1' },
    paths: Object.fromEntries(paths),
  });
}

function overlayOf(operation: string, summary: string): string {
  const actions = [{ target: `$.paths['/${operation}'].get`, update: { summary } }];
  return JSON.stringify({ overlay: '1.0.0', info: { title: 'Words', version: '1' }, actions });
}

/** The tests follow one pod through its life: each starts from what the one before left. */
describe('a pod as the chart makes it', () => {
  let api: HttpServer;
  let authorization: string | undefined;
  let directory: PodDirectory;
  let sidecar: SidecarProcess;
  let client: Client;
  let url: string;
  let adminUrl: string;
  let ports: { readonly port: number; readonly adminPort: number };

  const upstream = (name: string): object => ({
    name,
    base_url: api.url,
    openapi: { source: `../specs/${name}.json` },
    overlay: { source: '/etc/mcp-anything/overlays/words.json' },
    outbound_auth: {
      strategy: 'bearer',
      bearer: { token_file: '/etc/mcp-anything/secrets/api/token' },
    },
  });
  const values = { content: {}, specs: {} as Record<string, string>, overlays: {} as Record<string, string> };

  /** What `helm upgrade` with the values makes of the pod and its ConfigMaps. */
  async function upgrade(): Promise<readonly KubernetesObject[]> {
    return render(chart, {
      values: {
        server: { ...ports, shutdownDelay: '1s', shutdownTimeout: '5s' },
        config: { content: values.content },
        specs: { files: values.specs },
        overlays: { files: values.overlays },
        secrets: { files: [{ name: 'api', secretName: 'api-token' }] },
      },
    });
  }

  /** What the kubelet then does to the mounts. */
  async function applyUpgrade(): Promise<void> {
    const objects = await upgrade();
    await directory.update(renderedPod(objects).pod, objects);
  }

  async function metric(name: string): Promise<number> {
    const text = await (await fetch(`${adminUrl}/metrics`)).text();
    return Number(new RegExp(`^mcp_anything_${name} (.*)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  }

  beforeAll(async () => {
    api = await HttpServer.start((request, response) => {
      authorization = request.headers.authorization;
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
    });
    ports = { port: await freePort(), adminPort: await freePort() };
    url = `http://127.0.0.1:${ports.port}`;
    adminUrl = `http://127.0.0.1:${ports.adminPort}`;
    values.content = { upstreams: [upstream('shop')] };
    values.specs = { 'shop.json': specOf('list_products') };
    values.overlays = { 'words.json': overlayOf('list_products', 'Everything that is for sale') };
    const objects = await upgrade();
    const { pod, container } = renderedPod(objects);
    directory = new PodDirectory(container);
    await directory.update(pod, objects);
    await directory.write('mcp-anything-secret-api', { token: 'first' });
    sidecar = new SidecarProcess(directory.args, { cwd: directory.workingDirectory, ...user });
    await sidecar.url();
    client = await connectClient(`${url}/mcp`);
  }, 120_000);

  afterAll(async () => {
    await sidecar?.[Symbol.asyncDispose]();
    await api?.[Symbol.asyncDispose]();
    directory?.[Symbol.dispose]();
  });

  test('serves without root, from a directory that it may not write to, on the ports of the probes', async () => {
    expect(userOf(sidecar)).not.toBe(0);
    expect(await statusOf(`${adminUrl}/healthz`)).toBe(200);
    expect(await statusOf(`${adminUrl}/readyz`)).toBe(200);
    expect(await statusOf(`${url}/metrics`)).toBe(404);
    expect(await client.listTools()).toMatchObject({
      tools: [{ name: 'shop__list_products', description: 'Everything that is for sale' }],
    });
  });

  test('is what the pod of helm test can list', async () => {
    const pod = only<IPod>(await upgrade(), 'Pod').spec?.containers[0];
    const [command, ...flags] = pod?.command ?? [];
    expect(command).toBe('node');
    const service = `http://release-mcp-anything.tools.svc:8080`;
    const args = (pod?.args ?? []).map((argument) => argument.replace(service, url));
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, ...args]);
    expect(stdout).toBe(`${url}/mcp: 1 tools\n  shop__list_products\n`);
    const missing = args.map((argument) => argument.replace('/mcp', '/nothing'));
    await expect(promisify(execFile)(process.execPath, [...flags, ...missing])).rejects.toThrow('404');
  });

  test('follows the ConfigMap with the specs', async () => {
    values.specs = { 'shop.json': specOf('list_products', 'list_orders') };
    await applyUpgrade();
    await until(async () => (await toolNames(client)).includes('shop__list_orders'), { within: SOON });
  });

  test('follows the ConfigMap with the overlays', async () => {
    values.overlays = { 'words.json': overlayOf('list_orders', 'What was sold') };
    await applyUpgrade();
    await until(
      async () => (await client.listTools()).tools.some(({ description }) => description === 'What was sold'),
      { within: SOON },
    );
  });

  test('follows the ConfigMap with the config', async () => {
    const groups = [
      { name: 'all', endpoint: '/mcp', upstreams: ['shop'] },
      { name: 'orders', endpoint: '/orders', upstreams: ['shop'], filter: "$.paths['/list_orders'].get" },
    ];
    values.content = { upstreams: [upstream('shop')], groups };
    await applyUpgrade();
    await until(async () => (await statusOf(`${url}/orders`)) !== 404, { within: SOON });
    const orders = await connectClient(`${url}/orders`);
    expect(await toolNames(orders)).toEqual(['shop__list_orders']);
    await orders.close();
  });

  test('takes a config that arrives before the spec it names, once that arrives too', async () => {
    values.content = { upstreams: [upstream('shop'), { ...upstream('stock'), tool_prefix: 'stock' }] };
    values.specs = { ...values.specs, 'stock.json': specOf('count') };
    const objects = await upgrade();
    const { pod } = renderedPod(objects);
    const isSpecs = (object: KubernetesObject): boolean => object.metadata.name.endsWith('-specs');
    await directory.update(
      pod,
      objects.filter((object) => !isSpecs(object)),
    );
    await until(async () => (await metric('config_last_reload_successful')) === 0, { within: SOON });
    expect(await statusOf(`${adminUrl}/readyz`)).toBe(200);
    expect(await toolNames(client)).not.toContain('stock__count');
    await directory.update(pod, objects.filter(isSpecs));
    await until(async () => (await toolNames(client)).includes('stock__count'), { within: SOON });
    expect(await metric('config_last_reload_successful')).toBe(1);
  });

  test('keeps serving while the config is broken', async () => {
    const good = values.content;
    values.content = {
      upstreams: [{ name: 'shop', openapi: { source: '../specs/shop.json' }, colour: 'red' }],
    };
    await applyUpgrade();
    await until(async () => (await metric('config_last_reload_successful')) === 0, { within: SOON });
    expect(await toolNames(client)).toContain('stock__count');
    values.content = good;
    await applyUpgrade();
    await until(async () => (await metric('config_last_reload_successful')) === 1, { within: SOON });
  });

  test('sends a rotated Secret with the next calls', async () => {
    await client.callTool({ name: 'shop__list_orders', arguments: {} });
    expect(authorization).toBe('Bearer first');
    await directory.write('mcp-anything-secret-api', { token: 'second' });
    await until(
      async () => {
        await client.callTool({ name: 'shop__list_orders', arguments: {} });
        return authorization === 'Bearer second';
      },
      { within: SOON },
    );
  });

  test('misses none of many updates, whichever mount comes first', async () => {
    for (let round = 1; round <= 12; round += 1) {
      values.specs = { ...values.specs, 'stock.json': specOf('count', `count_${round}`) };
      values.overlays = { 'words.json': overlayOf(`count_${round}`, `Round ${round}`) };
      values.content = { ...values.content, tools: { page_size: 100 + round } };
      const objects = await upgrade();
      const { pod } = renderedPod(objects);
      const kinds = ['config', 'specs', 'overlays'];
      for (const kind of [...kinds.slice(round % 3), ...kinds.slice(0, round % 3)]) {
        const changed = objects.filter(({ metadata }) => metadata.name.endsWith(`-${kind}`));
        await directory.update(pod, changed);
      }
      await until(
        async () =>
          (await client.listTools()).tools.some(
            ({ name, description }) => name === `stock__count_${round}` && description === `Round ${round}`,
          ),
        { within: SOON, what: `round ${round}` },
      );
    }
    await until(async () => (await metric('config_last_reload_successful')) === 1, { within: SOON });
  });

  test('stops on SIGTERM as a rolling update wants it', async () => {
    await client.close();
    sidecar.child.kill('SIGTERM');
    await until(async () => (await statusOf(`${adminUrl}/readyz`)) === 503, { within: SOON });
    const late = await connectClient(`${url}/mcp`);
    expect(await toolNames(late)).toContain('shop__list_orders');
    await late.close();
    await expect(sidecar.exit).resolves.toMatchObject({ code: 0, signal: null });
    expect(sidecar.stdout).not.toContain('cut off');
  });
});

/** The status of an answer that is read to its end, so that its connection is idle again. */
async function statusOf(url: string): Promise<number> {
  const answer = await fetch(url);
  await answer.arrayBuffer();
  return answer.status;
}

/** Who a process runs as: on Linux its own entry below /proc says so, elsewhere it is who the tests run as. */
function userOf({ child }: SidecarProcess): number | undefined {
  const entry = `/proc/${child.pid}`;
  return existsSync(entry) ? statSync(entry).uid : process.getuid?.();
}
