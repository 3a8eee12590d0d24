import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { HttpServer } from '../support/httpServer.js';
import { PodDirectory } from '../support/podDirectory.js';
import { chart, render } from '../support/renderedChart.js';
import { renderedPod } from '../support/renderedPod.js';
import { runCommand } from '../support/sidecarProcess.js';

const FETCH = 120_000;

/** What the Secrets of the examples hold, and the variables of their environment. */
const SECRETS = {
  'mcp-anything-secret-orders': { token: 'token-of-orders' },
  'mcp-anything-secret-callers': { keys: 'one\ntwo\n' },
};
const ENVIRONMENT = { BILLING_KEY: 'key-of-billing' };

/** Examples that differ in the config they make, and the endpoints that it has. */
const examples: Readonly<Record<string, RegExp>> = {
  'app-plain-container-values.yaml': /\/mcp with 1 tool\b/,
  'app-values.yaml': /\/mcp with 1 tool\b/,
  'disruption-values.yaml': /\/mcp with 2 tools/,
  'large-specs-values.yaml': /\/mcp with 1 tool\b/,
  'secrets-values.yaml': /\/mcp with 2 tools/,
  'single-port-values.yaml': /\/mcp with 2 tools/,
  'standalone-values.yaml': /\/mcp with 2 tools, \/mcp\/readonly with 1 tool\b/,
};

describe('the config that the chart renders', () => {
  test.each(Object.entries(examples))('is valid: %s', { timeout: FETCH }, async (file, endpoints) => {
    const objects = await render(chart, { files: [join(chart, 'ci', file)] });
    const { pod, container } = renderedPod(objects);
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

  test('is tried for every example that has one of its own', () => {
    const files = readdirSync(join(chart, 'ci')).filter((file) => {
      const values = load(readFileSync(join(chart, 'ci', file), 'utf8')) as {
        readonly config?: { content?: object };
      };
      return values.config?.content !== undefined;
    });
    expect(Object.keys(examples)).toEqual(expect.arrayContaining(files));
  });
});
