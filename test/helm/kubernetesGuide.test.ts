import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { IPrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import { chart, only, render, repository } from '../support/renderedChart.js';

interface Values {
  readonly config?: unknown;
  readonly [key: string]: unknown;
}

const pages = ['docs/kubernetes.md', 'helm/mcp-anything/README.md', 'examples/helm-sidecar/README.md'].map(
  (name) => ({ name, text: readFileSync(join(repository, name), 'utf8') }),
);
const knownKeys = Object.keys(load(readFileSync(join(chart, 'values.yaml'), 'utf8')) as object);

/** What the blocks leave to files. */
const documents = {
  specs: { files: { 'petstore.yaml': '', 'shop.yaml': '', 'orders.yaml': '' } },
  overlays: { files: { 'petstore.yaml': '' } },
};

const blocks = pages.flatMap(({ name, text }) =>
  [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].flatMap((match) => {
    const block = match[1] ?? '';
    // Lines of templates, and extracts of other files, are no values.
    if (block.includes('{{-')) return [];
    const values = load(block) as Values;
    const isValues = Object.keys(values).every((key) => knownKeys.includes(key));
    return isValues ? [{ name, keys: Object.keys(values).join(', '), values }] : [];
  }),
);

test('the guide shows values for every mode', () => {
  expect(blocks.length).toBeGreaterThan(6);
});

test.each(blocks)(
  'values of $name are good as they stand: $keys',
  { timeout: 120_000 },
  async ({ values }) => {
    const given = values.config === undefined ? {} : documents;
    await expect(render(chart, { values: { ...given, ...values } })).resolves.not.toHaveLength(0);
  },
);

test.each(pages)('links of $name lead somewhere', ({ name, text }) => {
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '');
  expect(links.filter((link) => !existsSync(join(repository, dirname(name), link)))).toEqual([]);
});

test('the guide explains every alert', { timeout: 120_000 }, async () => {
  const values = {
    monitoring: { podMonitor: { enabled: true }, prometheusRule: { enabled: true, configMaxAge: '1h' } },
  };
  const { spec } = only<IPrometheusRule>(await render(chart, { values }), 'PrometheusRule');
  const alerts = spec.groups?.flatMap(({ rules }) => rules ?? []).map(({ alert }) => alert);
  const explained = [...(pages[0]?.text ?? '').matchAll(/^\| `(McpAnything\w+)`/gm)].map((match) => match[1]);
  expect(explained).toEqual(alerts);
});
