import { describe, expect, test } from 'vitest';
import { buildRequest } from '../../lib/call/request.js';
import type { Json, JsonObject } from '../../lib/json.js';
import type { ParameterPlan } from '../../lib/tools/tool.js';
import { compiledDocument, onlyTool, openapi } from '../support/compiledDocument.js';

const swagger = (paths: JsonObject, rest: JsonObject = {}): JsonObject => ({
  swagger: '2.0',
  info: {},
  paths,
  ...rest,
});
const get = (operation: JsonObject, path = '/x'): JsonObject => openapi({ [path]: { get: operation } });
const post = (requestBody: JsonObject, operation: JsonObject = {}): JsonObject =>
  openapi({ '/x': { post: { requestBody, ...operation } } });
const json = (schema: Json, rest: JsonObject = {}): JsonObject => ({
  required: true,
  content: { 'application/json': { schema } },
  ...rest,
});

/** The request line and body that arguments make, as bytes on the wire. */
async function wire(document: JsonObject, args: JsonObject, options = {}): Promise<string> {
  const { plan } = await onlyTool(document, { base_url: 'https://h', ...options });
  const { method, url, headers, body } = buildRequest(plan, args);
  const type = headers['content-type'];
  const line = `${method} ${url.replace('https://h', '')}`;
  return body === null ? line : `${line} ${type} ${new TextDecoder().decode(body)}`;
}

