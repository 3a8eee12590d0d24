import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpServer } from '../support/httpServer.js';
import { SidecarProcess } from '../support/sidecarProcess.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';
import { fixtureApi } from './fixture/upstream.js';
import { installSuite, runScenario } from './suite.js';

const TOOLS_AND_TRANSPORT = [
  'tools-list',
  'tools-call-simple-text',
  'tools-call-image',
  'tools-call-audio',
  'tools-call-embedded-resource',
  'tools-call-mixed-content',
  'tools-call-error',
  'json-schema-2020-12',
  'dns-rebinding-protection',
];

const SCENARIOS: Readonly<Record<string, readonly string[]>> = {
  '2025-11-25': ['server-initialize', 'ping', ...TOOLS_AND_TRANSPORT],
  '2026-07-28': [
    ...TOOLS_AND_TRANSPORT,
    'server-stateless',
    'server-sse-multiple-streams',
    'caching',
    'http-header-validation',
  ],
};

const expectedFailures = path('expectedFailures.yml');

let directory: TemporaryDirectory;
let api: HttpServer;
let sidecar: SidecarProcess;
let url: string;

beforeAll(async () => {
  await installSuite();
  directory = new TemporaryDirectory({
    'mcp.yaml': fixture('mcp.yaml'),
    'openapi.json': fixture('openapi.json'),
  });
  api = await HttpServer.start(fixtureApi(join(directory.path, 'openapi.json')));
  sidecar = new SidecarProcess(['serve', '--config', join(directory.path, 'mcp.yaml'), '--port', '0'], {
    env: { FIXTURE_URL: api.url },
  });
  url = `${await sidecar.url()}/mcp`;
});

afterAll(async () => {
  await sidecar?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
  directory?.[Symbol.dispose]();
});

describe.each(Object.entries(SCENARIOS))(
  'a client of revision %s finds the sidecar conformant in',
  (revision, names) => {
    test.each(names)('%s', async (name) => {
      const { exitCode, output, checks } = await runScenario({ name, revision, url, expectedFailures });
      expect(exitCode, output).toBe(0);
      // The suite ends well with warnings, and when it skips a scenario.
      expect(checks.filter(({ status }) => status === 'WARNING')).toEqual([]);
      expect(
        checks.some(({ status }) => status === 'SUCCESS'),
        output,
      ).toBe(true);
    });
  },
);

function fixture(name: string): string {
  return readFileSync(path(`fixture/${name}`), 'utf8');
}

function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
