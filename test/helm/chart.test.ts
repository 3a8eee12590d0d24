import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IPod } from 'kubernetes-models/v1/Pod';
import { describe, expect, test } from 'vitest';
import { startApiServer } from '../support/apiServer.js';
import { helm } from '../support/helm.js';
import { schemaProblems } from '../support/kubernetesSchema.js';
import { restrictedViolations } from '../support/podSecurity.js';
import { chart, type KubernetesObject, only, render } from '../support/renderedChart.js';

const examples = readdirSync(join(chart, 'ci')).map((name) => join(chart, 'ci', name));
const cases: readonly { readonly name: string; readonly files: readonly string[] }[] = [
  { name: 'its own values', files: [] },
  ...examples.map((file) => ({ name: basename(file), files: [file] })),
];

/** The first use of Helm may have to fetch it. */
const FETCH = 120_000;

describe('the chart', () => {
  test('passes helm lint --strict with its own values', { timeout: FETCH }, async () => {
    const { ok, stdout } = await helm('lint', '--strict', chart);
    expect(ok, stdout).toBe(true);
  });

  test('installs with its own values', { timeout: FETCH }, async () => {
    // Helm 3 wants to reach a cluster even for a dry run that asks it nothing.
    await using cluster = await startApiServer({ name: 'none', namespace: 'default', data: {} });
    const flags = ['--dry-run=client', '--disable-openapi-validation', '--kube-apiserver', cluster.url];
    const { ok, stdout, stderr } = await helm('install', 'demo', chart, ...flags);
    expect(ok, stderr).toBe(true);
    expect(stdout).toContain('helm test demo');
    expect(stdout).toContain('This runs the demo');
  });

  test.each(cases)(
    'renders objects that Kubernetes takes, and pods that are restricted: $name',
    {
      timeout: FETCH,
    },
    async ({ files }) => {
      const lint = await helm('lint', '--strict', chart, ...files.flatMap((file) => ['--values', file]));
      expect(lint.ok, lint.stdout).toBe(true);
      const objects = await render(chart, { files });
      const problems = objects.flatMap((object) =>
        schemaProblems(object).map((problem) => `${object.kind} ${object.metadata.name}: ${problem}`),
      );
      expect(problems).toEqual([]);

      const deployments = objects.filter(({ kind }) => kind === 'Deployment') as unknown as IDeployment[];
      const pods = objects.filter(({ kind }) => kind === 'Pod') as unknown as IPod[];
      const specs = [...deployments.map(({ spec }) => spec?.template.spec), ...pods.map(({ spec }) => spec)];
      expect(specs.flatMap((spec) => (spec ? restrictedViolations(spec) : ['no pod']))).toEqual([]);
    },
  );

  test.each([
    ['a misspelt field', { replicaz: 1 }, '/spec/replicaz: not a field of this kind'],
    ['a wrong type', { replicas: '1' }, '/spec/replicas: type {"type":"integer"}'],
    ['a missing field', { selector: undefined }, '/spec: required {"missingProperty":"selector"}'],
  ])('would be seen to render %s', { timeout: FETCH }, async (_name, change, problem) => {
    const deployment = only<IDeployment>(await render(chart), 'Deployment');
    const changed = { ...deployment, spec: { ...deployment.spec, ...change } };
    expect(schemaProblems(changed as unknown as KubernetesObject)).toContain(problem);
  });

  test('shows every optional object in some example', { timeout: FETCH }, async () => {
    const rendered = await Promise.all(examples.map((file) => render(chart, { files: [file] })));
    expect([...new Set(rendered.flat().map(({ kind }) => kind))].sort()).toEqual([
      'ConfigMap',
      'Deployment',
      'HorizontalPodAutoscaler',
      'Ingress',
      'NetworkPolicy',
      'Pod',
      'PodDisruptionBudget',
      'PodMonitor',
      'PrometheusRule',
      'Service',
      'ServiceAccount',
      'ServiceMonitor',
    ]);
  });

  test('leaves the pods alone when only config, specs or overlays change', { timeout: FETCH }, async () => {
    const files = [join(chart, 'ci/standalone-values.yaml')];
    const before = await render(chart, { files });
    const after = await render(chart, {
      files,
      values: {
        config: { content: { groups: [{ name: 'one', endpoint: '/one', upstreams: ['petstore'] }] } },
        specs: { files: { 'more.yaml': 'openapi: 3.1.0' } },
        overlays: { files: { 'more.yaml': 'overlay: 1.0.0' } },
      },
    });
    expect(after).not.toEqual(before);
    expect(only(after, 'Deployment')).toEqual(only(before, 'Deployment'));
  });

  test.each([
    ['defaults', {}, 20],
    ['fractions of a second', { server: { shutdownDelay: '1500ms', shutdownTimeout: '1m' } }, 67],
    ['hours', { server: { shutdownDelay: '0s', shutdownTimeout: '0.5h' } }, 1805],
    ['a value of its own', { terminationGracePeriodSeconds: 90 }, 90],
  ])(
    'gives a stopping pod as long as it may take: %s',
    { timeout: FETCH },
    async (_name, values, seconds) => {
      const { spec } = only<IDeployment>(await render(chart, { values }), 'Deployment');
      expect(spec?.template.spec?.terminationGracePeriodSeconds).toBe(seconds);
    },
  );

  test.each([
    ['the appVersion', {}, 'ghcr.io/mcp-anything/mcp-anything:0.1.0'],
    ['a tag', { tag: '9.9.9' }, 'ghcr.io/mcp-anything/mcp-anything:9.9.9'],
    [
      'a digest',
      { digest: `sha256:${'a'.repeat(64)}` },
      `ghcr.io/mcp-anything/mcp-anything@sha256:${'a'.repeat(64)}`,
    ],
    [
      'a tag and a digest',
      { tag: '9.9.9', digest: `sha256:${'a'.repeat(64)}` },
      `ghcr.io/mcp-anything/mcp-anything:9.9.9@sha256:${'a'.repeat(64)}`,
    ],
  ])('names the image by %s', { timeout: FETCH }, async (_name, image, expected) => {
    const { spec } = only<IDeployment>(await render(chart, { values: { image } }), 'Deployment');
    expect(spec?.template.spec?.containers[0]?.image).toBe(expected);
  });

  test('keeps names within what Kubernetes takes', { timeout: FETCH }, async () => {
    const objects = await render(chart, {
      release: 'r'.repeat(53),
      values: { nameOverride: 'n'.repeat(63) },
    });
    const names = objects.flatMap(({ metadata }) => [metadata.name, ...Object.values(metadata.labels ?? {})]);
    expect(names.filter((name) => name.length > 63)).toEqual([]);
  });
});