describe('parameters', () => {
  const style = (plan: ParameterPlan | undefined) => [plan?.style, plan?.explode];
  test.each<[string, JsonObject, unknown]>([
    ['query is form, exploded', { in: 'query' }, ['form', true]],
    ['path is simple, not exploded', { in: 'path' }, ['simple', false]],
    ['header is simple, not exploded', { in: 'header' }, ['simple', false]],
    ['cookie is form, exploded', { in: 'cookie' }, ['form', true]],
    ['other styles are not exploded', { in: 'query', style: 'pipeDelimited' }, ['pipeDelimited', false]],
    ['explode as stated', { in: 'query', explode: false }, ['form', false]],
    ['an unknown style is the usual one', { in: 'query', style: 'fancy' }, ['form', true]],
  ])('%s', async (_, parameter, expected) => {
    const schema = { type: 'array', items: { type: 'string' } };
    const { plan } = await onlyTool(get({ parameters: [{ name: 'c', schema, ...parameter }] }, '/x/{c}'));
    expect(style(plan.parameters[0])).toEqual(expected);
  });

  test.each<[string, JsonObject, unknown]>([
    ['csv in a query', { in: 'query' }, ['form', false]],
    ['multi in a query', { in: 'query', collectionFormat: 'multi' }, ['form', true]],
    ['ssv', { in: 'query', collectionFormat: 'ssv' }, ['spaceDelimited', false]],
    ['pipes', { in: 'query', collectionFormat: 'pipes' }, ['pipeDelimited', false]],
    ['tsv', { in: 'query', collectionFormat: 'tsv' }, ['tabDelimited', false]],
    ['csv in a header', { in: 'header' }, ['simple', false]],
  ])('Swagger 2.0 %s', async (_, parameter, expected) => {
    const node = { name: 'c', type: 'array', items: { type: 'integer' }, ...parameter };
    const { plan, inputSchema } = await onlyTool(swagger({ '/x': { get: { parameters: [node] } } }));
    expect(style(plan.parameters[0])).toEqual(expected);
    expect(inputSchema['properties']).toEqual({ c: { type: 'array', items: { type: 'integer' } } });
  });

  test('of the operation override the path’s by name and place, after references', async () => {
    const document = openapi(
      {
        '/x/{id}': {
          parameters: [
            { $ref: '#/components/parameters/Id' },
            { name: 'q', in: 'query', schema: { type: 'string' } },
          ],
          get: { parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }] },
        },
      },
      {
        components: {
          parameters: { Id: { name: 'id', in: 'path', required: true, schema: { type: 'string' } } },
        },
      },
    );
    const { plan } = await onlyTool(document);
    expect(plan.parameters.map(({ name, types }) => [name, types])).toEqual([
      ['id', ['integer']],
      ['q', ['string']],
    ]);
  });

  test('named Accept, Content-Type or Authorization are ignored', async () => {
    const names = ['accept', 'Content-Type', 'AUTHORIZATION', 'X-Other'];
    const { plan } = await onlyTool(get({ parameters: names.map((name) => ({ name, in: 'header' })) }));
    expect(plan.parameters.map(({ name }) => name)).toEqual(['X-Other']);
  });

  test('with content carry its media type', async () => {
    const content = {
      'application/json': { schema: { type: 'object', properties: { a: { type: 'integer' } } } },
    };
    const document = get({ parameters: [{ name: 'f', in: 'query', content }] });
    expect(await wire(document, { f: { a: 1 } })).toBe('GET /x?f=%7B%22a%22%3A1%7D');
  });

  test('in querystring are the whole query', async () => {
    const content = { 'application/x-www-form-urlencoded': { schema: { type: 'object' } } };
    const document = get({ parameters: [{ name: 'ignored', in: 'querystring', content }] });
    expect(await wire({ ...document, openapi: '3.2.0' }, { ignored: { a: 1, b: 'x y' } })).toBe(
      'GET /x?a=1&b=x%20y',
    );
  });

  test('with a default need not be given, and are filled only if required', async () => {
    const parameters = [
      { name: 'a', in: 'query', required: true, schema: { type: 'integer', default: 5 } },
      { name: 'b', in: 'query', schema: { type: 'integer', default: 6 } },
    ];
    const { inputSchema } = await onlyTool(get({ parameters }));
    expect(inputSchema['required']).toBeUndefined();
    expect(await wire(get({ parameters }), {})).toBe('GET /x?a=5');
  });

  test('keep their wire names under safe and colliding keys', async () => {
    const parameters = [
      { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
      { name: 'id', in: 'query', schema: { type: 'string' } },
      { name: 'ids[]', in: 'query', schema: { type: 'array', items: { type: 'string' } } },
      { name: 'StartTime<', in: 'query', schema: { type: 'string' } },
    ];
    const args = { id_path: '1', id_query: '2', ids_array: ['a', 'b'], StartTime_lt: 't' };
    expect(await wire(get({ parameters }, '/x/{id}'), args)).toBe(
      'GET /x/1?id=2&ids%5B%5D=a&ids%5B%5D=b&StartTime%3C=t',
    );
  });

  test('carry their own description and example over the schema’s', async () => {
    const parameters = [
      {
        name: 'a',
        in: 'query',
        description: 'Own.',
        deprecated: true,
        example: 'x',
        schema: { type: 'string', description: 'Schema’s.' },
      },
    ];
    const { inputSchema } = await onlyTool(get({ parameters }));
    expect(inputSchema['properties']).toEqual({
      a: { type: 'string', description: 'Own.', deprecated: true, examples: ['x'] },
    });
  });
});

describe('path keys', () => {
  const id = (name: string): JsonObject => ({ name, in: 'path', required: true, schema: { type: 'string' } });
  test.each<[string, string, string[], JsonObject, string]>([
    ['mixed segments', '/compare/{a}...{b}', ['a', 'b'], { a: 'x', b: 'y' }, '/compare/x...y'],
    ['a literal query stays', '/r?beta=true', [], {}, '/r?beta=true'],
    ['a fragment goes', '/r#add', [], {}, '/r'],
    ['a query that names a path parameter', '/r?k={v}&z=1', ['v'], { k: 'x' }, '/r?z=1&k=x'],
    ['literal text is encoded once', '/a b/ü%20', [], {}, '/a%20b/%C3%BC%20'],
    ['a missing slash is added', 'r/{a}', ['a'], { a: '1' }, '/r/1'],
    ['a custom method', '/r/{a}:cancel', ['a'], { a: '1' }, '/r/1:cancel'],
    ['a name used twice', '/{a}/{a}', ['a'], { a: '1' }, '/1/1'],
    ['an undeclared name is a string', '/r/{a}', [], { a: '1' }, '/r/1'],
    ['an operator in the braces', '/r/{+a}', ['a'], { a: '1' }, '/r/1'],
    ['a declared name that is not there is left out', '/r', ['a'], {}, '/r'],
  ])('%s: %s', async (_, path, names, args, expected) => {
    expect(await wire(get({ parameters: names.map(id) }, path), args)).toBe(`GET ${expected}`);
  });
});

