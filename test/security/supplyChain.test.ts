import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface LockedPackage {
  readonly version: string;
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly integrity?: string;
  readonly license?: string;
  readonly hasInstallScript?: boolean;
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

const manifest = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> };
/** What an installation gets. */
const installed = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && dev !== true);

/** TypeScript sources of what is published. */
function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(join(folder, name)));
}

describe('runtime dependencies', () => {
  it('are locked by hash, and none of them has an install script', () => {
    expect(installed.length).toBeGreaterThan(50);
    const unlocked = installed.filter(([, { integrity, link }]) => !integrity?.startsWith('sha512-') || link);
    expect(unlocked.map(([path]) => path)).toEqual([]);
    expect(installed.filter(([, entry]) => entry.hasInstallScript).map(([path]) => path)).toEqual([]);
    // The lock file takes npm's word for it; the packages themselves have the last.
    const scripts = installed.flatMap(([path]) => {
      const file = join(path, 'package.json');
      if (!existsSync(join(ROOT, file))) return [];
      const { scripts = {} } = JSON.parse(read(file)) as { scripts?: Record<string, string> };
      return ['preinstall', 'install', 'postinstall']
        .filter((name) => name in scripts)
        .map((name) => `${path} ${name}`);
    });
    expect(scripts).toEqual([]);
    expect(read('.npmrc')).toContain('ignore-scripts=true');
  });

  it('have licences that may be distributed along', () => {
    const accepted = /^(Apache-2\.0|MIT|ISC|BSD-[23]-Clause|0BSD|Python-2\.0|BlueOak-1\.0\.0)$/;
    const others = installed.filter(([, { license }]) => !accepted.test(license ?? ''));
    expect(others.map(([path, { license }]) => `${path}: ${license}`)).toEqual([]);
  });

  it('are each justified in docs/dependencies.md, and each used', () => {
    const documented = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)` \|/gm)].map(
      ([, name]) => name,
    );
    const direct = Object.keys(manifest.dependencies);
    expect(documented.toSorted()).toEqual(direct.toSorted());
    const code = [...sources('lib'), ...sources('sidecar')].join('\n');
    const unused = direct.filter(
      (name) => !code.includes(`from '${name}'`) && !code.includes(`from '${name}/`),
    );
    expect(unused).toEqual([]);
  });
});

describe('the bill of materials', () => {
  it('names every package that an installation gets, with its hash', () => {
    const text = execFileSync(join(ROOT, '.ci/sbom'), {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { bomFormat, components } = JSON.parse(text) as {
      bomFormat: string;
      components: { 'bom-ref': string; hashes?: object[] }[];
    };
    expect(bomFormat).toBe('CycloneDX');
    const named = new Set(components.map((component) => component['bom-ref']));
    const missing = installed
      .map(([path, { version }]) => `${path.slice(path.lastIndexOf('node_modules/') + 13)}@${version}`)
      .filter((name) => !named.has(name));
    expect(missing).toEqual([]);
    expect(components.every(({ hashes = [] }) => hashes.length > 0)).toBe(true);
  });
});
