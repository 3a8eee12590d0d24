import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SourceError } from '../../lib/errors.js';
import { selectLocations } from '../../lib/jsonPath.js';
import { prepareDocument } from '../../lib/spec/document.js';
import { validateDocument } from '../../lib/spec/validateDocument.js';

const POLICY = { allow_external_refs: false, max_size: 64_000_000, allow_private_spec_servers: false };

function prepare(text: string | Uint8Array, location = '/specs/api.yaml', overlays: readonly string[] = []) {
  return prepareDocument(
    { location, bytes: Buffer.from(text) },
    overlays.map((overlay, index) => ({
      location: `/specs/overlay${index}.yaml`,
      bytes: Buffer.from(overlay),
    })),
    POLICY,
  );
}

describe('a document', () => {
  test.each([
    ['{"swagger": "2.0", "paths": {}}', 'swagger', '2.0', 'swagger 2.0'],
    ['swagger: 2.0\npaths: {}', 'swagger', '2.0', 'swagger 2.0'],
    ['openapi: 3.0.3\npaths: {}', 'openapi', '3.0.3', 'openapi 3.0'],
    ['openapi: 3.1\npaths: {}', 'openapi', '3.1', 'openapi 3.1'],
    ['openapi: 3.2.0\npaths: {}', 'openapi', '3.2.0', 'openapi 3.2'],
    ['openapi: 3.0.0-rc1\npaths: {}', 'openapi', '3.0.0-rc1', 'openapi 3.0'],
    ['openapi: 3.1.0\nwebhooks: {}', 'openapi', '3.1.0', 'openapi 3.1'],
    ['openapi: 3.2.0\ncomponents: {}\npaths:', 'openapi', '3.2.0', 'openapi 3.2'],
  ])('%j is understood as %s %s', async (text, family, version, label) => {
    expect((await prepare(text)).dialect).toEqual({ family, version, label });
  });

  test('keeps its title, version and location', async () => {
    const { title, version, location } = await prepare(
      '{"openapi":"3.1.0","info":{"title":"Pets","version":2},"paths":{}}',
    );
    expect({ title, version, location }).toEqual({
      title: 'Pets',
      version: '2',
      location: '/specs/api.yaml',
    });
    expect(await prepare('openapi: 3.1.0\ninfo: broken\npaths: {}')).toMatchObject({
      title: '',
      version: '',
    });
  });

  test('may begin with a byte order mark or be UTF-16', async () => {
    const text = '\ufeffopenapi: 3.1.0\ninfo: {title: Größe}\npaths: {}\n';
    expect((await prepare(text)).title).toBe('Größe');
    expect((await prepare(Buffer.from(text, 'utf16le'))).title).toBe('Größe');
  });

  test.each([
    ['', 'is empty'],
    [' \n', 'is empty'],
    ['# nothing\n', 'is empty'],
    ['<!doctype html><html>', 'is HTML or XML, not YAML or JSON'],
    ['openapi: 3.1.0\npaths: {\n', /^is not valid YAML at 3:1: /],
    ['{"openapi": "3.1.0", "paths": {', /^is not valid YAML at 2:1: /],
    [Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe]), 'is not valid UTF-8 text'],
    ['[]', 'must be an OpenAPI document (an object), got an array'],
    ['404 not found', 'must be an OpenAPI document (an object), got a string'],
    ['42', 'must be an OpenAPI document (an object), got a number'],
    ['{}', 'must be an OpenAPI document: it has neither "openapi" nor "swagger"'],
    ['{"error": "not found"}', 'must be an OpenAPI document: it has neither "openapi" nor "swagger"'],
    ['asyncapi: 3.0.0', 'must be an OpenAPI document, is an AsyncAPI document'],
    ['swaggerVersion: "1.2"\napis: []', 'must be an OpenAPI document, is a Swagger 1 document'],
    [
      'overlay: 1.0.0',
      'must be an OpenAPI document, is an OpenAPI overlay (which belongs under overlay.source)',
    ],
    ['{"item": [], "info": {}}', 'must be an OpenAPI document, is a Postman collection'],
    ['swagger: "1.2"\npaths: {}', 'swagger: must be "2.0", got "1.2"'],
    ['openapi: 4.0.0\npaths: {}', 'openapi: must be 3.x, got "4.0.0"'],
    ['openapi: latest\npaths: {}', 'openapi: must be 3.x, got "latest"'],
    ['openapi: {}\npaths: {}', 'openapi: must be 3.x, got {}'],
    ['openapi: 3.1.0', 'paths: must be an object of path items, got nothing'],
    ['openapi: 3.0.0\ncomponents: {}', 'paths: must be an object of path items, got nothing'],
    ['openapi: 3.1.0\npaths: []', 'paths: must be an object of path items, got an array'],
    ['swagger: "2.0"\npaths:', 'paths: must be an object of path items, got null'],
  ])('%j is refused in one line', async (text, problem) => {
    const error = await prepare(text, 'https://u:s3cret@x.example/openapi.json?k=s3cret').catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(SourceError);
    expect(error).toMatchObject({ stage: 'parse', source: 'https://x.example/openapi.json?k=…' });
    const { problems } = error as SourceError;
    expect(problems).toEqual([problem instanceof RegExp ? expect.stringMatching(problem) : problem]);
  });

  test('with keys such as __proto__ keeps them as data', async () => {
    const { root } = await prepare(
      '{"openapi":"3.1.0","paths":{"/a":{"get":{"__proto__":{"x":1},"constructor":{}}}}}',
    );
    expect(JSON.stringify(root['paths'])).toBe('{"/a":{"get":{"__proto__":{"x":1},"constructor":{}}}}');
    expect({}).not.toHaveProperty('x');
  });

  test('with an alias bomb is refused quickly', async () => {
    const levels = Array.from(
      { length: 30 },
      (_, level) => `l${level + 1}: &l${level + 1} [*l${level}, *l${level}]`,
    );
    const started = performance.now();
    await expect(
      prepare(`openapi: 3.1.0\npaths: {}\nl0: &l0 [x]\n${levels.join('\n')}`),
    ).rejects.toBeInstanceOf(SourceError);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('overlays', () => {
  const DOCUMENT = 'openapi: 3.1.0\ninfo: {title: A}\npaths: {/a: {get: {}}, /b: {get: {}}}';
  const overlay = (actions: string) => `overlay: 1.0.0\ninfo: {title: a, version: b}\nactions: ${actions}`;

  test('apply in order, and their warnings come along', async () => {
    const { root, title, warnings } = await prepare(DOCUMENT, '/specs/api.yaml', [
      overlay('[{target: $.info, update: {title: B, x-a: 1}}]'),
      overlay('[{target: "$.info[?@ == \'B\']", update: C}, {target: $.none, remove: true}]'),
    ]);
    expect(root['info']).toEqual({ title: 'C', 'x-a': 1 });
    expect(title).toBe('C');
    expect(warnings).toEqual(['overlay /specs/overlay1.yaml actions[1]: target matches nothing: $.none']);
  });

  test('that are malformed fail with their own stage and source', async () => {
    await expect(prepare(DOCUMENT, '/specs/api.yaml', [overlay('[]')])).rejects.toMatchObject({
      stage: 'overlay',
      source: '/specs/overlay0.yaml',
    });
  });

  test('must leave an OpenAPI document', async () => {
    await expect(
      prepare(DOCUMENT, '/specs/api.yaml', [overlay('[{target: $.paths, remove: true}]')]),
    ).rejects.toThrow('paths: must be an object of path items, got nothing');
  });
});

describe('real documents', () => {
  const modules = join(process.cwd(), 'node_modules');
  const examples = ['2.0', '3.0', '3.1']
    .flatMap((version) => ['json', 'yaml'].map((format) => `@readme/oas-examples/${version}/${format}`))
    .flatMap((folder) => readdirSync(join(modules, folder)).map((name) => `${folder}/${name}`))
    .filter((name) => /\.(?:json|yaml)$/.test(name));
  const METHODS = "$.paths.*['get','put','post','delete','options','head','patch','trace']";

  test.each([
    ['@octokit/openapi/generated/api.github.com.json', 'openapi 3.0', 1_223],
    ['@netlify/open-api/dist/swagger.json', 'swagger 2.0', 0],
    ['@figma/rest-api-spec/openapi/openapi.yaml', 'openapi 3.1', 0],
    ['@directus/specs/dist/openapi.json', 'openapi 3.0', 0],
    ['@scalar/galaxy/dist/latest.yaml', 'openapi 3.1', 0],
    ['@scalar/galaxy/dist/latest.json', 'openapi 3.1', 0],
  ])('%s is prepared without a warning', async (name, label, operations) => {
    const location = join(modules, name);
    const { root, dialect, warnings, title } = await prepareDocument(
      { location, bytes: readFileSync(location) },
      [],
      POLICY,
    );
    expect(dialect.label).toBe(label);
    expect(title).not.toBe('');
    expect(warnings).toEqual([]);
    const found = selectLocations(root, METHODS).length;
    expect(found).toBeGreaterThan(0);
    if (operations > 0) expect(found).toBe(operations);
  });

  test('every example of @readme/oas-examples is prepared', async () => {
    expect(examples.length).toBeGreaterThan(100);
    for (const name of examples) {
      const location = join(modules, name);
      const { warnings } = await prepareDocument({ location, bytes: readFileSync(location) }, [], POLICY);
      expect({ name, warnings }).toEqual({ name, warnings: [] });
    }
  });
});

describe('validation', () => {
  test('has nothing to say of a sound document, and does not change it', async () => {
    const { root } = await prepare(
      'openapi: 3.0.0\ninfo: {title: a, version: b}\npaths: {/a: {get: {responses: {default: {$ref: "#/components/responses/r"}}}}}\ncomponents: {responses: {r: {description: r}}}',
    );
    const before = structuredClone(root);
    expect(await validateDocument(root)).toEqual([]);
    expect(root).toEqual(before);
  });

  test.each([
    ['openapi: 3.0.0\ninfo: {}\npaths: {}', "#/info must have required property 'title'"],
    [
      'swagger: "2.0"\ninfo: {title: a, version: b}\npaths: {x: {}}',
      '#/paths must NOT have additional properties',
    ],
    [
      'openapi: 3.1.0\ninfo: {title: a, version: b}\npaths: {/a: {get: {$ref: none.yml}}}',
      '#/paths/~1a/get must NOT have unevaluated properties: "$ref"',
    ],
    ['openapi: 3.2.0\npaths: {}', 'not validated: no schema is known for openapi 3.2'],
  ])('%j is advised on', async (text, line) => {
    const lines = await validateDocument((await prepare(text)).root);
    expect(lines.join('\n')).toContain(line);
    for (const each of lines) expect(each).not.toContain('\n');
  });

  test('says at most twenty things', async () => {
    const paths = Array.from({ length: 50 }, (_, index) => `  bad${index}: {}`).join('\n');
    const { root } = await prepare(`openapi: 3.0.0\ninfo: {title: a, version: b}\npaths:\n${paths}\n`);
    expect(await validateDocument(root)).toHaveLength(21);
  });
});