describe('bodies', () => {
  const object = { type: 'object', properties: { a: { type: 'string' } } };

  test.each<[string, string[], string, string]>([
    ['JSON before all', ['text/plain', 'application/xml', 'application/json'], 'application/json', 'json'],
    [
      '+json before forms',
      ['multipart/form-data', 'application/vnd.api+json; version=2'],
      'application/vnd.api+json; version=2',
      'json',
    ],
    [
      'forms before multipart',
      ['multipart/form-data', 'application/x-www-form-urlencoded'],
      'application/x-www-form-urlencoded',
      'form',
    ],
    ['multipart before text', ['text/plain', 'multipart/form-data'], 'multipart/form-data', 'multipart'],
    ['text before bytes', ['application/octet-stream', 'text/csv'], 'text/csv', 'text'],
    ['XML is text', ['application/xml'], 'application/xml', 'text'],
    ['bytes', ['application/octet-stream'], 'application/octet-stream', 'binary'],
    ['images are bytes', ['image/png'], 'image/png', 'binary'],
    ['any type is JSON', ['*/*'], 'application/json', 'json'],
    ['any image is bytes', ['image/*'], 'application/octet-stream', 'binary'],
  ])('%s', async (_, types, mediaType, encoding) => {
    const content = Object.fromEntries(types.map((type) => [type, { schema: object }]));
    const { plan } = await onlyTool(post({ content }));
    expect([plan.body?.mediaType, plan.body?.encoding]).toEqual([mediaType, encoding]);
  });

  test.each<[string, JsonObject, boolean]>([
    ['a plain object', json(object), true],
    ['a merged one', json({ allOf: [object, { properties: { b: {} } }] }), true],
    ['a closed one', json({ ...object, additionalProperties: false }), true],
    ['an optional one without required properties', json(object, { required: false }), true],
    [
      'an optional one with required properties',
      json({ ...object, required: ['a'] }, { required: false }),
      false,
    ],
    ['composition', json({ ...object, anyOf: [{ required: ['a'] }, { required: ['b'] }] }), false],
    ['additional properties', json({ ...object, additionalProperties: true }), false],
    ['a free-form object', json({ type: 'object' }), false],
    ['an array', json({ type: 'array', items: {} }), false],
    ['a nullable object', json({ ...object, nullable: true }), false],
    ['anything', json({}), false],
  ])('flattened or not: %s', async (_, requestBody, flat) => {
    const { plan } = await onlyTool(post(requestBody));
    expect(plan.body?.argument).toBe(flat ? null : 'body');
  });

  test('that collide with a parameter are one argument', async () => {
    const parameters = [{ name: 'a', in: 'query', schema: { type: 'string' } }];
    const document = post(json(object), { parameters });
    expect(await wire(document, { a: '1', body: { a: '2' } })).toBe('POST /x?a=1 application/json {"a":"2"}');
  });

  test('that are one argument rename a parameter called body', async () => {
    const parameters = [{ name: 'body', in: 'query', schema: { type: 'string' } }];
    const document = post(json({ type: 'array', items: {} }), { parameters });
    expect(await wire(document, { body_query: 'q', body: [1] })).toBe('POST /x?body=q application/json [1]');
  });

  test('flattened carry wire names and required defaults', async () => {
    const schema = {
      type: 'object',
      properties: {
        'ids[]': { type: 'array', items: {} },
        kind: { type: 'string', default: 'k' },
        other: { type: 'string', default: 'o' },
      },
      required: ['ids[]', 'kind'],
    };
    const { inputSchema } = await onlyTool(post(json(schema)));
    expect(inputSchema['required']).toEqual(['ids_array']);
    expect(await wire(post(json(schema)), { ids_array: [1] })).toBe(
      'POST /x application/json {"ids[]":[1],"kind":"k"}',
    );
  });

  test('of a GET that declare nothing are none', async () => {
    const requestBody = {
      content: { 'application/x-www-form-urlencoded': { schema: { type: 'object', properties: {} } } },
    };
    expect((await onlyTool(get({ requestBody }))).plan.body).toBeNull();
  });

  test('in a form follow their encoding, objects are JSON without one', async () => {
    const schema = {
      type: 'object',
      properties: {
        deep: { type: 'object', properties: { p: { type: 'integer' } } },
        plain: { type: 'object', properties: { p: { type: 'integer' } } },
        list: { type: 'array', items: { type: 'string' } },
        csv: { type: 'array', items: { type: 'string' } },
      },
    };
    const encoding = { deep: { style: 'deepObject', explode: true }, csv: { style: 'form', explode: false } };
    const content = { 'application/x-www-form-urlencoded': { schema, encoding } };
    const args = { deep: { p: 1 }, plain: { p: 1 }, list: ['a', 'b'], csv: ['a', 'b'] };
    expect(await wire(post({ required: true, content }), args)).toBe(
      'POST /x application/x-www-form-urlencoded deep%5Bp%5D=1&plain=%7B%22p%22%3A1%7D&list=a&list=b&csv=a,b',
    );
  });

  test.each<[string, JsonObject, boolean]>([
    ['format: binary', { type: 'string', format: 'binary' }, true],
    ['a list of it', { type: 'array', items: { type: 'string', format: 'binary' } }, true],
    ['a media type without encoding', { type: 'string', contentMediaType: 'image/png' }, true],
    ['base64 text', { type: 'string', contentMediaType: 'image/png', contentEncoding: 'base64' }, false],
    ['format: byte', { type: 'string', format: 'byte' }, false],
    ['a text', { type: 'string' }, false],
    ['an object', { type: 'object', properties: { a: {} } }, false],
  ])('in multipart have files: %s', async (_, schema, binary) => {
    const content = { 'multipart/form-data': { schema: { type: 'object', properties: { f: schema } } } };
    const { plan, inputSchema } = await onlyTool(post({ required: true, content }));
    expect(plan.body?.properties[0]?.binary).toBe(binary);
    expect(JSON.stringify(inputSchema).includes('"filename"')).toBe(binary);
  });

  test('in multipart are files where the encoding says so', async () => {
    const content = {
      'multipart/form-data': {
        schema: { type: 'object', properties: { f: {}, g: { type: 'object', properties: { a: {} } } } },
        encoding: { f: { contentType: 'image/png, image/jpeg' }, g: { contentType: 'application/json' } },
      },
    };
    const { plan } = await onlyTool(post({ required: true, content }));
    expect(plan.body?.properties.map(({ binary, contentType }) => [binary, contentType])).toEqual([
      [true, 'image/png, image/jpeg'],
      [false, 'application/json'],
    ]);
  });

  test('of Swagger 2.0 are a parameter in the consumed media type', async () => {
    const parameters = [{ name: 'pet', in: 'body', required: true, schema: { type: 'array', items: {} } }];
    const document = swagger({ '/x': { post: { parameters } } }, { consumes: ['application/vnd.x+json'] });
    expect(await wire(document, { body: [1] })).toBe('POST /x application/vnd.x+json [1]');
  });

  test('of Swagger 2.0 are form parameters, and multipart with a file', async () => {
    const parameters = [
      {
        name: 'a',
        in: 'formData',
        type: 'array',
        items: { type: 'string' },
        collectionFormat: 'multi',
        required: true,
        description: 'A.',
      },
      { name: 'b', in: 'formData', type: 'string' },
    ];
    expect(await wire(swagger({ '/x': { post: { parameters } } }), { a: ['1', '2'] })).toBe(
      'POST /x application/x-www-form-urlencoded a=1&a=2',
    );
    const file = { name: 'f', in: 'formData', type: 'file' };
    const { plan, inputSchema } = await onlyTool(
      swagger({ '/x': { post: { parameters: [...parameters, file] } } }),
    );
    expect([plan.body?.mediaType, plan.body?.required]).toEqual(['multipart/form-data', true]);
    expect(plan.body?.properties.map(({ binary }) => binary)).toEqual([false, false, true]);
    expect(inputSchema['required']).toEqual(['a']);
  });
});

