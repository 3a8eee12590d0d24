import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { selectLocations } from '../../lib/jsonPath.js';
import { prepareDocument } from '../../lib/spec/document.js';
import { isReference, resolvePointer } from '../../lib/spec/reference.js';
import type { ReferencePolicy } from '../../lib/spec/referenceLoader.js';
import { AtomicWriter } from '../support/atomicWriter.js';
import { HttpServer } from '../support/httpServer.js';
import { SpecServer } from '../support/specServer.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';

const POLICY: ReferencePolicy = {
  allow_external_refs: false,
  max_size: 1_000_000,
  allow_private_spec_servers: false,
};
const HEAD = 'openapi: 3.1.0\ninfo: {title: T, version: "1"}\n';

/** Writes the files and prepares `openapi.yaml` of them. */
async function prepare(
  directory: TemporaryDirectory,
  files: Readonly<Record<string, string>>,
  policy: Partial<ReferencePolicy> = {},
  overlay?: string,
) {
  for (const [name, text] of Object.entries(files)) directory.write(name, text);
  const location = join(directory.path, 'openapi.yaml');
  const overlays =
    overlay === undefined ? [] : [{ location: join(directory.path, 'o.yaml'), bytes: Buffer.from(overlay) }];
  return prepareDocument({ location, bytes: Buffer.from(files['openapi.yaml'] ?? '') }, overlays, {
    ...POLICY,
    ...policy,
  });
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

/** The value at a pointer with every reference on the way and at the end followed. */
function at({ root }: Prepared, pointer: string): unknown {
  let { value } = resolvePointer(root, pointer);
  for (let hop = 0; hop < 10 && isReference(value); hop += 1) value = resolvePointer(root, value.$ref).value;
  return value;
}

describe('a document of several files', () => {
  const FILES = {
    'openapi.yaml': `${HEAD}
paths:
  /v2/apps: {$ref: resources/apps/item.yml}
  /v2/pets:
    get: {$ref: 'resources/pets/list.yml'}
    post: {$ref: 'resources/pets/operations.yml#/create', summary: over}
components:
  schemas:
    Pet: {$ref: 'resources/pets/models/pet.yml'}
`,
    'resources/apps/item.yml': `
get: {$ref: apps_list.yml}
parameters: {$ref: 'parameters.yml#/shared'}
`,
    'resources/apps/apps_list.yml': `
operationId: apps_list
description: {$ref: ../../description.md}
parameters: [{$ref: 'parameters.yml#/page'}]
responses:
  '200': {$ref: '#/x-local/ok'}
x-local:
  ok: {description: OK, content: {application/json: {schema: {$ref: models/app.yml}}}}
`,
    'resources/apps/parameters.yml': `
shared: [{$ref: '#/page'}]
page: {name: page, in: query, schema: {type: integer}}
`,
    'resources/apps/models/app.yml': `
type: object
properties:
  pet: {$ref: ../../pets/models/pet.yml}
  parent: {$ref: '#'}
  owner: {$ref: '../../../openapi.yaml#/components/schemas/Pet'}
`,
    'resources/pets/list.yml': 'operationId: pets_list\nresponses: {}\n',
    'resources/pets/operations.yml': 'create: {operationId: pets_create, summary: under}\n',
    'resources/pets/models/pet.yml': `
type: object
properties: {name: {type: string}, friends: {type: array, items: {$ref: pet.yml}}}
discriminator: {propertyName: kind, mapping: {cat: ./cat.yml, dog: Dog}}
oneOf: [{$ref: ./cat.yml}]
`,
    'resources/pets/models/cat.yml': 'type: object\n',
    'description.md': '# Lists *apps*: all of them\n',
    'unrelated.yml': 'a: 1\n',
  };

  test('becomes one with local references only', async () => {
    using directory = new TemporaryDirectory();
    const prepared = await prepare(directory, FILES);
    expect(prepared.warnings).toEqual([]);
    const text = JSON.stringify(prepared.root);
    const references = [...text.matchAll(/"\$ref":"([^"]*)"/g)].map((match) => match[1] ?? '');
    expect(references.length).toBeGreaterThan(5);
    for (const reference of references) {
      expect(reference).toMatch(/^#/);
      expect(resolvePointer(prepared.root, reference).found).toBe(true);
    }
  });

  test('has its path items and operations in place, siblings over the target', async () => {
    using directory = new TemporaryDirectory();
    const { root } = await prepare(directory, FILES);
    expect(selectLocations(root, '$.paths.*[?@.operationId]')).toEqual([
      ['paths', '/v2/apps', 'get'],
      ['paths', '/v2/pets', 'get'],
      ['paths', '/v2/pets', 'post'],
    ]);
    expect(root['paths']).toMatchObject({
      '/v2/apps': { get: { operationId: 'apps_list', description: '# Lists *apps*: all of them\n' } },
      '/v2/pets': { post: { operationId: 'pets_create', summary: 'over' } },
    });
  });

  test('resolves each reference against the file that it stands in', async () => {
    using directory = new TemporaryDirectory();
    const prepared = await prepare(directory, FILES);
    expect(at(prepared, '/paths/~1v2~1apps/parameters/0')).toMatchObject({ name: 'page' });
    const schema = '/paths/~1v2~1apps/get/responses/200/content/application~1json/schema';
    const app = at(prepared, schema);
    const pet = at(prepared, '/components/schemas/Pet');
    expect(pet).toMatchObject({ properties: { name: { type: 'string' } } });
    expect(at(prepared, `${schema}/properties/parent`)).toBe(app);
    expect(at(prepared, `${schema}/properties/pet/properties/friends/items/properties/name`)).toEqual({
      type: 'string',
    });
    expect(at(prepared, `${schema}/properties/owner/properties/name`)).toEqual({ type: 'string' });
    const { mapping } = (pet as { discriminator: { mapping: Record<string, string> } }).discriminator;
    expect(mapping['dog']).toBe('Dog');
    expect(resolvePointer(prepared.root, mapping['cat'] ?? '').value).toEqual({ type: 'object' });
  });

  test('says which files it is made of, with their digests', async () => {
    using directory = new TemporaryDirectory();
    const { files } = await prepare(directory, FILES);
    const expected = Object.entries(FILES)
      .filter(([name]) => !['openapi.yaml', 'unrelated.yml'].includes(name))
      .map(([name, text]) => ({
        path: join(directory.path, name),
        sha256: createHash('sha256').update(text).digest('hex'),
      }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
    expect(files).toEqual(expected);
  });

  test('can be overlaid where its files are, and by an overlay that refers to more', async () => {
    using directory = new TemporaryDirectory();
    directory.write('extra.yml', 'type: string\n');
    const prepared = await prepare(
      directory,
      FILES,
      {},
      `overlay: 1.0.0
info: {title: a, version: b}
actions:
  - {target: "$.paths.*[?@.operationId == 'apps_list']", update: {x-mcp-safe: true}}
  - {target: $..properties.name, update: {maxLength: 9}}
  - {target: $.components.schemas, update: {Extra: {$ref: extra.yml}}}
`,
    );
    const { root, warnings, files } = prepared;
    expect(warnings).toEqual([]);
    expect(selectLocations(root, "$.paths.*[?@['x-mcp-safe'] == true]")).toEqual([
      ['paths', '/v2/apps', 'get'],
    ]);
    expect(resolvePointer(root, '/components/schemas/Extra/type').value).toBe('string');
    expect(at(prepared, '/components/schemas/Pet/properties/name')).toEqual({ type: 'string', maxLength: 9 });
    expect(files.map(({ path }) => path)).toContain(join(directory.path, 'extra.yml'));
  });

  test('may keep all its paths and components elsewhere', async () => {
    using directory = new TemporaryDirectory();
    const prepared = await prepare(directory, {
      'openapi.yaml': `${HEAD}paths: {$ref: paths/_index.yml}\ncomponents: {schemas: {$ref: schemas.json}}`,
      'paths/_index.yml': '/a: {$ref: a.yml}\n/b: {$ref: a.yml}\n',
      'paths/a.yml':
        "get: {operationId: a, requestBody: {content: {application/json: {schema: {$ref: '../openapi.yaml#/components/schemas/default'}}}}}\n",
      'schemas.json': '{"default": {"$ref": "#/example"}, "example": {"type": "string"}}',
    });
    expect(prepared.warnings).toEqual([]);
    expect(Object.keys(prepared.root['paths'] ?? {})).toEqual(['/a', '/b']);
    expect(at(prepared, '/paths/~1b/get/requestBody/content/application~1json/schema')).toEqual({
      type: 'string',
    });
  });

  test('may come out of a gzip file, and in UTF-16', async () => {
    using directory = new TemporaryDirectory();
    writeFileSync(join(directory.path, 'a.yml'), gzipSync('get: {operationId: a}\n'));
    writeFileSync(join(directory.path, 'b.yml'), Buffer.from('\ufeffget: {operationId: b}\n', 'utf16le'));
    const { root } = await prepare(directory, {
      'openapi.yaml': `${HEAD}paths: {/a: {$ref: a.yml}, /b: {$ref: b.yml}}`,
    });
    expect(root['paths']).toEqual({
      '/a': { get: { operationId: 'a' } },
      '/b': { get: { operationId: 'b' } },
    });
  });

  test('works from a ConfigMap mount, where every file is a link', async () => {
    using directory = new TemporaryDirectory();
    await new AtomicWriter(directory.path).write({
      'openapi.yaml': `${HEAD}paths: {/a: {$ref: a.yml}}`,
      'a.yml': 'get: {operationId: a}\n',
    });
    const location = join(directory.path, 'openapi.yaml');
    const bytes = Buffer.from(`${HEAD}paths: {/a: {$ref: a.yml}}`);
    const { root, warnings, files } = await prepareDocument({ location, bytes }, [], POLICY);
    expect(warnings).toEqual([]);
    expect(root['paths']).toEqual({ '/a': { get: { operationId: 'a' } } });
    expect(files.map(({ path }) => path)).toEqual([join(directory.path, 'a.yml')]);
  });

  test('of 3,000 files is put together in seconds', async () => {
    using directory = new TemporaryDirectory();
    const names = Array.from({ length: 1_500 }, (_, index) => `op${index}`);
    for (const name of names) {
      directory.write(
        `paths/${name}.yml`,
        `get: {operationId: ${name}, responses: {'200': {content: {application/json: {schema: {$ref: ../models/${name}.yml}}}}}}\n`,
      );
      directory.write(
        `models/${name}.yml`,
        `type: object\nproperties: {next: {$ref: op${(Number(name.slice(2)) + 1) % 1_500}.yml}}\n`,
      );
    }
    const started = performance.now();
    const { root, files } = await prepare(directory, {
      'openapi.yaml': `${HEAD}paths:\n${names.map((name) => `  /${name}: {$ref: paths/${name}.yml}`).join('\n')}\n`,
    });
    expect(performance.now() - started).toBeLessThan(15_000);
    expect(files).toHaveLength(3_000);
    expect(selectLocations(root, '$.paths.*.get')).toHaveLength(1_500);
  });
});

describe('what only looks like a reference', () => {
  test('is left alone, and no file is read for it', async () => {
    using directory = new TemporaryDirectory();
    const document = {
      openapi: '3.1.0',
      info: { title: 'T', version: '1', 'x-a': { $ref: 'none.yml' } },
      paths: {
        '/a': {
          get: {
            'x-amazon-apigateway-integration': { $ref: 'none.yml' },
            callbacks: { done: { $ref: 'none.yml' } },
            responses: {
              default: {
                content: {
                  'application/json': {
                    example: { $ref: 'none.yml' },
                    examples: { one: { value: { $ref: 'none.yml' } } },
                    schema: {
                      properties: { $ref: { type: 'string' }, example: { type: 'string' } },
                      default: { $ref: 'none.yml' },
                      enum: [{ $ref: 'none.yml' }],
                      const: { $ref: 'none.yml' },
                      examples: [{ $ref: 'none.yml' }],
                    },
                  },
                },
              },
            },
          },
        },
      },
    };
    const { root, warnings, files } = await prepare(directory, { 'openapi.yaml': JSON.stringify(document) });
    expect(root).toEqual(document);
    expect(warnings).toEqual([]);
    expect(files).toEqual([]);
  });

  test('does not hide what is one, under names that are keywords elsewhere', async () => {
    using directory = new TemporaryDirectory();
    const prepared = await prepare(directory, {
      'openapi.yaml': `${HEAD}
paths:
  /a:
    get:
      responses:
        default: {$ref: r.yml}
        '200': {headers: {x-rate: {$ref: r.yml}}}
components:
  schemas:
    example: {properties: {default: {$ref: r.yml}, x-y: {$ref: r.yml}}}
`,
      'r.yml': 'description: it\n',
    });
    for (const pointer of [
      '/paths/~1a/get/responses/default',
      '/paths/~1a/get/responses/200/headers/x-rate',
      '/components/schemas/example/properties/default',
      '/components/schemas/example/properties/x-y',
    ]) {
      expect(at(prepared, pointer)).toEqual({ description: 'it' });
    }
  });
});

describe('a reference that cannot be had', () => {
  const paths = (...references: string[]) =>
    `${HEAD}paths:\n  /good: {get: {operationId: good}}\n${references.map((reference, index) => `  /${index}: {get: {$ref: '${reference}'}}`).join('\n')}\n`;

  test.each([
    ['none.yml', '$ref "none.yml": must be a readable file: not found (ENOENT)'],
    ['broken.yml', '$ref "broken.yml": is not valid YAML at 2:1: '],
    ['empty.yml', '$ref "empty.yml": is empty'],
    ['binary.yml', '$ref "binary.yml": is not valid UTF-8 text'],
    ['folder', '$ref "folder": must be a file, is a directory'],
    ['../outside.yml', "is refused: it is outside the document's directory (openapi.allow_external_refs)"],
    ['link.yml', '$ref "link.yml": is refused: it is outside the document\'s directory'],
    ['linked/outside.yml', '$ref "linked/outside.yml": is refused: it is outside the document\'s directory'],
    ['/etc/hostname', "is refused: it is outside the document's directory (openapi.allow_external_refs)"],
    [
      'http://127.0.0.1:9/x.yml?token=s3cret',
      '$ref "http://127.0.0.1:9/x.yml?token=…": is refused: it is on the network',
    ],
    ['file://host/x.yml', 'is refused: it names no file of this machine'],
    ['ftp://x.example/x.yml', 'is refused: ftp: is not http, https or a file'],
    ['data:text/plain,x', 'is refused: data: is not http, https or a file'],
    ['a%2Fb.yml', 'is refused: it names no file of this machine'],
    ['http://[', '$ref "http://[": is not a valid URI reference'],
    ['good.yml#anchor', '$ref "good.yml#anchor": names an anchor, which is not supported'],
  ])('%s is a warning, the rest works, the reference stays', async (reference, warning) => {
    using outer = new TemporaryDirectory({
      'outside.yml': 'operationId: stolen\n',
      'other/outside.yml': 'operationId: stolen\n',
    });
    const inner = join(outer.path, 'inner');
    mkdirSync(join(inner, 'folder'), { recursive: true });
    writeFileSync(join(inner, 'broken.yml'), 'a: [1\nb: ]');
    writeFileSync(join(inner, 'good.yml'), 'a: 1');
    writeFileSync(join(inner, 'empty.yml'), '');
    writeFileSync(join(inner, 'binary.yml'), Buffer.from([0x80, 0x81]));
    symlinkSync(join(outer.path, 'outside.yml'), join(inner, 'link.yml'));
    symlinkSync(join(outer.path, 'other'), join(inner, 'linked'));
    const bytes = Buffer.from(paths(reference));
    const { root, warnings } = await prepareDocument(
      { location: join(inner, 'openapi.yaml'), bytes },
      [],
      POLICY,
    );
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(warning);
    expect(root['paths']).toEqual({
      '/good': { get: { operationId: 'good' } },
      '/0': { get: { $ref: reference } },
    });
  });

  test('in a file that could be had names that file, and a missing one is watched', async () => {
    using directory = new TemporaryDirectory();
    const { warnings, files } = await prepare(directory, {
      'openapi.yaml': paths('sub/a.yml', 'sub/a.yml'),
      'sub/a.yml': 'operationId: a\nrequestBody: {$ref: none.yml}\n',
    });
    expect(warnings).toEqual([
      '$ref "sub/none.yml" in sub/a.yml: must be a readable file: not found (ENOENT)',
    ]);
    expect(files.map(({ path, sha256 }) => [path.slice(directory.path.length), sha256.length])).toEqual([
      ['/sub/a.yml', 64],
      ['/sub/none.yml', 0],
    ]);
  });

  test('is told about at most twenty times', async () => {
    using directory = new TemporaryDirectory();
    const { warnings } = await prepare(directory, {
      'openapi.yaml': paths(...Array.from({ length: 30 }, (_, index) => `none${index}.yml`)),
    });
    expect(warnings).toHaveLength(21);
    expect(warnings.at(-1)).toBe('and 10 more references like these');
  });

  test('takes the document with it only where it holds all the paths', async () => {
    using directory = new TemporaryDirectory();
    await expect(prepare(directory, { 'openapi.yaml': `${HEAD}paths: {$ref: none.yml}` })).rejects.toThrow(
      'paths: refers to "none.yml", which could not be had',
    );
  });

  test('runs in circles without an end', async () => {
    using directory = new TemporaryDirectory();
    const { root } = await prepare(directory, {
      'openapi.yaml': paths('a.yml', 'openapi.yaml#/paths/~11/get'),
      'a.yml': '$ref: b.yml\n',
      'b.yml': '$ref: a.yml\n',
    });
    expect(root['paths']).toHaveProperty('/good');
  });

  test('counts its bytes together with all the others', async () => {
    using directory = new TemporaryDirectory();
    const files = {
      'openapi.yaml': paths('a.yml', 'b.yml'),
      'a.yml': `a: ${'x'.repeat(600)}`,
      'b.yml': `b: ${'x'.repeat(600)}`,
    };
    expect((await prepare(directory, files, { max_size: 1_300 })).warnings).toEqual([]);
    expect((await prepare(directory, files, { max_size: 1_000 })).warnings).toEqual([
      '$ref "b.yml": exceeds openapi.max_size: all documents referred to must be at most 1000 bytes',
    ]);
  });
});

describe('references with allow_external_refs', () => {
  const ALLOW = { ...POLICY, allow_external_refs: true };

  test('reach files outside the directory', async () => {
    using outer = new TemporaryDirectory({ 'outside.yml': 'get: {operationId: a}\n' });
    const location = join(outer.path, 'inner/openapi.yaml');
    const bytes = Buffer.from(`${HEAD}paths: {/a: {$ref: ../outside.yml}}`);
    const { root } = await prepareDocument({ location, bytes }, [], ALLOW);
    expect(root['paths']).toEqual({ '/a': { get: { operationId: 'a' } } });
  });

  test('are followed on the origin of the document itself, without its credentials', async () => {
    await using server = await SpecServer.start('get: {operationId: a}\nparameters: [{$ref: p.yml}]\n');
    const location = `${server.origin.replace('//', '//user:s3cret@')}/api/openapi.yaml?v=1`;
    const bytes = Buffer.from(`${HEAD}paths: {/a: {$ref: items/a.yml}}`);
    const refused = await prepareDocument({ location, bytes }, [], POLICY);
    expect(refused.warnings[0]).toContain('is refused: it is on the network');
    expect(server.requests).toEqual([]);

    const { root, warnings, files } = await prepareDocument({ location, bytes }, [], ALLOW);
    expect(warnings).toEqual([]);
    expect(files).toEqual([]);
    expect(server.requests.map(({ path }) => path)).toEqual(['/api/items/a.yml', '/api/items/p.yml']);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
    expect(root['paths']).toMatchObject({ '/a': { get: { operationId: 'a' } } });
  });

  test.each([
    [
      'another private origin',
      (port: string) => `http://127.0.0.1:${port}/x`,
      '127.0.0.1 is a loopback address',
    ],
    [
      'a name that leads to one',
      (port: string) => `http://localhost:${port}/x`,
      'localhost is a loopback address',
    ],
    [
      'a metadata service',
      () => 'http://169.254.169.254/latest',
      '169.254.169.254 is a link-local or metadata address',
    ],
    [
      'a file on this machine',
      () => 'file:///etc/passwd',
      'a fetched document must not refer to local files',
    ],
  ])('do not reach %s', async (_, reference, problem) => {
    let reached = 0;
    await using other = await HttpServer.start((__, response) => {
      reached += 1;
      response.end('get: {}');
    });
    const bytes = Buffer.from(`${HEAD}paths: {/a: {$ref: '${reference(new URL(other.url).port)}'}}`);
    const location = 'http://127.0.0.1:1/openapi.yaml';
    const { warnings } = await prepareDocument({ location, bytes }, [], ALLOW);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(problem);
    expect(reached).toBe(0);
    if (problem.includes('loopback')) {
      await prepareDocument({ location, bytes }, [], { ...ALLOW, allow_private_spec_servers: true });
      expect(reached).toBe(1);
    }
  });

  test('do not follow a redirect to a private address', async () => {
    await using server = await HttpServer.start((request, response) => {
      if (request.url === '/a.yml') response.writeHead(302, { Location: 'http://169.254.169.254/' }).end();
      else response.writeHead(404).end();
    });
    const bytes = Buffer.from(`${HEAD}paths: {/a: {$ref: a.yml}, /b: {$ref: b.yml}}`);
    const { warnings } = await prepareDocument({ location: `${server.url}/openapi.yaml`, bytes }, [], ALLOW);
    expect(warnings).toEqual([
      expect.stringContaining('a.yml": 169.254.169.254 is a link-local or metadata address'),
      expect.stringContaining('b.yml": must answer 200, answered 404'),
    ]);
  });

  test('end after a hundred documents on the network', async () => {
    await using server = await HttpServer.start((request, response) => {
      const next = Number(request.url?.slice(1)) + 1;
      response.end(`get: {operationId: o}\nparameters: [{$ref: '${next}'}]\n`);
    });
    const bytes = Buffer.from(`${HEAD}paths: {/a: {$ref: '0'}}`);
    const { warnings } = await prepareDocument({ location: `${server.url}/openapi.yaml`, bytes }, [], ALLOW);
    expect(warnings).toEqual([expect.stringContaining('is one of more than 100 documents on the network')]);
  });
});
