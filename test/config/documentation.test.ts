import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfigText } from '../../lib/config/load.js';
import { isJsonObject } from '../../lib/json.js';
import { parseText } from '../../lib/yaml.js';
import { configKeys } from '../support/configKeys.js';

const text = readFileSync(resolve(import.meta.dirname, '../../docs/configuration.md'), 'utf8');

interface Row {
  readonly path: string;
  readonly fallback: string;
  readonly meaning: string;
}

const rows: readonly Row[] = [...text.matchAll(/^\| `([^`]+)` \| [^|]+ \| ([^|]+) \| (.+) \|$/gm)]
  .map(([, path = '', fallback = '', meaning = '']) => ({ path, fallback, meaning }))
  .filter(({ path }) => !path.startsWith('x-mcp-'));

/** These have the keys of a section that is documented in a place of its own. */
const REPEATED = /^(groups\[\]|upstreams\[\])\.inbound_auth\.|\.schemes\.<name>\./;
const keys = configKeys().filter(({ path }) => !REPEATED.test(path));

describe('docs/configuration.md', () => {
  test('has every key of the schema once, and no other', () => {
    expect(rows.map(({ path }) => path).sort()).toEqual(keys.map(({ path }) => path).sort());
    expect(keys.length).toBeGreaterThan(100);
  });

  test.each(keys)('says of $path what the schema says', ({ path, schema, required }) => {
    const row = rows.find((candidate) => candidate.path === path);
    expect(row?.meaning).toBe(schema['description']);
    const { default: fallback } = schema;
    if (required) expect(row?.fallback).toBe('required');
    else if (fallback === undefined) expect(row?.fallback).toBe('—');
    else expect(parseText(`value: ${row?.fallback.replaceAll('`', '')}`)).toEqual({ value: fallback });
  });

  test('documents repeated sections where they are', () => {
    const repeated = configKeys().filter(({ path }) => REPEATED.test(path));
    const known = new Set(keys.map(({ path }) => path));
    for (const { path } of repeated) {
      const once = path
        .replace(/^(groups|upstreams)\[\]\.inbound_auth/, 'inbound_auth')
        .replace('.schemes.<name>', '');
      expect(known).toContain(once);
    }
  });

  const examples = [...text.matchAll(/^```yaml\n(.+?)^```$/gms)].map(([, example = '']) => example);
  const complete = examples.filter((example) => !/^# yaml-language-server[^\n]*\n$/.test(example));

  test.each(complete)('has examples that are accepted: %#', async (example) => {
    const value = parseText(example);
    const config = isJsonObject(value) ? value : {};
    const upstreams = [
      { name: 'petstore', openapi: { source: 'https://docs.example.com/a.yaml', refresh_interval: '5m' } },
    ];
    await loadConfigText(JSON.stringify({ upstreams, ...config }), {
      use: 'sidecar',
      env: { DOCS_TOKEN: 'a', PETS_TOKEN: 'b', SECRET: 'c', REDIS_URL: 'redis://redis' },
      readFile: () => Promise.resolve(Buffer.from('secret')),
    });
  });

  test('has an example for every section', () => {
    const shown = new Set(complete.flatMap((example) => Object.keys(parseText(example) as object)));
    expect([...shown].sort()).toEqual(
      configKeys()
        .map(({ path }) => path)
        .filter((path) => !/[.[]/.test(path))
        .sort(),
    );
  });

  test('links to headings that exist', () => {
    const headings = new Set([...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => slug(title)));
    const targets = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, target = '']) => target);
    expect(targets.filter((target) => !headings.has(target))).toEqual([]);
  });
});

function slug(title: string): string {
  return title.toLowerCase().replaceAll(' ', '-');
}
