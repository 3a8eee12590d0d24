import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PEERS } from './paths.js';

const run = promisify(execFile);

/**
 * Installs a candidate's packages from the npm registry into a folder of its own, unless they are there.
 * @returns The folder.
 */
export async function installPackages(name: string, packages: readonly string[]): Promise<string> {
  const folder = join(PEERS, name);
  if (packages.length === 0) return folder;
  const list = packages.join('\n');
  const installed = join(folder, 'installed.txt');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === list) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: `bench-${name}`, private: true }));
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--engine-strict=false', '--loglevel=error'];
  await run('npm', ['install', '--prefix', folder, '--save-exact', ...flags, ...packages]);
  writeFileSync(installed, list);
  return folder;
}