describe('the Accept header', () => {
  const responses = (...types: string[]): JsonObject => ({
    200: { content: Object.fromEntries(types.map((type) => [type, {}])) },
  });
  test.each<[string, JsonObject, string]>([
    ['nothing declared', {}, '*/*'],
    ['one type', { responses: responses('text/csv') }, 'text/csv'],
    [
      'JSON first',
      { responses: responses('application/xml', 'application/json') },
      'application/json, application/xml;q=0.5',
    ],
    [
      'success only',
      { responses: { 404: { content: { 'text/html': {} } }, 201: { content: { 'image/png': {} } } } },
      'image/png',
    ],
    ['by reference', { responses: { 200: { $ref: '#/components/responses/Ok' } } }, 'application/pdf'],
  ])('%s', async (_, operation, expected) => {
    const document = openapi(
      { '/x': { get: operation } },
      { components: { responses: { Ok: { content: { 'application/pdf': {} } } } } },
    );
    expect((await onlyTool(document)).plan.accept).toBe(expected);
  });

  test('is what a Swagger 2.0 operation produces', async () => {
    const document = swagger(
      { '/x': { get: { produces: ['image/png'] } } },
      { produces: ['application/json'] },
    );
    expect((await onlyTool(document)).plan.accept).toBe('image/png');
  });
});

