import { expect, test } from 'vitest';
import { startApiServer } from '../support/apiServer.js';
import { chart, only, render } from '../support/renderedChart.js';

const FETCH = 120_000;
const values = { config: { existingConfigMap: '{{ .Release.Name }}-mine', key: 'config.yaml' } };

/** Installs over a ConfigMap that is in the cluster already. */
async function install(data: Readonly<Record<string, string>>): Promise<unknown> {
  await using cluster = await startApiServer({ name: 'release-mine', namespace: 'tools', data });
  return only(await render(chart, { values, apiServer: cluster.url }), 'Deployment');
}

test('a config of the cluster that agrees with the values is taken', { timeout: FETCH }, async () => {
  const deployment = await install({ 'config.yaml': 'server: { admin_port: 9090 }' });
  expect(JSON.stringify(deployment)).toContain('"configMap":{"name":"release-mine"}');
});

test.each([
  [
    'another admin port',
    { 'config.yaml': 'server: { admin_port: 9999 }' },
    'server.adminPort is 9090, but in ConfigMap release-mine server.admin_port is 9999, and probes would find nobody',
  ],
  [
    'no admin port',
    { 'config.yaml': 'upstreams: []' },
    'server.admin_port is not set, and probes would find nobody',
  ],
  [
    'another key',
    { 'mcp.yaml': '', 'other.yaml': '' },
    'ConfigMap release-mine has no key "config.yaml", it has mcp.yaml, other.yaml; set config.key',
  ],
])('a config of the cluster with %s is refused', { timeout: FETCH }, async (_name, data, sentence) => {
  await expect(install(data)).rejects.toThrow(sentence);
});

test('a config that is not in the cluster yet is taken on trust', { timeout: FETCH }, async () => {
  await using cluster = await startApiServer({ name: 'other', namespace: 'tools', data: {} });
  await expect(render(chart, { values, apiServer: cluster.url })).resolves.not.toHaveLength(0);
});
