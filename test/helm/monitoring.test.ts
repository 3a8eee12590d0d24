import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IPodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import type { IPrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import type { IServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { IService } from 'kubernetes-models/v1/Service';
import { describe, expect, test } from 'vitest';
import { type CallOutcome, Metrics } from '../../lib/observe/metrics.js';
import { queryTerms } from '../support/promql.js';
import { chart, only, render } from '../support/renderedChart.js';

const FETCH = 120_000;
const podMonitor = join(chart, 'ci/pod-monitor-values.yaml');
const serviceMonitor = join(chart, 'ci/service-monitor-values.yaml');

/** Labels that Prometheus itself puts on a target's series, and `le` of histograms. */
const TARGET_LABELS = ['namespace', 'job', 'pod', 'le'];
const OUTCOMES: Readonly<Record<CallOutcome, true>> = {
  ok: true,
  upstream_error: true,
  invalid_arguments: true,
  failure: true,
  cancelled: true,
  circuit_open: true,
  denied: true,
};

/** Series of /metrics → the labels they can have. */
async function declaredSeries(): Promise<ReadonlyMap<string, readonly string[]>> {
  const { registry } = new Metrics();
  const metrics = await registry.getMetricsAsJSON();
  return new Map(
    metrics.flatMap(({ name, type }) => {
      const { labelNames = [] } = registry.getSingleMetric(name) as { labelNames?: readonly string[] };
      const isHistogram = String(type) === 'histogram';
      const names = isHistogram ? ['bucket', 'sum', 'count'].map((suffix) => `${name}_${suffix}`) : [name];
      return names.map((series) => [series, labelNames] as const);
    }),
  );
}

/** Series, labels and outcomes of an expression that /metrics does not have. */
function unknownTerms(expression: string, series: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const { metrics, labels } = queryTerms(expression);
  const known = [...TARGET_LABELS, ...metrics.flatMap((name) => series.get(name) ?? [])];
  const outcomes = [...expression.matchAll(/outcome=~"([^"]*)"/g)].flatMap((match) =>
    (match[1] ?? '').split('|'),
  );
  return [
    ...(metrics.length === 0 ? ['no series at all'] : []),
    ...metrics.filter((name) => !series.has(name)),
    ...labels.filter((name) => !known.includes(name)),
    ...outcomes.filter((outcome) => !Object.hasOwn(OUTCOMES, outcome)),
  ];
}

function rulesOf(rule: IPrometheusRule) {
  return rule.spec.groups?.flatMap(({ rules }) => rules ?? []) ?? [];
}

describe('the alerts', () => {
  test('read only series and labels that /metrics has', { timeout: FETCH }, async () => {
    const rules = rulesOf(
      only<IPrometheusRule>(await render(chart, { files: [podMonitor] }), 'PrometheusRule'),
    );
    expect(rules.map(({ alert }) => alert)).toEqual([
      'McpAnythingReloadFailed',
      'McpAnythingReloadHeld',
      'McpAnythingConfigOld',
      'McpAnythingSpecRefreshFailing',
      'McpAnythingTableDrift',
      'McpAnythingDrainStuck',
      'McpAnythingToolCallErrors',
    ]);
    const series = await declaredSeries();
    expect(rules.flatMap(({ expr }) => unknownTerms(String(expr), series))).toEqual([]);
    expect(rules[0]).toMatchObject({ for: '5m', labels: { severity: 'critical', team: 'platform' } });
  });

  test('would be seen to read a series that is not there', async () => {
    const series = await declaredSeries();
    expect(unknownTerms('rate(mcp_anything_reloads_total{colour="red"}[5m])', series)).toEqual([
      'mcp_anything_reloads_total',
      'colour',
    ]);
    expect(() => unknownTerms('sum by (', series)).toThrow('not PromQL');
  });

  test('read the series of this release, whoever scrapes it', { timeout: FETCH }, async () => {
    const selectors = async (file: string): Promise<readonly string[]> => {
      const rules = rulesOf(only<IPrometheusRule>(await render(chart, { files: [file] }), 'PrometheusRule'));
      const matchers = rules.flatMap(({ expr }) => [...String(expr).matchAll(/\{(.*?job="[^"]*")/g)]);
      return [...new Set(matchers.map((match) => match[1] ?? ''))];
    };
    expect(await selectors(podMonitor)).toEqual(['job="tools/release-mcp-anything"']);
    expect(await selectors(serviceMonitor)).toEqual(['namespace="tools",job="release-mcp-anything"']);
    expect(await selectors(join(chart, 'ci/single-port-values.yaml'))).toEqual([
      'namespace="gateways",job="tools"',
    ]);
  });

  test('are left out one by one', { timeout: FETCH }, async () => {
    const rules = rulesOf(
      only<IPrometheusRule>(await render(chart, { files: [serviceMonitor] }), 'PrometheusRule'),
    );
    expect(rules.map(({ alert }) => alert)).toEqual([
      'McpAnythingReloadFailed',
      'McpAnythingSpecRefreshFailing',
      'McpAnythingTableDrift',
      'McpAnythingDrainStuck',
    ]);
  });
});

describe('the dashboard', () => {
  interface Dashboard {
    readonly panels: readonly {
      readonly title: string;
      readonly targets?: readonly { readonly expr: string }[];
    }[];
    readonly templating: {
      readonly list: readonly { readonly name: string; readonly definition?: string }[];
    };
  }
  const dashboard = JSON.parse(readFileSync(join(chart, 'files/dashboard.json'), 'utf8')) as Dashboard;

  test('asks only for series and labels that /metrics has', async () => {
    const series = await declaredSeries();
    const queries = dashboard.panels.flatMap(({ targets }) => targets ?? []);
    expect(queries.length).toBeGreaterThan(20);
    const expressions = queries.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m'));
    expect(expressions.flatMap((expression) => unknownTerms(expression, series))).toEqual([]);
    const variables = dashboard.templating.list.flatMap(({ definition }) => definition ?? []);
    const sources = variables.map(
      (definition) => /^label_values\((.*), (\w+)\)$/.exec(definition)?.[1] ?? '',
    );
    expect(sources.flatMap((expression) => unknownTerms(expression, series))).toEqual([]);
  });

  test('uses only variables that it defines', () => {
    const defined = [...dashboard.templating.list.map(({ name }) => name), '__rate_interval', '__all'];
    const used = [...JSON.stringify(dashboard).matchAll(/\$\{?(\w+)/g)].map((match) => match[1] ?? '');
    expect(used.filter((name) => !defined.includes(name))).toEqual([]);
  });

  test('comes as a ConfigMap that Grafana’s sidecar finds', { timeout: FETCH }, async () => {
    const objects = await render(chart, { files: [podMonitor] });
    const configMap = only<IConfigMap>(objects, 'ConfigMap', 'release-mcp-anything-dashboard');
    expect(configMap.metadata?.labels?.['grafana_dashboard']).toBe('1');
    expect(JSON.parse(configMap.data?.['mcp-anything.json'] ?? '')).toEqual(dashboard);
  });
});

describe('monitors and annotations', () => {
  test('a ServiceMonitor finds the Service, and its port is there', { timeout: FETCH }, async () => {
    const objects = await render(chart, { files: [serviceMonitor] });
    const { spec } = only<IServiceMonitor>(objects, 'ServiceMonitor');
    const service = only<IService>(objects, 'Service');
    expect(service.metadata?.labels).toMatchObject(spec.selector.matchLabels ?? {});
    const port = service.spec?.ports?.find(({ name }) => name === spec.endpoints?.[0]?.port);
    expect(port).toMatchObject({ port: 9090, targetPort: 9090 });
  });

  test('a PodMonitor finds the pods, and their port is there', { timeout: FETCH }, async () => {
    const objects = await render(chart, { files: [podMonitor] });
    const { spec } = only<IPodMonitor>(objects, 'PodMonitor');
    const template = only<IDeployment>(objects, 'Deployment').spec?.template;
    expect(template?.metadata?.labels).toMatchObject(spec.selector.matchLabels ?? {});
    const ports = template?.spec?.containers[0]?.ports;
    expect(ports?.map(({ name }) => name)).toContain(spec.podMetricsEndpoints?.[0]?.port);
    expect(template?.metadata?.annotations).not.toHaveProperty(['prometheus.io/scrape']);
  });

  test('annotations name the port and path of the metrics', { timeout: FETCH }, async () => {
    const values = { server: { adminPort: null, port: 3000, metricsPath: '/internal/metrics' } };
    const template = only<IDeployment>(await render(chart, { values }), 'Deployment').spec?.template;
    expect(template?.metadata?.annotations).toMatchObject({
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': '3000',
      'prometheus.io/path': '/internal/metrics',
    });
  });
});
