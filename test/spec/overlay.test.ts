import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { SourceError } from '../../lib/errors.js';
import type { JsonObject } from '../../lib/json.js';
import { applyOverlay } from '../../lib/spec/applyOverlay.js';
import { parseOverlay } from '../../lib/spec/overlay.js';

const HEAD = 'overlay: 1.1.0\ninfo: {title: Test, version: 1.0.0}\n';

function overlayOf(text: string, location = '/specs/overlay.yaml') {
  return parseOverlay({ location, bytes: Buffer.from(text) });
}

/** The document after the actions, and the warnings. */
function apply(document: object, actions: string, location = '/specs/api.yaml') {
  const overlay = overlayOf(`${HEAD}actions:\n${actions.replace(/^/gm, '  ')}\n`);
  return applyOverlay(document as JsonObject, location, overlay);
}

function problemsOf(text: string): readonly string[] {
  try {
    overlayOf(text);
  } catch (error) {
    expect(error).toBeInstanceOf(SourceError);
    expect(error).toMatchObject({ stage: 'overlay', source: '/specs/overlay.yaml' });
    return (error as SourceError).problems;
  }
  return [];
}

const PETS = {
  openapi: '3.1.0',
  info: { title: 'Pets' },
  tags: ['a', 'b', 'c'],
  paths: {
    '/pets': {
      get: { operationId: 'listPets', tags: ['pets', 'old'], parameters: [{ name: 'limit', in: 'query' }] },
      post: { operationId: 'createPet', tags: ['pets'] },
    },
    '/old': { get: { operationId: 'old', deprecated: true } },
  },
};

describe('the actions of an overlay', () => {
  test.each([
    [
      'update merges objects',
      "- {target: $.info, update: {version: '2', x-a: {b: 1}}}",
      { info: { title: 'Pets', version: '2', 'x-a': { b: 1 } } },
    ],
    [
      'update merges recursively',
      '- {target: $, update: {info: {license: {name: MIT}}}}',
      { info: { title: 'Pets', license: { name: 'MIT' } } },
    ],
    [
      'update replaces primitives inside',
      '- {target: $.info, update: {title: New}}',
      { info: { title: 'New' } },
    ],
    [
      'update replaces a primitive target',
      '- {target: $.info.title, update: New}',
      { info: { title: 'New' } },
    ],
    ['update appends an entry to an array', '- {target: $.tags, update: d}', { tags: ['a', 'b', 'c', 'd'] }],
    [
      'update appends an object to an array',
      '- {target: $.tags, update: {n: 1}}',
      { tags: ['a', 'b', 'c', { n: 1 }] },
    ],
    [
      'update concatenates an array',
      '- {target: $.tags, update: [d, e]}',
      { tags: ['a', 'b', 'c', 'd', 'e'] },
    ],
    [
      'update concatenates arrays inside',
      '- {target: $, update: {tags: [d]}}',
      { tags: ['a', 'b', 'c', 'd'] },
    ],
    [
      'update with an empty key leaves it alone',
      '- {target: $, update: {tags: , info: }}',
      { tags: ['a', 'b', 'c'], info: { title: 'Pets' } },
    ],
    ['remove takes a key', '- {target: $.info.title, remove: true}', { info: {} }],
    [
      'remove takes entries of an array, however many',
      '- {target: "$.tags[0,2,0]", remove: true}',
      { tags: ['b'] },
    ],
    [
      'remove takes primitives by value',
      `- {target: "$.tags[?@ == 'b']", remove: true}`,
      { tags: ['a', 'c'] },
    ],
    ['remove wins over update', '- {target: $.info, update: {x: 1}, remove: true}', { info: undefined }],
    [
      'copy merges what it finds into an object',
      '- {target: $.info, copy: "$.paths[\'/old\'].get"}',
      { info: { title: 'Pets', operationId: 'old', deprecated: true } },
    ],
    [
      'copy appends to an array',
      '- {target: $.tags, copy: $.info}',
      { tags: ['a', 'b', 'c', { title: 'Pets' }] },
    ],
    ['copy replaces a primitive', '- {target: $.info.title, copy: $.openapi}', { info: { title: '3.1.0' } }],
  ])('%s', (_, actions, expected) => {
    const { root, warnings } = apply(PETS, actions);
    expect(warnings).toEqual([]);
    for (const [key, value] of Object.entries(expected)) expect(root[key]).toEqual(value);
  });

  test('come in order, each on the result of the one before', () => {
    const { root, warnings } = apply(
      PETS,
      `- {target: $.paths, update: {/new: {}}}
- {target: "$.paths['/new']", copy: "$.paths['/old']"}
- {target: "$.paths['/old']", remove: true}
- {target: "$.paths.*.get[?@ == true]", update: false}`,
    );
    expect(warnings).toEqual([]);
    expect(root['paths']).toEqual({
      '/pets': PETS.paths['/pets'],
      '/new': { get: { operationId: 'old', deprecated: false } },
    });
  });

  test('reach every node that is selected', () => {
    const { root } = apply(PETS, "- {target: '$.paths.*.*', update: {x-mcp-enabled: false}}");
    const operations = Object.values(root['paths'] as JsonObject).flatMap((item) =>
      Object.values(item as JsonObject),
    );
    expect(operations).toHaveLength(3);
    expect(operations.every((operation) => (operation as JsonObject)['x-mcp-enabled'] === false)).toBe(true);
  });

  test('reach an ancestor and what is inside it at once', () => {
    const { root } = apply({ a: { a: { a: {} } } }, '- {target: $..a, update: {x: 1}}');
    expect(root).toEqual({ a: { x: 1, a: { x: 1, a: { x: 1 } } } });
    expect(apply({ a: { a: {} }, b: { a: 1 } }, '- {target: $..a, remove: true}').root).toEqual({ b: {} });
  });

  test('never change the document they are given', () => {
    const before = structuredClone(PETS);
    apply(
      PETS,
      `- {target: '$.paths.*.*', update: {tags: [x], parameters: [{name: y}]}}
- {target: '$.tags[0]', remove: true}
- {target: $.info, copy: "$.paths['/old']"}
- {target: $.info.get, update: {deprecated: false}}
- {target: $, update: {paths: {/pets: {get: {summary: s}}}}}`,
    );
    expect(PETS).toEqual(before);
  });

  test('change a node that YAML aliases share only where the target says', () => {
    const shared = load(`
a: &one {list: [1], in: {x: 1}}
b: *one
c: [*one, *one]`) as object;
    const { root } = apply(
      shared,
      `- {target: $.b, update: {list: [2], in: {y: 2}}}
- {target: "$.c[1].in.x", update: 3}
- {target: "$.c[0].in", remove: true}`,
    );
    expect(root).toEqual({
      a: { list: [1], in: { x: 1 } },
      b: { list: [1, 2], in: { x: 1, y: 2 } },
      c: [{ list: [1] }, { list: [1], in: { x: 3 } }],
    });
  });

  test('put values into several places that later change apart', () => {
    const { root } = apply(
      { a: {}, b: {} },
      `- {target: "$['a','b']", update: {v: {n: 1}}}
- {target: $.a.v.n, update: 2}
- {target: $.a, copy: $.b}
- {target: $.b.v, update: {m: 3}}`,
    );
    expect(root).toEqual({ a: { v: { n: 1 } }, b: { v: { n: 1, m: 3 } } });
  });

  test('keep keys of the document such as __proto__ as data', () => {
    const document = JSON.parse('{"a": {"__proto__": {"polluted": 1}}, "b": {}}');
    const { root } = apply(document, '- {target: $.b, copy: $.a}\n- {target: $.b, update: {c: 1}}');
    expect(JSON.stringify(root)).toBe(
      '{"a":{"__proto__":{"polluted":1}},"b":{"__proto__":{"polluted":1},"c":1}}',
    );
    expect({}).not.toHaveProperty('polluted');
    expect(Object.getPrototypeOf(root['b'])).toBe(Object.prototype);
  });
});