describe('servers', () => {
  const servers = (...urls: string[]): JsonObject => ({ servers: urls.map((url) => ({ url })) });
  const at = async (
    root: JsonObject,
    base_url: string | null,
    location: string,
    path: JsonObject = {},
    operation: JsonObject = {},
  ) => {
    const document = { ...openapi({ '/x': { ...path, get: operation } }), ...root };
    const { tools, warnings, server } = await compiledDocument(document, { base_url }, location);
    return { url: tools[0]?.plan.server, warnings, server };
  };
  const FILE = '/specs/api.json';
  const URL = 'https://docs.example.com/v1/api.json';

  test.each<[string, Parameters<typeof at>, string]>([
    ['the document’s', [servers('https://a.example/v1/'), null, FILE], 'https://a.example/v1'],
    [
      'base_url over the document’s',
      [servers('https://a.example'), 'https://b.example/x/', FILE],
      'https://b.example/x',
    ],
    [
      'the path’s over base_url',
      [{}, 'https://b.example', FILE, servers('https://p.example')],
      'https://p.example',
    ],
    [
      'the operation’s over the path’s',
      [{}, null, FILE, servers('https://p.example'), servers('https://o.example')],
      'https://o.example',
    ],
    ['relative to the document’s URL', [servers('../v2'), null, URL], 'https://docs.example.com/v2'],
    [
      'relative to base_url where there is one',
      [{}, 'https://b.example/api', URL, {}, servers('/files')],
      'https://b.example/files',
    ],
    ['none is the document’s own', [{}, null, URL], 'https://docs.example.com'],
    [
      'variables take their defaults',
      [
        {
          servers: [
            { url: 'https://{h}.example:{p}', variables: { h: { default: 'eu' }, p: { enum: ['8443'] } } },
          ],
        },
        null,
        FILE,
      ],
      'https://eu.example:8443',
    ],
    [
      'the first that is HTTP',
      [servers('wss://a.example', 'https://b.example'), null, FILE],
      'https://b.example',
    ],
    [
      'credentials, query and fragment go',
      [servers('https://u:p@a.example/v1?x=1#y'), null, FILE],
      'https://a.example/v1',
    ],
  ])('%s', async (_, args, expected) => {
    expect((await at(...args)).url).toBe(expected);
  });

  test.each<[string, JsonObject, string]>([
    [
      'https before http',
      { host: 'a.example', basePath: '/v2/', schemes: ['http', 'https'] },
      'https://a.example/v2',
    ],
    ['http alone', { host: 'a.example', schemes: ['http'] }, 'http://a.example'],
    ['no scheme', { host: 'a.example:8080' }, 'https://a.example:8080'],
    ['no host is the document’s', { basePath: '/v2' }, 'https://docs.example.com/v2'],
  ])('of Swagger 2.0: %s', async (_, rest, expected) => {
    const { tools } = await compiledDocument(swagger({ '/x': { get: {} } }, rest), { base_url: null }, URL);
    expect(tools[0]?.plan.server).toBe(expected);
  });

  test.each<[string, JsonObject, string]>([
    ['there is none', {}, 'the document names no server; set base_url'],
    ['it is relative', servers('/api'), 'the server "/api" is relative; set base_url'],
    [
      'a variable has no default',
      servers('https://{tenant}.example'),
      'the server "https://{tenant}.example" has a variable "tenant" without a default; set base_url',
    ],
    [
      'it is not HTTP',
      servers('ftp://a.example'),
      'the server "ftp://a.example" is not an http or https URL; set base_url',
    ],
  ])('that cannot be told name base_url: %s', async (_, root, message) => {
    await expect(at(root, null, FILE)).rejects.toMatchObject({ stage: 'compile', source: FILE, message });
  });

  test('of an operation that are unusable drop that operation only', async () => {
    const document = openapi({ '/a': { get: { servers: [{ url: 'wss://a.example' }] } }, '/b': { get: {} } });
    const { tools, warnings } = await compiledDocument(document);
    expect(tools.map(({ operation }) => operation)).toEqual(['GET /b']);
    expect(warnings).toEqual(['GET /a: the server "wss://a.example" is not an http or https URL; dropped']);
  });
});

