import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deferred } from '../support/deferred.js';
import { instructionOf, parseDockerfile } from '../support/dockerfile.js';
import { freePort } from '../support/freePort.js';
import { HttpServer } from '../support/httpServer.js';
import { ImageTree } from '../support/imageTree.js';
import { connectClient } from '../support/mcpClient.js';
import { chart, render, repository } from '../support/renderedChart.js';
import { renderedPod } from '../support/renderedPod.js';
import { SidecarProcess } from '../support/sidecarProcess.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';
import { until } from '../support/until.js';

interface Manifest {
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as Manifest;

describe('the Dockerfile', () => {
  const dockerfile = parseDockerfile(readFileSync(join(repository, 'sidecar/Dockerfile'), 'utf8'));
  const final = dockerfile.stages.at(-1);

  test('starts from bases with a tag, to which a release adds the digest', () => {
    expect(dockerfile.stages.map(({ name, base }) => [name, base.replaceAll('$', '')])).toEqual([
      ['build', '{BUILD_IMAGE}{BUILD_DIGEST}'],
      ['production', '{BUILD_IMAGE}{BUILD_DIGEST}'],
      ['final', '{RUNTIME_IMAGE}{RUNTIME_DIGEST}'],
    ]);
    expect(dockerfile.arguments.get('BUILD_IMAGE')).toMatch(/^node:24-[\w-]+$/);
    expect(dockerfile.arguments.get('RUNTIME_IMAGE')).toMatch(/distroless\/nodejs24-\w+:nonroot$/);
  });

  test('runs as a numbered user that is not root, without a shell', () => {
    expect(instructionOf(final, 'USER')).toBe('65532:65532');
    expect(instructionOf(final, 'RUN')).toBeUndefined();
    for (const keyword of ['ENTRYPOINT', 'CMD']) {
      expect(JSON.parse(instructionOf(final, keyword) ?? '')).toBeInstanceOf(Array);
    }
    expect(instructionOf(final, 'HEALTHCHECK')).toMatch(/ CMD \["node", "--eval", ".*"\]$/);
  });

  test('labels the image with the version of the package', () => {
    expect(instructionOf(final, 'ARG')).toBe(`VERSION=${manifest.version}`);
    const labels = instructionOf(final, 'LABEL') ?? '';
    for (const name of ['title', 'description', 'licenses', 'version']) {
      expect(labels).toContain(`org.opencontainers.image.${name}="`);
    }
  });

  test('starts the same command as the chart', { timeout: 120_000 }, async () => {
    const { container } = renderedPod(await render(chart));
    const command = JSON.parse(instructionOf(final, 'CMD') ?? '') as string[];
    expect(container.args?.slice(0, command.length)).toEqual(command);
    expect(container.securityContext).toMatchObject({ runAsUser: 65_532, runAsGroup: 65_532 });
  });

  test('is built from nothing but the sources, whatever lies in the checkout', () => {
    const patterns = readFileSync(join(repository, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(patterns[0]).toBe('**');
    expect(patterns.filter((pattern) => pattern.startsWith('!'))).toEqual([
      '!.npmrc',
      '!package.json',
      '!package-lock.json',
      '!tsconfig.json',
      '!tsconfig.build.json',
      '!lib/**',
      '!sidecar/**',
    ]);
  });
});

describe('the files of the image', () => {
  let tree: ImageTree;
  let files: readonly string[];
  const path = (name: string): string => join(tree.root, name);

  beforeAll(async () => {
    tree = await ImageTree.assemble();
    files = readdirSync(path('app'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(path(join('app', name))).isFile(),
    );
  }, 180_000);
  afterAll(() => tree?.[Symbol.asyncDispose]());

  test('are the compiled code, the production dependencies and package.json', () => {
    expect(readdirSync(path('app')).sort()).toEqual(['dist', 'node_modules', 'package.json']);
    expect(files).toContain('dist/sidecar/main.js');
    const unwanted = /\.(test\.\w+|ts|mts|cts|map|node)$|(^|\/)(\.env|\.npmrc|\.git|Dockerfile)$/;
    expect(files.filter((name) => unwanted.test(name))).toEqual([]);
  });

  test('are no development dependencies', () => {
    interface Lock {
      readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>;
    }
    const lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as Lock;
    const installed = files
      .map((name) => /^((?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+)\/package\.json$/.exec(name)?.[1] ?? '')
      .filter((name) => name !== '' && !name.includes('/dist/'));
    expect(installed.length).toBeGreaterThan(50);
    expect(installed.filter((name) => lock.packages[name] === undefined || lock.packages[name].dev)).toEqual(
      [],
    );
    const names = installed.map((name) => name.replace(/^.*node_modules\//, ''));
    expect(names.filter((name) => ['typescript', 'vitest', '@biomejs/biome'].includes(name))).toEqual([]);
  });

  test('are small', () => {
    const bytes = files.reduce((sum, name) => sum + statSync(path(join('app', name))).size, 0);
    const megabytes = bytes / 1e6;
    console.log(`the image holds ${files.length} files, ${megabytes.toFixed(1)} MB, besides its base`);
    expect(megabytes).toBeLessThan(40);
  });

  test('serve without root and without writing, answer the health check, and drain on SIGTERM', {
    timeout: 60_000,
  }, async () => {
    const arrived = deferred();
    const released = deferred();
    await using api = await HttpServer.start(async (_request, response) => {
      arrived.resolve();
      await released.promise;
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"done":true}');
    });
    const port = await freePort();
    using directory = new TemporaryDirectory({
      'api.json': JSON.stringify({
        openapi: '3.1.0',
        info: { title: 'API', version: '1' },
        paths: { '/slow': { get: { operationId: 'slow', responses: { 200: { description: 'OK' } } } } },
      }),
      'mcp.yaml': JSON.stringify({
        server: { port, shutdown_delay: '500ms', shutdown_timeout: '20s' },
        upstreams: [{ name: 'api', base_url: api.url, openapi: { source: './api.json' } }],
      }),
    });
    await promisify(execFile)('chmod', ['-R', 'a-w,a+rX', directory.path]);
    const final = tree.dockerfile.stages.at(-1);
    const [, ...entry] = JSON.parse(instructionOf(final, 'ENTRYPOINT') ?? '') as string[];
    await using sidecar = new SidecarProcess(['serve', '--config', join(directory.path, 'mcp.yaml')], {
      nodeOptions: entry.slice(0, -1),
      main: path(entry.at(-1) ?? ''),
      cwd: path('app'),
      env: { HOME: '/nonexistent', TMPDIR: '/nonexistent', NODE_ENV: 'production' },
      ...(process.getuid?.() === 0 ? { user: 65_532 } : {}),
    });
    await sidecar.url();
    const url = `http://127.0.0.1:${port}`;

    const healthCheck = /CMD (\[.*\])$/.exec(instructionOf(final, 'HEALTHCHECK') ?? '')?.[1] ?? '[]';
    const [, ...command] = JSON.parse(healthCheck) as string[];
    const check = (target: string): Promise<unknown> =>
      promisify(execFile)(process.execPath, command, { env: { HEALTH_URL: target } });
    await check(`${url}/healthz`);
    await expect(check(`${url}/nothing`)).rejects.toThrow();
    expect((await fetch(`${url}/readyz`)).status).toBe(200);

    const client = await connectClient(`${url}/mcp`);
    const call = client.callTool({ name: 'api__slow', arguments: {} });
    await arrived.promise;
    sidecar.child.kill('SIGTERM');
    await until(async () => (await fetch(`${url}/readyz`)).status === 503, { within: 5_000 });
    released.resolve();
    await expect(call).resolves.toMatchObject({ structuredContent: { done: true } });
    await client.close();
    await expect(sidecar.exit).resolves.toMatchObject({ code: 0, signal: null });
    expect(sidecar.stderr).toBe('');
  });
});
