import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

it('every line of the threat model names a test that is there', () => {
  const model = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8');
  const lines = model.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| rule'));
  expect(lines.length).toBeGreaterThan(20);
  const unproved = lines.filter((line) => {
    const [, path, name] = /\| `(test\/[^`]+)`(?:: (.*))? \|$/.exec(line) ?? [];
    if (path === undefined) return true;
    return !readFileSync(join(ROOT, path), 'utf8').includes(name ?? '');
  });
  expect(unproved).toEqual([]);
});
