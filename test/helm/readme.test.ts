import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import { chart } from '../support/renderedChart.js';
import { valuesTable } from '../support/valuesTable.js';

const values = readFileSync(join(chart, 'values.yaml'), 'utf8');

test('the README lists every value with its comment and default', async () => {
  const readme = readFileSync(join(chart, 'README.md'), 'utf8');
  const table = valuesTable(values);
  const expected = readme.replace(
    /<!-- values -->[\s\S]*<!-- \/values -->/,
    () => `<!-- values -->\n${table}\n<!-- /values -->`,
  );
  await expect(expected).toMatchFileSnapshot(join(chart, 'README.md'));
});

test('a value without a comment is noticed', () => {
  expect(() => valuesTable('# What a is.\na: 1\nb: 2\n')).toThrow('values.yaml: b has no comment above it');
});

test('values.schema.json knows exactly the keys of values.yaml', () => {
  interface Schema {
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly additionalProperties?: unknown;
  }
  const schema = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8')) as Schema;
  const differences: string[] = [];
  const compare = (value: unknown, { properties, additionalProperties }: Schema, path: string): void => {
    if (properties === undefined) return;
    if (additionalProperties !== false) differences.push(`${path} takes any key`);
    const keys = Object.keys(value as object);
    for (const key of new Set([...keys, ...Object.keys(properties)])) {
      const property = properties[key];
      if (property === undefined || !keys.includes(key)) differences.push(`${path}.${key}`);
      else compare((value as Record<string, unknown>)[key], property, `${path}.${key}`);
    }
  };
  compare(load(values), schema, '');
  // Helm itself adds this one to the values of a dependency.
  expect(differences).toEqual(['.global']);
});
