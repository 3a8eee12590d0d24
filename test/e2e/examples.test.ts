import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const run = promisify(execFile);

describe('an example', () => {
  test.each(['express-gateway'])('%s runs, and its own checks pass', async (name) => {
    const check = fileURLToPath(new URL(`../../examples/${name}/check.js`, import.meta.url));
    const { stdout, stderr } = await run(process.execPath, [check]);
    expect(stderr).toBe('');
    expect(stdout).toBe(`${name}: all checks passed\n`);
  });
});
