import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import type { NamedCandidate } from './runningCandidate.js';

/** Where and with what the figures were taken. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  /** Runnable processes, averaged over the minute before the run: above 1 the machine had other work. */
  readonly loadBefore: number;
  readonly versions: Readonly<Record<string, string>>;
}

const PACKAGES = [
  'undici',
  'express',
  'axios',
  'autocannon',
  '@modelcontextprotocol/sdk',
  '@octokit/openapi',
];

export function describeMachine(candidates: readonly NamedCandidate[]): Machine {
  const peers = candidates.flatMap(({ candidate }) => candidate.packages?.slice(0, 1) ?? []);
  const own = PACKAGES.map((name): [string, string] => [name, versionOf(name)]);
  const theirs = peers.map((spec): [string, string] => {
    const at = spec.lastIndexOf('@');
    return [spec.slice(0, at), spec.slice(at + 1)];
  });
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    versions: Object.fromEntries([...own, ...theirs]),
  };
}

/** Not every package exports its package.json. */
function versionOf(name: string): string {
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    try {
      const text = readFileSync(`${folder}/${name}/package.json`, 'utf8');
      return (JSON.parse(text) as { version: string }).version;
    } catch {
      // The next folder up.
    }
  }
  return 'unknown';
}
