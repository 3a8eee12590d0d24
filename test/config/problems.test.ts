import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../lib/config/load.js';
import { ConfigError } from '../../lib/errors.js';
import { badConfigs } from './badConfigs.js';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bad-configs-'));
  await writeFile(join(directory, 'present'), 'a');
  await writeFile(join(directory, 'empty'), ' \n');
  await writeFile(join(directory, 'lines'), 'hun\nter2\n');
  await mkdir(join(directory, 'folder'));
});

afterAll(() => rm(directory, { recursive: true }));

async function problemsOf(file: string, env: Record<string, string>, use: 'middleware' | 'sidecar') {
  try {
    await loadConfig(file, { env, use });
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  return null;
}

describe('a config with mistakes is refused with a line for each', () => {
  test.each(badConfigs)('$name', async ({ text, env = {}, use = 'middleware', lines }) => {
    const file = join(directory, 'config.yaml');
    await writeFile(file, text);
    const error = await problemsOf(file, { ...env }, use);
    expect(error?.problems.map((line) => line.replaceAll(file, 'FILE'))).toEqual(lines);
    expect(error?.message).not.toContain('hunter2');
    expect(error?.message).not.toContain('12345');
    expect(error?.code).toBe('MCP_ANYTHING_ERR_CONFIG');
  });

  test('there are enough of them, all of different names', () => {
    expect(badConfigs.length).toBeGreaterThanOrEqual(60);
    expect(new Set(badConfigs.map(({ name }) => name)).size).toBe(badConfigs.length);
  });
});
