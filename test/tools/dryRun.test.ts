import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SourceError } from '../../lib/errors.js';
import type { Json, JsonObject } from '../../lib/json.js';
import { dryRun, sampleArguments } from '../../lib/tools/dryRun.js';
import { compiledDocument, openapi } from '../support/compiledDocument.js';

/** A path parameter whose only allowed value is refused when the request is built. */
const broken = {
  parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string', enum: ['..'] } }],
};
const working = { responses: {} };

beforeEach(() => {
  vi.spyOn(console, 'warn');
});
afterEach(() => {
  expect(console.warn).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

describe('the dry run', () => {
  test('drops a tool whose request cannot be built, and says why', async () => {
    const { tools } = await compiledDocument(
      openapi({ '/bad/{id}': { get: broken }, '/good': { get: working } }),
    );
    const outcome = dryRun(tools, '/specs/api.json');
    expect(outcome.tools.map(({ operation }) => operation)).toEqual(['GET /good']);
    expect(outcome.warnings).toHaveLength(1);
    expect(outcome.warnings[0]).toMatch(
      /^GET \/bad\/\{id\}: no request can be built for get_bad_id: .*; dropped$/,
    );
  });

  test('fails when not one tool is left', async () => {
    const { tools } = await compiledDocument(openapi({ '/bad/{id}': { get: broken } }));
    expect(() => dryRun(tools, 'https://u:secret@h/api.json')).toThrow(SourceError);
    try {
      dryRun(tools, 'https://u:secret@h/api.json');
    } catch (error) {
      expect(error).toMatchObject({ stage: 'dry_run', source: 'https://h/api.json' });
      expect(String(error)).not.toContain('secret');
    }
  });

  test('passes a document without operations', () => {
    expect(dryRun([], '/specs/api.json')).toEqual({ tools: [], warnings: [] });
  });
});

describe('sampled arguments', () => {
  const sampled = (properties: JsonObject, $defs: JsonObject = {}) =>
    sampleArguments({ inputSchema: { type: 'object', properties, $defs } });

  test.each<[string, Json, Json]>([
    ['the first example', { type: 'string', examples: ['a', 'b'] }, 'a'],
    ['a default', { type: 'integer', default: 5 }, 5],
    ['the first of an enum', { enum: ['x', 'y'] }, 'x'],
    ['a constant', { const: 1 }, 1],
    [
      'a date and time, however long it should be',
      { type: 'string', format: 'date-time', maxLength: 3 },
      '2019-08-24T14:15:22Z',
    ],
    ['base64 where bytes are wanted', { type: 'string', contentEncoding: 'base64' }, 'c2FtcGxl'],
    ['the lower bound', { type: 'integer', minimum: 3 }, 3],
    ['one item', { type: 'array', items: { type: 'boolean' } }, [true]],
    [
      'all parts of allOf',
      { allOf: [{ type: 'object', properties: { a: { const: 1 } } }, { properties: { b: { const: 2 } } }] },
      { a: 1, b: 2 },
    ],
    ['the first alternative', { anyOf: [{ type: 'integer' }, { type: 'string' }] }, 0],
  ])('%s', (_, schema, expected) => {
    expect(sampled({ x: schema })).toEqual({ x: expected });
  });

  test('end for recursive schemas', () => {
    const $defs = {
      Node: { type: 'object', properties: { name: { const: 'n' }, next: { $ref: '#/$defs/Node' } } },
    };
    expect(sampled({ x: { $ref: '#/$defs/Node' } }, $defs)).toEqual({ x: { name: 'n' } });
  });

  test.each([
    '^[a-f0-9]{40}$',
    '^\\d+\\.\\d+\\.\\d+$',
    '^sha256:[a-f0-9]{64}$',
    '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$',
    '^ssh-(rsa|dss|ed25519) |^ecdsa-sha2-nistp(256|384|521) ',
    '(v{0,1})(stable|([0-9]+)(?:\\.([0-9]+))?(-.*)?)(_(.*))?',
    '(([a-z0-9-_ ]|[^\\x00-\\x7F])+.(json|yaml|yml))',
    '^[^a-zA-Z]{2}\\p{Lu}$',
    '^(?=.*x)(?<year>\\d{4})-\\1?\\u0041$',
    '^[-\\]^]{2,3}?$',
  ])('match the pattern %s', (pattern) => {
    const { x } = sampled({ x: { type: 'string', pattern } });
    if (!pattern.includes('(?=')) expect(x).toMatch(new RegExp(pattern, 'u'));
    else expect(x).toBe('0000-A');
  });

  test('reach a minimum length where a pattern lets them', () => {
    const { x } = sampled({ x: { type: 'string', pattern: '^[a-z]+$', minLength: 12 } });
    expect(x).toMatch(/^[a-z]{12,}$/);
  });

  test('end for schemas that all hold each other, and for absurd lengths', () => {
    const names = Array.from({ length: 30 }, (_, index) => `S${index}`);
    const properties = Object.fromEntries(names.map((name) => [name, { $ref: `#/$defs/${name}` }]));
    const $defs = Object.fromEntries(names.map((name) => [name, { type: 'object', properties }]));
    const absurd = {
      list: { type: 'array', minItems: 1e9, items: { type: 'string' } },
      text: { type: 'string', minLength: 1e9 },
    };
    const start = performance.now();
    expect(JSON.stringify(sampled({ ...properties, ...absurd }, $defs)).length).toBeLessThan(1e6);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
