import { execFile, spawn } from 'node:child_process';
import { cpSync, existsSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';
import { until } from '../support/until.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

describe('a fresh checkout', () => {
  const absent = new Set(['.git', 'node_modules', 'dist', 'coverage']);
  let directory: TemporaryDirectory;
  const at = (path: string): string => join(directory.path, path);

  beforeAll(() => {
    directory = new TemporaryDirectory();
    cpSync(root, directory.path, { recursive: true, filter: (path) => !absent.has(basename(path)) });
    symlinkSync(join(root, 'node_modules'), at('node_modules'));
  });
  beforeEach(() => rmSync(at('dist'), { recursive: true, force: true }));
  afterAll(() => directory[Symbol.dispose]());

  test('starts with `npm start`', async () => {
    const child = spawn('npm', ['start', '--', '--port', '0'], { cwd: directory.path, detached: true });
    try {
      let printed = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
      });
      await until(() => /Ctrl-C/.test(printed) || child.exitCode !== null, {
        within: 45_000,
        what: () => `it says how to end it; it has said ${printed}`,
      });
      const [, url] = /(http:\S+)\/mcp /.exec(printed) ?? [];
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
    } finally {
      // npm, its shell and what they have started.
      process.kill(-Number(child.pid), 'SIGKILL');
    }
  });

  test('runs its tests with `npm test`', async () => {
    // This one needs what is built.
    const { stdout } = await run(
      'npm',
      ['test', '--', 'test/e2e/commands.test.ts', '-t', 'tells its version'],
      {
        cwd: directory.path,
      },
    );
    expect(stdout).toMatch(/Tests .*[1-9]\d* passed/);
    expect(stdout).not.toContain('failed');
  });

  test('is packed with everything that the package names', async () => {
    const { stdout } = await run('npm', ['pack', '--ignore-scripts=false', '--json'], {
      cwd: directory.path,
    });
    const [{ filename, files }] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [
      { filename: string; files: readonly { path: string }[] },
    ];
    expect(existsSync(at(filename))).toBe(true);
    const paths = new Set(files.map(({ path }) => path));
    const manifest = (await import('../../package.json', { with: { type: 'json' } })).default;
    const named = [...leavesOf(manifest.exports), ...leavesOf(manifest.bin)].map((path) =>
      path.replace('./', ''),
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((path) => !paths.has(path))).toEqual([]);
    expect(paths).toContain('dist/lib/tools/processMain.js');
  });
});

/** The texts in a tree of objects. */
function leavesOf(value: unknown): string[] {
  return typeof value === 'string' ? [value] : Object.values(value as object).flatMap(leavesOf);
}
