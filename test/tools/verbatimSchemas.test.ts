import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../lib/json.js';
import { compiledDocument, convertedSchema, onlyTool, openapi } from '../support/compiledDocument.js';

const VERBATIM = { schema_profile: 'verbatim' } as const;

/** The schema that the official conformance suite's scenario `json-schema-2020-12` asks a server to list. */
const CONFORMANCE: JsonObject = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // biome-ignore lint/suspicious/noThenProperty: a JSON Schema keyword
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};

function posting(schema: Json, operation: JsonObject = {}, rest: JsonObject = {}): JsonObject {
  const requestBody = { required: true, content: { 'application/json': { schema } } };
  return openapi({ '/x': { post: { operationId: 'x', requestBody, responses: {}, ...operation } } }, rest);
}

describe('a body’s schema as the root of the tool’s', () => {
  test('is listed keyword for keyword', async () => {
    const tool = await onlyTool(posting(CONFORMANCE), VERBATIM);
    expect(tool.inputSchema).toEqual(CONFORMANCE);
    expect(tool.plan.body?.argument).toBeNull();
    expect(tool.plan.body?.properties.map(({ name }) => name)).toEqual([
      'name',
      'address',
      'contactMethod',
      'phone',
      'email',
    ]);
  });

  test.each([
    ['within the body', '#/$defs/address'],
    ['from the document', '#/paths/~1x/post/requestBody/content/application~1json/schema/$defs/address'],
    ['by anchor', '#addressDef'],
  ])('keeps one definition, referred to %s', async (_, $ref) => {
    const properties = { ...(CONFORMANCE['properties'] as JsonObject), address: { $ref } };
    const tool = await onlyTool(posting({ ...CONFORMANCE, properties }), VERBATIM);
    expect(tool.inputSchema).toEqual(CONFORMANCE);
  });

  test('keeps the names of its definitions beside another body with the same names', async () => {
    const requestBody = { required: true, content: { 'application/json': { schema: CONFORMANCE } } };
    const paths = Object.fromEntries(['/a', '/b', '/c'].map((path) => [path, { post: { requestBody } }]));
    const { tools } = await compiledDocument(openapi(paths), VERBATIM);
    for (const tool of tools) expect(tool.inputSchema).toEqual(CONFORMANCE);
  });

  test('brings components along under $defs', async () => {
    const schemas = {
      Order: { type: 'object', properties: { item: { $ref: '#/components/schemas/Item' } } },
      Item: {
        type: 'object',
        properties: { parts: { type: 'array', items: { $ref: '#/components/schemas/Item' } } },
      },
    };
    const tool = await onlyTool(
      posting({ $ref: '#/components/schemas/Order' }, {}, { components: { schemas } }),
      VERBATIM,
    );
    expect(tool.inputSchema).toEqual({
      type: 'object',
      properties: { item: { $ref: '#/$defs/Item' } },
      $defs: {
        Item: { type: 'object', properties: { parts: { type: 'array', items: { $ref: '#/$defs/Item' } } } },
      },
    });
  });

  test('is joined by parameters where it is plain', async () => {
    const parameters = [{ name: 'dry.run', in: 'query', schema: { type: 'boolean' } }];
    const body = {
      type: 'object',
      properties: { 'a.b': { type: 'string' } },
      required: ['a.b'],
      examples: [{ 'a.b': 'x' }],
    };
    const tool = await onlyTool(posting(body, { parameters }), VERBATIM);
    expect(tool.inputSchema).toEqual({
      type: 'object',
      properties: { 'dry.run': { type: 'boolean' }, 'a.b': { type: 'string' } },
      required: ['a.b'],
    });
  });
});

describe('a body that is one argument', () => {
  const parameters = [{ name: 'id', in: 'query', schema: { type: 'string' } }];
  test.each<[string, Json, JsonObject]>([
    ['composition beside parameters', CONFORMANCE, { parameters }],
    ['the name of a parameter', { type: 'object', properties: { id: {} } }, { parameters }],
    ['open objects', { type: 'object', properties: { a: {} }, additionalProperties: { type: 'string' } }, {}],
    [
      'properties that only an alternative lists',
      { type: 'object', properties: { a: {} }, anyOf: [{ properties: { b: {} } }] },
      {},
    ],
    ['arrays', { type: 'array', items: {} }, {}],
  ])('%s', async (_, schema, operation) => {
    const tool = await onlyTool(posting(schema, operation), VERBATIM);
    expect(tool.plan.body?.argument).toBe('body');
    expect(tool.inputSchema['required']).toEqual(['body']);
    new Ajv2020({ strict: false, validateSchema: false }).compile(tool.inputSchema);
  });
});

describe('what is kept, and what is not', () => {
  test.each<[string, Json, Json]>([
    ['boolean schemas', { properties: { a: true, b: false } }, { properties: { a: true, b: false } }],
    ['oneOf without discriminator', { oneOf: [{}, { type: 'string' }] }, { oneOf: [{}, { type: 'string' }] }],
    ['readOnly', { type: 'string', readOnly: true }, { type: 'string', readOnly: true }],
    ['extensions', { type: 'string', 'x-y': [1] }, { type: 'string', 'x-y': [1] }],
    ['dependentRequired', { dependentRequired: { a: ['b'] } }, { dependentRequired: { a: ['b'] } }],
    ['a header instruction goes', { type: 'string', 'x-mcp-header': 'X' }, { type: 'string' }],
    ['$id goes', { $id: 'https://x', type: 'string' }, { type: 'string' }],
    ['an invalid pattern goes', { type: 'string', pattern: '(?i)x' }, { type: 'string' }],
    ['an invalid keyword goes', { type: 'string', required: true, minLength: 'x' }, { type: 'string' }],
    [
      'data that looks like a reference stays',
      { default: { $ref: '#/nowhere' } },
      { default: { $ref: '#/nowhere' } },
    ],
  ])('%s', async (_, source, expected) => {
    expect((await convertedSchema(source, {}, VERBATIM)).schema).toEqual(expected);
  });

  test.each<[string, Json, Json]>([
    ['nullable', { type: 'string', nullable: true }, { type: ['string', 'null'] }],
    [
      'exclusive bounds',
      { type: 'number', minimum: 1, exclusiveMinimum: true },
      { type: 'number', exclusiveMinimum: 1 },
    ],
    ['examples', { type: 'string', example: 'x' }, { type: 'string', examples: ['x'] }],
  ])('OpenAPI 3.0’s %s becomes 2020-12', async (_, source, expected) => {
    expect((await convertedSchema(source, { openapi: '3.0.3' }, VERBATIM)).schema).toEqual(expected);
  });
});
