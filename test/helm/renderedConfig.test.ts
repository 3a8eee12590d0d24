import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import { describe, expect, test } from 'vitest';
import { HttpServer } from '../support/httpServer.js';
import { PodDirectory } from '../support/podDirectory.js';
import { chart, only, render } from '../support/renderedChart.js';
import { runCommand } from '../support/sidecarProcess.js';

const FETCH = 120_000;

/** What the Secrets of the examples hold, and the variables of their environment. */
const SECRETS = {
  'mcp-anything-secret-orders': { token: 'token-of-orders' },
  'mcp-anything-secret-callers': { keys: 'one\ntwo\n' },
};
const ENVIRONMENT = { BILLING_KEY: 'key-of-billing' };

/** Examples whose config is the chart's own, and the endpoints that it has. */
const examples: Readonly<Record<string, RegExp>> = {
  'app-plain-container-values.yaml': /\/mcp with 1 tool\b/,
  'app-values.yaml': /\/mcp with 1 tool\b/,
  'large-specs-values.yaml': /\/mcp with 1 tool\b/,
  'network-policy-values.yaml': /\/mcp with 2 tools/,
  'secrets-values.yaml': /\/mcp with 2 tools/,
  'single-port-values.yaml': /\/mcp with 2 tools/,
  'standalone-values.yaml': /\/mcp with 2 tools, \/mcp\/readonly with 1 tool\b/,
};

describe('the config that the chart renders', () => {
  test.each(Object.entries(examples))('is valid: %s', { timeout: FETCH }, async (file, endpoints) => {
    const objects = await render(chart, { files: [join(chart, 'ci', file)] });
    const pod = only<IDeployment>(objects, 'Deployment').spec?.template.spec;
    const container = [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])].find(
      ({ name }) => name === 'mcp-anything',
    );
    if (pod === undefined || container === undefined) throw new Error('no container');
    await using app = await HttpServer.start((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(
        JSON.stringify({
          openapi: '3.0.3',
          info: { title: 'App', version: '1' },
          servers: [{ url: 'http://127.0.0.1:3000' }],
          paths: { '/products': { get: { responses: { 200: { description: 'OK' } } } } },
        }),
      );
    });
    const reachable = objects.map(
      (object) =>
        JSON.parse(JSON.stringify(object).replaceAll('http://127.0.0.1:3000', app.url)) as typeof object,
    );
    using directory = new PodDirectory(container);
    await directory.update(pod, reachable);
    for (const [volume, data] of Object.entries(SECRETS)) {
      if (container.volumeMounts?.some(({ name }) => name === volume)) await directory.write(volume, data);
    }
    const config = directory.args[directory.args.indexOf('--config') + 1] ?? '';
    const { code, stdout, stderr } = await runCommand(['validate', config], { env: ENVIRONMENT });
    expect(`${stdout}${stderr}`).toMatch(endpoints);
    expect(code).toBe(0);
  });

  test('is tried for every example that has one', { timeout: FETCH }, async () => {
    const files = readdirSync(join(chart, 'ci'));
    const contents = await Promise.all(
      files.map(async (file) => {
        const objects = await render(chart, { files: [join(chart, 'ci', file)] });
        const config = objects.find(({ metadata }) => metadata.name.endsWith('-config'));
        return {
          file,
          mode: objects.some(({ kind }) => kind === 'Deployment'),
          text: JSON.stringify(config),
        };
      }),
    );
    const standalone = contents.filter(({ mode, text }) => mode && text !== undefined);
    const demos = new Set(standalone.map(({ text }) => text?.replace(/^.*"data":/, '')));
    const tried = standalone.filter(({ file }) => Object.hasOwn(examples, file));
    const triedDemos = new Set(tried.map(({ text }) => text?.replace(/^.*"data":/, '')));
    expect([...demos].filter((text) => !triedDemos.has(text))).toEqual([]);
  });
});