describe('an overlay that does not fit its document', () => {
  test.each([
    [
      '- {target: "$.paths[\'/none\']", remove: true}',
      "actions[0]: target matches nothing: $.paths['/none']",
    ],
    ['- {target: $.info, copy: $.none}', 'actions[0]: copy must select one node, selects 0: $.none'],
    ['- {target: $.info, copy: "$.tags[*]"}', 'actions[0]: copy must select one node, selects 3: $.tags[*]'],
    ['- {target: $, remove: true}', 'actions[0]: cannot remove the whole document: $'],
    [
      '- {target: $, update: text}',
      'actions[0]: would replace the whole document by a string, which is not done',
    ],
    ['- {target: $.info}', 'actions[0]: does nothing without update, copy or remove: true'],
  ])('%s is a warning and nothing else happens', (actions, warning) => {
    const { root, warnings } = apply(PETS, actions);
    expect(warnings.map((line) => line.replace('overlay /specs/overlay.yaml ', ''))).toContain(warning);
    expect(root).toEqual(PETS);
  });

  test('replaces a value of another kind, and says so', () => {
    const schema = { type: 'string', items: { a: 1 } };
    const { root, warnings } = apply(
      { schema },
      "- {target: $.schema, update: {type: [string, 'null'], items: 1}}",
    );
    expect(root).toEqual({ schema: { type: ['string', 'null'], items: 1 } });
    expect(warnings).toEqual([
      'overlay /specs/overlay.yaml actions[0]: replaces a string by an array at $.schema.type',
      'overlay /specs/overlay.yaml actions[0]: replaces an object by a number at $.schema.items',
    ]);
  });

  test('says so at most a few times per action', () => {
    const list = Array.from({ length: 30 }, () => ({ a: 1 }));
    expect(apply({ list }, '- {target: "$.list[*].a", update: {b: 1}}').warnings).toHaveLength(6);
  });

  test.each([
    ['./api.yaml', '/specs/api.yaml', 0],
    ['file:///specs/api.yaml', '/specs/api.yaml', 0],
    ['https://x.example/api.yaml', 'https://x.example/api.yaml', 0],
    ['./other.yaml', '/specs/api.yaml', 1],
    ['https://x.example/api.yaml', '/specs/api.yaml', 1],
  ])('extends %s applied to %s gives %i warnings', (target, location, count) => {
    const overlay = overlayOf(`${HEAD}extends: ${target}\nactions: [{target: $.info, update: {a: 1}}]`);
    const { root, warnings } = applyOverlay(PETS as unknown as JsonObject, location, overlay);
    expect(warnings).toHaveLength(count);
    expect(root['info']).toHaveProperty('a');
  });
});

