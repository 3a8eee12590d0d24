import { readFileSync } from 'node:fs';
import { CORE_SCHEMA, load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { isJsonObject, type Json, type JsonObject } from '../../lib/json.js';
import type { Tool } from '../../lib/tools/tool.js';
import { compiledDocument } from '../support/compiledDocument.js';
import { seededRandom } from '../support/random.js';
import { REAL_DOCUMENTS } from '../support/realDocuments.js';

const NAMES = [
  '@octokit/openapi/generated/api.github.com.json',
  '@netlify/open-api/dist/swagger.json',
  '@figma/rest-api-spec/openapi/openapi.yaml',
  '@directus/specs/dist/openapi.json',
  '@readme/oas-examples/3.0/json/star-trek.json',
  '@readme/oas-examples/3.0/json/http-status-codes.json',
  '@readme/oas-examples/3.1/json/parameters-style.json',
];

describe.each(NAMES)('%s', (name) => {
  const path = REAL_DOCUMENTS.find((document) => document.name === name)?.path ?? '';
  const root = load(readFileSync(path, 'utf8'), { schema: CORE_SCHEMA }) as JsonObject;

  test('names are the same when operations, parameters of schemas and components are in another order', async () => {
    const before = await named(root);
    const after = await named(shuffled(root, seededRandom(7)));
    expect(after).toEqual(before);
    expect(before.size).toBeGreaterThan(8);
  });

  test('names are the same when unrelated operations are added', async () => {
    const before = await named(root);
    const after = await named({ ...root, paths: { ...UNRELATED, ...(root['paths'] as JsonObject) } });
    expect(after.size).toBe(before.size + 4);
    expect([...before].filter(([operation, tool]) => after.get(operation) !== tool)).toEqual([]);
  });

  test('names are the same when half of the operations are gone', async () => {
    const before = await named(root);
    const paths = Object.entries(root['paths'] as JsonObject).filter((_, index) => index % 2 === 0);
    const after = await named({ ...root, paths: Object.fromEntries(paths) });
    expect(after.size).toBeGreaterThan(2);
    expect([...after].filter(([operation, tool]) => before.get(operation) !== tool)).toEqual([]);
  });
});

/** Operations whose names begin like those of others, and one that has to be cut. */
const UNRELATED: JsonObject = {
  '/unrelated/a': {
    get: { operationId: 'get', responses: {} },
    post: { operationId: 'list', responses: {} },
  },
  '/unrelated/b': { get: { responses: {} } },
  '/unrelated/c': { get: { operationId: 'x'.repeat(100), responses: {} } },
};

/** Operation → name, at a length where names have to be cut. */
async function named(root: JsonObject): Promise<ReadonlyMap<string, string>> {
  const { tools } = await compiledDocument(root, { tool_prefix: 'api', max_length: 32 });
  expect(new Set(tools.map((tool: Tool) => tool.name)).size).toBe(tools.length);
  return new Map(tools.map((tool: Tool) => [tool.operation, tool.name]));
}

/** Keys of every object in another order; lists keep theirs, which may mean something. */
function shuffled(value: JsonObject, random: () => number): JsonObject {
  const entries = Object.entries(value).map(([key, member]): readonly [number, string, Json] => [
    random(),
    key,
    isJsonObject(member) ? shuffled(member, random) : member,
  ]);
  return Object.fromEntries(entries.sort(([a], [b]) => a - b).map(([, key, member]) => [key, member]));
}
