import { ListToolsResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../lib/json.js';
import { compiledDocument, onlyTool, openapi } from '../support/compiledDocument.js';

const operation = (operationId: string, rest: JsonObject = {}): JsonObject => ({
  operationId,
  responses: {},
  ...rest,
});
const names = async (document: JsonObject, options = {}): Promise<string[]> =>
  (await compiledDocument(document, options)).tools.map(({ name }) => name);

describe('which operations become tools', () => {
  test('all methods, 3.2’s too, and nothing else under a path', async () => {
    const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query'];
    const item = {
      ...Object.fromEntries(methods.map((method) => [method, operation(method)])),
      additionalOperations: {
        COPY: operation('copy'),
        CONNECT: operation('connect'),
        'BAD METHOD': operation('bad'),
      },
      summary: 'A path',
      servers: [],
      parameters: [],
      'x-post': operation('no'),
    };
    const { tools, warnings } = await compiledDocument(openapi({ '/x': item }, { openapi: '3.2.0' }));
    expect(tools.map(({ name }) => name)).toEqual([...methods, 'copy'].sort());
    expect(tools.find(({ name }) => name === 'copy')?.plan.method).toBe('COPY');
    expect(warnings).toEqual([
      'CONNECT /x: not a method that can be called; dropped',
      'BAD METHOD /x: not a method that can be called; dropped',
    ]);
  });

  test('webhooks, callbacks and extensions are none', async () => {
    const callbacks = { done: { '{$request.body#/url}': { post: operation('callback') } } };
    const document = openapi(
      { '/x': { get: operation('x', { callbacks }) }, 'x-internal': { get: operation('internal') } },
      { webhooks: { changed: { post: operation('webhook') } } },
    );
    expect(await names(document)).toEqual(['x']);
  });

  test('path items are followed to where they are', async () => {
    const document = openapi(
      { '/x': { $ref: '#/components/pathItems/X' } },
      { components: { pathItems: { X: { get: operation('x') } } } },
    );
    expect(await names(document)).toEqual(['x']);
  });

  test.each<[string, Json, string]>([
    ['null', null, 'GET /bad: the operation is empty; dropped'],
    ['a text', 'x', 'GET /bad: the operation is not an object; dropped'],
    ['parameters that are no list', { parameters: {} }, 'GET /bad: parameters: must be a list; dropped'],
    [
      'a parameter that is no object',
      { parameters: [1] },
      'GET /bad: parameters[0] is not an object; dropped',
    ],
    [
      'a parameter without a name',
      { parameters: [{ in: 'query' }] },
      'GET /bad: a query parameter has no name; dropped',
    ],
    [
      'a parameter nowhere',
      { parameters: [{ name: 'x', in: 'matrix' }] },
      'GET /bad: a parameter has "in": "matrix"; dropped',
    ],
    [
      'a parameter that is not there',
      { parameters: [{ $ref: '#/components/parameters/No' }] },
      'GET /bad: parameters[0]: $ref "#/components/parameters/No" leads nowhere; dropped',
    ],
    [
      'a body that is not there',
      { requestBody: { $ref: '#/nope' } },
      'GET /bad: requestBody: $ref "#/nope" leads nowhere; dropped',
    ],
    ['a body that is no object', { requestBody: [] }, 'GET /bad: requestBody is not an object; dropped'],
  ])('a malformed one is dropped, named, and alone: %s', async (_, node, warning) => {
    const { tools, warnings } = await compiledDocument(
      openapi({ '/bad': { get: node }, '/good': { get: operation('good') } }),
    );
    expect(tools.map(({ name }) => name)).toEqual(['good']);
    expect(warnings).toContain(warning);
  });

  test('null where a list or an object may stand is nothing', async () => {
    const node = operation('x', {
      parameters: null,
      requestBody: null,
      security: null,
      tags: null,
      servers: null,
    });
    expect(await names(openapi({ '/x': { get: node, parameters: null } }))).toEqual(['x']);
  });

  test('a document without operations has no tools, and needs no server', async () => {
    const { tools, server } = await compiledDocument(openapi({}), { base_url: null });
    expect([tools, server]).toEqual([[], '']);
  });
});

describe('the extensions of an operation', () => {
  const extended = (extensions: JsonObject, item: JsonObject = {}) =>
    compiledDocument(openapi({ '/x': { post: operation('x', extensions), ...item } }));

  test('x-mcp-enabled: false leaves it out without a word', async () => {
    expect(await extended({ 'x-mcp-enabled': false })).toMatchObject({ tools: [], warnings: [] });
  });

  test.each<[string, JsonObject, JsonObject]>([
    ['x-mcp-tool-name', { 'x-mcp-tool-name': 'Better name' }, { name: 'Better_name' }],
    ['x-mcp-auth-required', { 'x-mcp-auth-required': true }, { authRequired: true }],
    ['no x-mcp-auth-required', {}, { authRequired: null, requiredScopes: [], responseFormat: 'auto' }],
    ['x-mcp-scopes as a list', { 'x-mcp-scopes': ['a', 'b'] }, { requiredScopes: ['a', 'b'] }],
    ['x-mcp-scopes as a text', { 'x-mcp-scopes': 'a b' }, { requiredScopes: ['a', 'b'] }],
    ['x-mcp-response-format', { 'x-mcp-response-format': 'image' }, { responseFormat: 'image' }],
  ])('%s', async (_, extensions, expected) => {
    expect((await extended(extensions)).tools[0]).toMatchObject(expected);
  });

  test('are inherited from the path item, and overridden', async () => {
    const { tools } = await compiledDocument(
      openapi({
        '/x': {
          'x-mcp-safe': true,
          'x-mcp-scopes': ['read'],
          post: operation('search'),
          delete: operation('remove', { 'x-mcp-safe': false, 'x-mcp-scopes': ['write'] }),
        },
      }),
    );
    expect(
      tools.map(({ name, annotations, requiredScopes }) => [name, annotations.readOnlyHint, requiredScopes]),
    ).toEqual([
      ['remove', false, ['write']],
      ['search', true, ['read']],
    ]);
  });

  test.each<[JsonObject, string]>([
    [{ 'x-mcp-enabled': 'no' }, 'x-mcp-enabled must be true or false, got "no"; ignored'],
    [{ 'x-mcp-safe': 1 }, 'x-mcp-safe must be true or false, got 1; ignored'],
    [{ 'x-mcp-tool-name': 5 }, 'x-mcp-tool-name must be a string, got 5; ignored'],
    [{ 'x-mcp-scopes': [1] }, 'x-mcp-scopes must be a list of strings, got [1]; ignored'],
    [
      { 'x-mcp-response-format': 'pdf' },
      'x-mcp-response-format must be one of auto, json, text, image, audio, binary, got "pdf"; auto is used',
    ],
  ])('%j is warned of', async (extensions, warning) => {
    expect(await extended(extensions)).toMatchObject({
      tools: [{ name: 'x' }],
      warnings: [`POST /x: ${warning}`],
    });
  });
});

describe('annotations', () => {
  test.each([
    ['get', {}, true, false, true],
    ['head', {}, true, false, true],
    ['options', {}, true, false, true],
    ['query', {}, true, false, true],
    ['post', {}, false, false, false],
    ['patch', {}, false, false, false],
    ['put', {}, false, false, true],
    ['delete', {}, false, true, true],
    ['delete', { 'x-mcp-safe': true }, true, false, true],
    ['get', { 'x-mcp-safe': false }, false, false, true],
  ])('%s %j', async (method, extensions, readOnlyHint, destructiveHint, idempotentHint) => {
    const tool = await onlyTool(
      openapi({ '/x': { [method]: operation('x', { summary: 'Do it', ...extensions }) } }),
    );
    expect(tool.annotations).toEqual({
      title: 'Do it',
      readOnlyHint,
      destructiveHint,
      idempotentHint,
      openWorldHint: true,
    });
    expect(tool.title).toBe('Do it');
  });
});

describe('filters', () => {
  const document = openapi({
    '/pets': {
      get: operation('list', { tags: ['pets'] }),
      post: operation('create', { tags: ['pets'], 'x-mcp-safe': true }),
    },
    '/stores': { 'x-mcp-safe': true, get: operation('stores', { tags: ['stores'] }) },
    '/ref': { $ref: '#/components/pathItems/Ref' },
    '/other': { additionalOperations: { COPY: operation('copy') } },
  });
  const whole = { ...document, components: { pathItems: { Ref: { get: operation('referred') } } } };

  test.each([
    ['$.paths.*.get', ['list', 'referred', 'stores']],
    ["$.paths.*[?(@['x-mcp-safe'] == true)]", ['create', 'stores']],
    ["$.paths.*[?@.tags[0] == 'pets']", ['create', 'list']],
    ["$.paths['/pets'].*", ['create', 'list']],
    ['$.paths.*', []],
    ['$.paths.*.get.tags', []],
    ["$..[?@.operationId == 'copy']", ['copy']],
    ['$', []],
  ])('%s', async (filter, expected) => {
    const { tools, selections } = await compiledDocument(whole, { filters: [filter] });
    const selected = tools.filter((tool) => selections.get(filter)?.has(tool.operation));
    expect(selected.map(({ name }) => name)).toEqual(expected);
  });
});

describe('the list of tools', () => {
  const paths: [string, Json][] = ['/b', '/a', '/c'].map((path) => [
    path,
    { get: operation(`get${path.slice(1)}`), post: operation('create') },
  ]);

  test('is ordered by name, and the same however the document is ordered', async () => {
    const forward = (await compiledDocument(openapi(Object.fromEntries(paths)))).tools;
    const backward = (await compiledDocument(openapi(Object.fromEntries([...paths].reverse())))).tools;
    expect(JSON.stringify(backward)).toBe(JSON.stringify(forward));
    expect(forward.map(({ name }) => name)).toEqual([...forward.map(({ name }) => name)].sort());
    expect(ListToolsResultSchema.parse({ tools: forward }).tools).toHaveLength(6);
  });

  test('keeps its names when unrelated operations are added', async () => {
    const before = await names(openapi(Object.fromEntries(paths)));
    const after = await names(openapi(Object.fromEntries([['/z', { get: operation('zebra') }], ...paths])));
    expect(after.filter((name) => name !== 'zebra')).toEqual(before);
  });
});

describe('output schemas', () => {
  const answering = async (schema: Json, status = '200', type = 'application/json') => {
    const responses = { [status]: { content: { [type]: { schema } } } };
    const tool = await onlyTool(openapi({ '/x': { get: { responses } } }), { output_schema: true });
    return { schema: tool.outputSchema, wraps: tool.wrapsResult };
  };
  const object = { type: 'object', properties: { a: { type: 'string' } } };

  test.each<[string, Parameters<typeof answering>, Json | undefined, boolean]>([
    ['an object as it is', [object], object, false],
    [
      'an array in a result',
      [{ type: 'array', items: object }],
      { type: 'object', properties: { result: { type: 'array', items: object } }, required: ['result'] },
      true,
    ],
    [
      'a text in a result',
      [{ type: 'string' }],
      { type: 'object', properties: { result: { type: 'string' } }, required: ['result'] },
      true,
    ],
    ['problem types count as JSON', [object, '201', 'application/vnd.x+json'], object, false],
    ['a range of statuses', [object, '2XX'], object, false],
    ['closed objects are open', [{ ...object, additionalProperties: false }], object, false],
    [
      'writeOnly goes',
      [{ type: 'object', properties: { a: { type: 'string' }, p: { writeOnly: true } }, required: ['p'] }],
      object,
      false,
    ],
    [
      'readOnly stays',
      [{ type: 'object', properties: { a: { type: 'string', readOnly: true } } }],
      object,
      false,
    ],
    [
      'names clients do not accept go',
      [{ type: 'object', properties: { a: { type: 'string' }, 'b.c': {} }, required: ['b.c'] }],
      object,
      false,
    ],
    ['errors are none', [object, '404'], undefined, false],
    ['other media types are none', [object, '200', 'application/xml'], undefined, false],
    ['what may be null is none', [{ ...object, type: ['object', 'null'] }], undefined, false],
    ['alternatives are none', [{ oneOf: [object, { type: 'string' }] }], undefined, false],
    ['anything is none', [{}], undefined, false],
    [
      'what is too large is none',
      [
        {
          type: 'object',
          properties: Object.fromEntries(
            Array.from({ length: 900 }, (_, index) => [
              `p${index}`,
              { type: 'string', description: 'long enough' },
            ]),
          ),
        },
      ],
      undefined,
      false,
    ],
  ])('%s', async (_, args, expected, wraps) => {
    expect(await answering(...args)).toEqual({ schema: expected, wraps });
  });

  test('of recursive answers are none', async () => {
    const schemas = { Node: { type: 'object', properties: { next: { $ref: '#/components/schemas/Node' } } } };
    const responses = {
      200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Node' } } } },
    };
    const tool = await onlyTool(openapi({ '/x': { get: { responses } } }, { components: { schemas } }), {
      output_schema: true,
    });
    expect(tool.outputSchema).toBeUndefined();
  });

  test('are not published unless asked for', async () => {
    const responses = { 200: { content: { 'application/json': { schema: object } } } };
    expect((await onlyTool(openapi({ '/x': { get: { responses } } }))).outputSchema).toBeUndefined();
  });

  test('of Swagger 2.0 are the response’s schema', async () => {
    const document = {
      swagger: '2.0',
      info: {},
      paths: { '/x': { get: { responses: { 200: { schema: object } } } } },
    };
    expect((await onlyTool(document, { output_schema: true })).outputSchema).toEqual(object);
  });
});