describe('a malformed overlay', () => {
  test.each([
    ['', ['is empty']],
    ['<html></html>', ['is HTML or XML, not YAML or JSON']],
    ['just text', ['must be an overlay (an object), got a string']],
    ['[1]', ['must be an overlay (an object), got an array']],
    [
      '{}',
      [
        'overlay: must be 1.0.x or 1.1.x, got nothing',
        'actions: must be a list of at least one action, got nothing',
      ],
    ],
    [
      `overlay: 2.0.0\nactions: []`,
      [
        'overlay: must be 1.0.x or 1.1.x, got "2.0.0"',
        'actions: must be a list of at least one action, got an array',
      ],
    ],
    [
      `${HEAD}action: []\nextends: 3\nactions: [5, {}, {target: 'paths', update: 1}, {target: $.a, updates: 1, remove: 'yes'}]`,
      [
        'action: is not a key of an overlay (overlay, info, extends, actions)',
        'extends: must be a URI reference, got 3',
        'actions[0]: must be an object, got 5',
        'actions[1].target: must be a JSONPath (RFC 9535), got nothing',
        'actions[2].target: must be a JSONPath (RFC 9535), got "paths": must start with $',
        'actions[3].updates: is not a key of an overlay action (target, description, update, copy, remove)',
        'actions[3].remove: must be true or false, got "yes"',
      ],
    ],
    [
      'overlay: 1.0.0\nactions: [{target: $.a, copy: $.b}, {target: $.a, copy: 1, update: 1}]',
      [
        'actions[0].copy: needs overlay: 1.1.0',
        'actions[1].copy: must be a JSONPath (RFC 9535), got 1',
        'actions[1].copy: needs overlay: 1.1.0',
        'actions[1]: must have only one of update and copy',
      ],
    ],
  ])('%j lists every problem', (text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  test.each(['__proto__', 'constructor', 'prototype'])('must not have the key %s', (key) => {
    expect(problemsOf(`${HEAD}actions: [{target: $.a, update: {"${key}": {x: 1}}}]`)).toEqual([
      `has the key "${key}", which is not allowed`,
    ]);
    expect(
      problemsOf(`{"overlay":"1.0.0","actions":[{"target":"$","update":{"${key}":{"x":1}}}]}`),
    ).toHaveLength(1);
  });

  test('of broken YAML says where', () => {
    expect(problemsOf(`${HEAD}actions: [\n  {target: $.a`)[0]).toMatch(/^is not valid YAML at \d+:\d+: /);
  });

  test('does not show the credentials of its address', () => {
    expect(() => overlayOf('', 'https://u:s3cret@x.example/o?t=s3cret')).toThrow(
      expect.objectContaining({ source: 'https://x.example/o?t=…' }),
    );
  });
});

test.each(['1.0.0', '1.0.1', '1.1.0', '1.0', '1.1', '"1.0"'])('version %s is understood', (version) => {
  expect(
    overlayOf(`overlay: ${version}\ninfo: {title: a, version: b}\nactions: [{target: $, update: {}}]`)
      .warnings,
  ).toEqual([]);
});

test('an overlay over a document of 13 MB takes well under a second per sweep', () => {
  const document = JSON.parse(
    readFileSync('node_modules/@octokit/openapi/generated/api.github.com.json', 'utf8'),
  ) as JsonObject;
  const paths = Object.keys(document['paths'] as JsonObject);
  const single = paths.map((path) => `- {target: "$.paths['${path}']", update: {x-mcp-tier: free}}`);
  const started = performance.now();
  const { root, warnings } = apply(
    document,
    `- {target: "$.paths.*[?@.operationId]", update: {x-mcp-safe: true}}
- {target: "$.paths.*[?@.tags[?@ == 'repos']]", remove: true}
- {target: "$..parameters[?@.name == 'page']", update: {description: Page.}}
${single.join('\n')}`,
  );
  const elapsed = performance.now() - started;
  expect(warnings).toEqual([]);
  expect(JSON.stringify(root).match(/"x-mcp-safe":true/g)?.length).toBeGreaterThan(900);
  expect(elapsed).toBeLessThan(6_000);
});
