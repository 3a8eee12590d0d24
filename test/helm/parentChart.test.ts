import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { IPodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec';
import type { IService } from 'kubernetes-models/v1/Service';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/freePort.js';
import { helm } from '../support/helm.js';
import { schemaProblems } from '../support/kubernetesSchema.js';
import { connectClient } from '../support/mcpClient.js';
import { PodDirectory } from '../support/podDirectory.js';
import { restrictedViolations } from '../support/podSecurity.js';
import { type KubernetesObject, only, render, repository } from '../support/renderedChart.js';
import { renderedPod } from '../support/renderedPod.js';
import { SidecarProcess } from '../support/sidecarProcess.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';

describe('the example of a parent chart', () => {
  const copy = new TemporaryDirectory();
  const parent = join(copy.path, 'examples/helm-sidecar');
  let objects: readonly KubernetesObject[] = [];

  beforeAll(async () => {
    // Helm puts the dependency into the parent's folder, and this checkout is not to change.
    for (const folder of ['helm/mcp-anything', 'examples/helm-sidecar']) {
      cpSync(join(repository, folder), join(copy.path, folder), { recursive: true });
    }
    const { ok, stderr } = await helm('dependency', 'update', parent, '--skip-refresh');
    expect(ok, stderr).toBe(true);
    objects = await render(parent, { release: 'shop' });
  }, 120_000);
  afterAll(() => copy[Symbol.dispose]());

  const template = (): IPodTemplateSpec => {
    const { spec } = only<IDeployment>(objects, 'Deployment');
    if (spec === undefined) throw new Error('the Deployment has no spec');
    return spec.template;
  };

  test('passes helm lint --strict, and Kubernetes takes what it renders', async () => {
    const { ok, stdout } = await helm('lint', '--strict', parent);
    expect(ok, stdout).toBe(true);
    expect(
      objects.flatMap((object) => schemaProblems(object).map((line) => `${object.kind}: ${line}`)),
    ).toEqual([]);
    const { spec } = template();
    expect(spec && restrictedViolations(spec)).toEqual([]);
  });

  test('renders one pod with app and sidecar, three mounts, probes and scrape annotations', () => {
    const { metadata, spec } = template();
    const [sidecar, ...others] = spec?.initContainers ?? [];
    expect(others).toEqual([]);
    expect(spec?.containers.map(({ name }) => name)).toEqual(['app']);
    expect(sidecar).toMatchObject({
      name: 'mcp-anything',
      restartPolicy: 'Always',
      startupProbe: { httpGet: { path: '/healthz', port: 'mcp-admin' } },
      livenessProbe: { httpGet: { path: '/healthz', port: 'mcp-admin' } },
      readinessProbe: { httpGet: { path: '/readyz', port: 'mcp-admin' } },
    });
    expect(sidecar?.volumeMounts).toEqual(
      ['config', 'specs', 'overlays'].map((kind) => ({
        name: `mcp-anything-${kind}`,
        mountPath: `/etc/mcp-anything/${kind}`,
        readOnly: true,
      })),
    );
    expect(spec?.volumes?.map(({ name, configMap }) => [name, configMap?.name])).toEqual([
      ['app', 'shop-app'],
      ['mcp-anything-config', 'shop-mcp-anything-config'],
      ['mcp-anything-specs', 'shop-openapi'],
      ['mcp-anything-overlays', 'shop-mcp-anything-overlays'],
    ]);
    expect(metadata?.annotations).toEqual({
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': '9090',
      'prometheus.io/path': '/metrics',
    });
    expect(spec?.terminationGracePeriodSeconds).toBe(20);
  });

  test('makes every ConfigMap that the pod mounts, and a Service that finds the pod', () => {
    const made = objects.filter(({ kind }) => kind === 'ConfigMap').map(({ metadata }) => metadata.name);
    const mounted = template().spec?.volumes?.flatMap(({ configMap }) => configMap?.name ?? []) ?? [];
    expect(made.sort()).toEqual(mounted.sort());
    const service = only<IService>(objects, 'Service', 'shop-mcp-anything');
    expect(template().metadata?.labels).toMatchObject(service.spec?.selector ?? { none: 'at all' });
    expect(service.spec?.ports).toMatchObject([{ name: 'mcp', port: 8080, targetPort: 8080 }]);
  });

  test('gives agents the app’s operations, without those that the overlay removes', async () => {
    const [appPort, port, adminPort] = [await freePort(), await freePort(), await freePort()];
    const values = { port: appPort, 'mcp-anything': { server: { port, adminPort } } };
    const rendered = (await render(parent, { release: 'shop', values })).map(
      (object) =>
        JSON.parse(
          JSON.stringify(object).replaceAll('127.0.0.1:3000', `127.0.0.1:${appPort}`),
        ) as typeof object,
    );
    const { pod, container } = renderedPod(rendered);
    using directory = new PodDirectory(container);
    await directory.update(pod, rendered);
    const { data } = only<IConfigMap>(rendered, 'ConfigMap', 'shop-app');
    using app = new TemporaryDirectory({ 'server.mjs': data?.['server.mjs'] ?? '' });
    await using _shop = new SidecarProcess([], {
      main: join(app.path, 'server.mjs'),
      env: { PORT: String(appPort) },
    });
    await using sidecar = new SidecarProcess(directory.args, { cwd: directory.workingDirectory });
    await sidecar.url();
    const client = await connectClient(`http://127.0.0.1:${port}/mcp`);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['shop__get_product', 'shop__list_products']);
    await expect(client.callTool({ name: 'shop__get_product', arguments: { id: 1 } })).resolves.toMatchObject(
      {
        structuredContent: { id: 1, name: 'Teapot', price: 24.5 },
      },
    );
    await client.close();
  });

  test('runs the sidecar as a plain container on demand', async () => {
    const values = { 'mcp-anything': { sidecar: { native: false } } };
    const { pod, container } = renderedPod(await render(parent, { release: 'shop', values }));
    expect(container).not.toHaveProperty('restartPolicy');
    expect(pod.initContainers).toBeUndefined();
    expect(pod.containers.map(({ name }) => name)).toEqual(['app', 'mcp-anything']);
  });

  test('is the app alone when the dependency is disabled', async () => {
    const rendered = await render(parent, {
      release: 'shop',
      values: { 'mcp-anything': { enabled: false } },
    });
    expect(JSON.stringify(rendered)).not.toMatch(/mcp/);
    expect(only<IDeployment>(rendered, 'Deployment').spec?.template.spec?.containers).toHaveLength(1);
  });

  test('is told when the mode is forgotten', async () => {
    const values = { 'mcp-anything': { mode: 'standalone', sidecar: { selectorLabels: null } } };
    await expect(render(parent, { release: 'shop', values })).rejects.toThrow(
      'mcp-anything.mode: a chart that includes "mcp-anything.sidecarContainer" must set it to sidecar',
    );
  });
});