describe('security', () => {
  const components = {
    securitySchemes: {
      key: { type: 'apiKey', in: 'query', name: 'k' },
      bearer: { type: 'http', scheme: 'Bearer' },
      oauth: { type: 'oauth2', flows: {} },
    },
  };
  const KEY = { scheme: 'key', type: 'apiKey', in: 'query', name: 'k', httpScheme: null };
  const BEARER = { scheme: 'bearer', type: 'http', in: null, name: null, httpScheme: 'bearer' };

  test.each<[string, JsonObject, JsonObject, unknown]>([
    ['nothing stated', {}, {}, null],
    ['the document’s', {}, { security: [{ key: [] }] }, [[KEY]]],
    ['the operation’s over it', { security: [{ bearer: [] }] }, { security: [{ key: [] }] }, [[BEARER]]],
    ['alternatives and combinations', { security: [{ key: [], bearer: [] }, {}] }, {}, [[KEY, BEARER], []]],
    ['none at all', { security: [] }, { security: [{ key: [] }] }, [[]]],
    [
      'an unknown scheme',
      { security: [{ nope: [] }] },
      {},
      [[{ scheme: 'nope', type: 'unknown', in: null, name: null, httpScheme: null }]],
    ],
  ])('%s', async (_, operation, rest, expected) => {
    const document = openapi({ '/x': { get: operation } }, { components, ...rest });
    expect((await onlyTool(document)).plan.security).toEqual(expected);
  });

  test('of Swagger 2.0', async () => {
    const document = swagger(
      { '/x': { get: { security: [{ b: [] }] } } },
      { securityDefinitions: { b: { type: 'basic' } } },
    );
    expect((await onlyTool(document)).plan.security).toEqual([
      [{ scheme: 'b', type: 'http', in: null, name: null, httpScheme: 'basic' }],
    ]);
  });
});
