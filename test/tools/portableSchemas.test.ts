import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { buildRequest } from '../../lib/call/request.js';
import type { Json, JsonObject } from '../../lib/json.js';
import { INPUT_LIMIT } from '../../lib/tools/schemaTiers.js';
import { schemaObjections } from '../support/acceptedSchema.js';
import { compiledDocument, convertedSchema, onlyTool, openapi } from '../support/compiledDocument.js';

const V30 = { openapi: '3.0.3' };
const components = (schemas: JsonObject, rest: JsonObject = {}): JsonObject => ({
  components: { schemas },
  ...rest,
});
const ref = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` });

describe('keywords of one schema', () => {
  test.each<[string, Json, Json]>([
    ['true accepts anything', true, {}],
    ['nullable becomes a type', { type: 'string', nullable: true }, { type: ['string', 'null'] }],
    [
      'nullable adds null to an enum',
      { type: 'string', nullable: true, enum: ['a'] },
      { type: ['string', 'null'], enum: ['a', null] },
    ],
    ['nullable without a type says nothing', { nullable: true }, {}],
    ['a list of one type is that type', { type: ['string'] }, { type: 'string' }],
    ['several types stay', { type: ['string', 'null'] }, { type: ['string', 'null'] }],
    ['unknown types go', { type: 'any', description: 'x' }, { description: 'x' }],
    [
      'an exclusive bound becomes a number',
      { type: 'integer', minimum: 1, exclusiveMinimum: true },
      { type: 'integer', exclusiveMinimum: 1 },
    ],
    [
      'an exclusive bound that is false goes',
      { type: 'integer', maximum: 9, exclusiveMaximum: false },
      { type: 'integer', maximum: 9 },
    ],
    [
      'numeric exclusive bounds stay',
      { type: 'number', exclusiveMinimum: 0 },
      { type: 'number', exclusiveMinimum: 0 },
    ],
    [
      'bounds of the wrong type go',
      { type: 'integer', minimum: '1', maxLength: -1, multipleOf: 0 },
      { type: 'integer' },
    ],
    ['an empty enum goes', { type: 'string', enum: [] }, { type: 'string' }],
    [
      'an enum has each value once',
      { type: 'string', enum: ['a', 'b', 'a'] },
      { type: 'string', enum: ['a', 'b'] },
    ],
    [
      'enum values get the declared type',
      { type: 'string', enum: [true, 1, 'x'] },
      { type: 'string', enum: ['true', '1', 'x'] },
    ],
    ['enum values that cannot go', { type: 'integer', enum: ['1', 'many'] }, { type: 'integer', enum: [1] }],
    ['arrays have items', { type: 'array' }, { type: 'array', items: {} }],
    ['nullable arrays have items', { type: ['array', 'null'] }, { type: ['array', 'null'], items: {} }],
    ['items: true is any item', { type: 'array', items: true }, { type: 'array', items: {} }],
    ['items: false allows none', { type: 'array', items: false }, { type: 'array', items: {}, maxItems: 0 }],
    [
      'a tuple of drafts keeps its positions',
      { type: 'array', items: [{ type: 'string' }, {}], additionalItems: false },
      { type: 'array', prefixItems: [{ type: 'string' }, {}], items: {}, maxItems: 2 },
    ],
    ['items imply an array', { items: { type: 'string' } }, { type: 'array', items: { type: 'string' } }],
    ['properties imply an object', { properties: { a: {} } }, { type: 'object', properties: { a: {} } }],
    [
      'a property that is false goes',
      { type: 'object', properties: { a: false, b: true }, required: ['a', 'b'] },
      { type: 'object', properties: { b: {} }, required: ['b'] },
    ],
    [
      'readOnly properties go, from required too',
      {
        type: 'object',
        properties: { id: { type: 'string', readOnly: true }, n: { type: 'string' } },
        required: ['id', 'n'],
      },
      { type: 'object', properties: { n: { type: 'string' } }, required: ['n'] },
    ],
    [
      'writeOnly properties stay in input',
      { type: 'object', properties: { p: { type: 'string', writeOnly: true } } },
      { type: 'object', properties: { p: { type: 'string' } } },
    ],
    [
      'required names are listed, once, or gone',
      { type: 'object', properties: { a: {} }, required: ['a', 'a', 'b', 1] },
      { type: 'object', properties: { a: {}, b: {} }, required: ['a', 'b'] },
    ],
    [
      'required: true of draft 3 goes',
      { type: 'object', properties: { a: { type: 'string', required: true } } },
      { type: 'object', properties: { a: { type: 'string' } } },
    ],
    ['required: null goes', { type: 'object', required: null }, { type: 'object' }],
    [
      'foreign words go',
      {
        type: 'string',
        'x-y': 1,
        xml: {},
        externalDocs: {},
        $comment: 'x',
        $id: 'x',
        $anchor: 'a',
        $schema: 'x',
      },
      { type: 'string' },
    ],
    [
      'a header instruction to clients goes',
      { type: 'string', 'x-mcp-header': 'Authorization' },
      { type: 'string' },
    ],
    ['an example becomes examples', { type: 'string', example: 'a' }, { type: 'string', examples: ['a'] }],
    ['examples of another type go', { type: 'integer', example: '12', default: 'x' }, { type: 'integer' }],
    [
      'a default outside the enum goes',
      { type: 'string', enum: ['a'], default: 'b' },
      { type: 'string', enum: ['a'], default: undefined as unknown as Json },
    ],
    ['a title stands in for a description', { type: 'string', title: 'T' }, { type: 'string', title: 'T' }],
    [
      'a title beside a description goes',
      { type: 'string', title: 'T', description: 'D' },
      { type: 'string', description: 'D' },
    ],
    [
      'descriptions are cleaned',
      { type: 'string', description: 'a\u202eb\u0000' },
      { type: 'string', description: 'ab' },
    ],
    [
      'pattern properties count as additional ones',
      { type: 'object', patternProperties: { '^x-': { type: 'string' } }, additionalProperties: false },
      { type: 'object', additionalProperties: { type: 'string' } },
    ],
    [
      'additionalProperties: {} stays',
      { type: 'object', additionalProperties: {} },
      { type: 'object', additionalProperties: {} },
    ],
    [
      'a property named $ref is data',
      { type: 'object', properties: { $ref: { type: 'string' } } },
      { type: 'object', properties: { ref_0b13baac: { type: 'string' } } },
    ],
    ['a single alternative is none', { anyOf: [{ type: 'string' }] }, { type: 'string' }],
    [
      'alternatives that repeat are one',
      { anyOf: [{ type: 'string' }, { type: 'string' }] },
      { type: 'string' },
    ],
    [
      'an alternative that accepts anything takes the choice away',
      { description: 'x', anyOf: [{ type: 'string' }, {}] },
      { description: 'x' },
    ],
    [
      'empty lists of alternatives go',
      { type: 'string', oneOf: [], anyOf: [], allOf: [] },
      { type: 'string' },
    ],
    [
      'oneOf without discriminator is anyOf',
      { oneOf: [{ type: 'string' }, { type: 'integer' }] },
      { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    ],
    [
      'nullable alternatives take null',
      { nullable: true, description: 'D', oneOf: [{ type: 'string' }, { type: 'integer' }] },
      { description: 'D', anyOf: [{ type: 'string' }, { type: 'integer' }, { type: 'null' }] },
    ],
  ])('%s', async (_, source, expected) => {
    const { schema } = await convertedSchema(source);
    expect(schema).toEqual(expected);
  });

  test('a pattern that is no expression is left out, and a warning names the operation', async () => {
    const { schema, warnings } = await convertedSchema({ type: 'string', pattern: '(?i)x' });
    expect(schema).toEqual({ type: 'string' });
    expect(warnings).toEqual([
      'GET /: the pattern "(?i)x" is no ECMAScript regular expression and was left out',
    ]);
  });
});

describe('allOf', () => {
  test.each<[string, JsonObject[], Json]>([
    [
      'disjoint objects become one',
      [
        { type: 'object', properties: { a: {} }, required: ['a'] },
        { type: 'object', properties: { b: {} }, required: ['b'] },
      ],
      { type: 'object', properties: { a: {}, b: {} }, required: ['a', 'b'] },
    ],
    [
      'bounds are the narrower ones',
      [
        { type: 'integer', minimum: 1, maximum: 9 },
        { minimum: 3, maximum: 12 },
      ],
      { type: 'integer', minimum: 3, maximum: 9 },
    ],
    ['integer is a number', [{ type: 'number' }, { type: 'integer' }], { type: 'integer' }],
    ['enums are what both allow', [{ enum: ['a', 'b'] }, { enum: ['b', 'c'] }], { enum: ['b'] }],
    [
      'the later description counts',
      [{ type: 'string', description: 'a' }, { description: 'b' }],
      { type: 'string', description: 'b' },
    ],
    [
      'a property in both meets both',
      [{ properties: { a: { type: 'string' } } }, { properties: { a: { maxLength: 3 } } }],
      { type: 'object', properties: { a: { type: 'string', maxLength: 3 } } },
    ],
    [
      'readOnly in one goes from required of the other',
      [{ properties: { id: { readOnly: true } } }, { properties: { n: {} }, required: ['id', 'n'] }],
      { type: 'object', properties: { n: {} }, required: ['n'] },
    ],
    [
      'closing one part does not shut the other out',
      [{ properties: { a: {} }, additionalProperties: false }, { properties: { b: {} } }],
      { type: 'object', properties: { a: {}, b: {} } },
    ],
    [
      'contradictory types take either',
      [{ type: 'string' }, { type: 'integer' }],
      { type: ['string', 'integer'] },
    ],
    [
      'what cannot be one stays apart',
      [{ pattern: '^a' }, { pattern: 'b$' }],
      { allOf: [{ pattern: '^a' }, { pattern: 'b$' }] },
    ],
    [
      'nested ones are taken in',
      [{ allOf: [{ type: 'string' }, { maxLength: 3 }] }, { minLength: 1 }],
      { type: 'string', maxLength: 3, minLength: 1 },
    ],
  ])('%s', async (_, allOf, expected) => {
    expect((await convertedSchema({ allOf })).schema).toEqual(expected);
  });

  test('around a recursive schema only describes it', async () => {
    const node = {
      type: 'object',
      properties: { next: { allOf: [ref('Node')], description: 'The next.', nullable: true } },
    };
    const { schema, definitions } = await convertedSchema(ref('Node'), components({ Node: node }, V30));
    expect(schema).toEqual({ $ref: '#/$defs/Node' });
    expect(definitions).toEqual({
      Node: {
        type: 'object',
        properties: {
          next: { description: 'The next.', anyOf: [{ $ref: '#/$defs/Node' }, { type: 'null' }] },
        },
      },
    });
  });
});

describe('references', () => {
  const Pet = { type: 'object', properties: { name: { type: 'string' } } };

  test.each<[string, JsonObject, JsonObject, Json]>([
    ['acyclic ones are written out', ref('Pet'), {}, Pet],
    [
      '3.0 counts only a description beside them',
      { ...ref('Pet'), description: 'D', minProperties: 1 },
      V30,
      { ...Pet, description: 'D' },
    ],
    [
      '3.1 counts everything beside them',
      { ...ref('Pet'), description: 'D', minProperties: 1 },
      {},
      { ...Pet, description: 'D', minProperties: 1 },
    ],
    ['a chain leads to its end', ref('Alias'), {}, Pet],
    ['percent-encoded and escaped pointers', { $ref: '#/components/schemas/a~1b%20c' }, {}, Pet],
    ['pointers to anywhere', { $ref: '#/components/schemas/List/items' }, {}, Pet],
    ['anchors', { $ref: '#pet' }, {}, { type: 'string' }],
  ])('%s', async (_, source, rest, expected) => {
    const schemas = {
      Pet,
      Alias: ref('Pet'),
      'a/b c': Pet,
      List: { type: 'array', items: ref('Pet') },
      Anchored: { $anchor: 'pet', type: 'string' },
    };
    expect((await convertedSchema(source, components(schemas, rest))).schema).toEqual(expected);
  });

  test('that lead nowhere accept anything, and a warning says which', async () => {
    const { schema, warnings } = await convertedSchema({ type: 'object', properties: { a: ref('Nope') } });
    expect(schema).toEqual({ type: 'object', properties: { a: {} } });
    expect(warnings.join()).toContain('GET /: $ref "#/components/schemas/Nope" leads nowhere');
  });

  test('that lead to each other only accept anything', async () => {
    const { schema } = await convertedSchema(ref('A'), components({ A: ref('B'), B: ref('A') }));
    expect(schema).toEqual({});
  });

  test('to recursive schemas become $defs, and only those', async () => {
    const schemas = {
      Tree: {
        type: 'object',
        properties: { leaf: ref('Leaf'), kids: { type: 'array', items: ref('Tree') } },
      },
      Leaf: { type: 'string' },
    };
    const { schema, definitions } = await convertedSchema(ref('Tree'), components(schemas));
    expect(schema).toEqual({ $ref: '#/$defs/Tree' });
    expect(definitions).toEqual({
      Tree: {
        type: 'object',
        properties: { leaf: { type: 'string' }, kids: { type: 'array', items: { $ref: '#/$defs/Tree' } } },
      },
    });
  });

  test('to large schemas become $defs once', async () => {
    const properties = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [
        `property${index}`,
        { type: 'string', description: 'x'.repeat(50) },
      ]),
    );
    const schemas = { Large: { type: 'object', properties } };
    const both = { type: 'object', properties: { a: ref('Large'), b: ref('Large') } };
    const { schema, definitions } = await convertedSchema(both, components(schemas));
    expect(schema).toEqual({
      type: 'object',
      properties: { a: { $ref: '#/$defs/Large' }, b: { $ref: '#/$defs/Large' } },
    });
    expect(Object.keys(definitions)).toEqual(['Large']);
  });
});

describe('schemas that judge themselves', () => {
  const validates = async (schemas: JsonObject, name: string, value: Json): Promise<boolean> => {
    const { schema, definitions } = await convertedSchema(ref(name), components(schemas));
    const validator = new Ajv2020({ strict: false, validateSchema: false, logger: false });
    return validator.compile({ ...(schema as object), $defs: definitions })(value) === true;
  };

  test('an heir of a base that lists it ends', async () => {
    const schemas = {
      Pet: {
        type: 'object',
        properties: { kind: { type: 'string' } },
        required: ['kind'],
        discriminator: { propertyName: 'kind', mapping: { cat: '#/components/schemas/Cat', dog: 'Dog' } },
        oneOf: [ref('Cat'), ref('Dog')],
      },
      Cat: { allOf: [ref('Pet'), { type: 'object', properties: { lives: { type: 'integer' } } }] },
      Dog: { allOf: [ref('Pet'), { type: 'object', properties: { barks: { type: 'boolean' } } }] },
    };
    expect(await validates(schemas, 'Pet', { kind: 'cat', lives: 9 })).toBe(true);
    expect(await validates(schemas, 'Pet', { kind: 'cat', lives: 'nine' })).toBe(false);
    expect(await validates(schemas, 'Pet', { kind: 'fish' })).toBe(false);
    expect(await validates(schemas, 'Cat', { kind: 'cat', lives: 9 })).toBe(true);
    expect(await validates(schemas, 'Cat', { lives: 9 })).toBe(false);
  });

  test.each<[string, JsonObject]>([
    ['through its alternatives', { A: { oneOf: [ref('A'), { type: 'string' }] } }],
    [
      'through another’s alternatives',
      { A: { anyOf: [ref('B'), { type: 'string' }] }, B: { anyOf: [ref('A'), { type: 'integer' }] } },
    ],
    ['through allOf', { A: { allOf: [ref('A'), { type: 'string' }] } }],
    ['through another’s allOf', { A: { allOf: [ref('B'), { type: 'string' }] }, B: { allOf: [ref('A')] } }],
    [
      'through an heir that is nothing but its base',
      { A: { allOf: [ref('B')] }, B: { type: 'string', oneOf: [ref('A'), { type: 'string' }] } },
    ],
    ['through not', { A: { type: 'string', not: ref('A') } }],
  ])('%s: ends, and still takes a string', async (_, schemas) => {
    expect(await validates(schemas, 'A', 'text')).toBe(true);
  });
});

describe('discriminators', () => {
  const schemas = {
    Cat: { type: 'object', properties: { kind: { type: 'string' } } },
    Dog: { type: 'object', properties: { kind: { type: 'string' } } },
  };

  test.each<[string, JsonObject, [JsonObject, JsonObject]]>([
    [
      'mapped values',
      { propertyName: 'kind', mapping: { c: '#/components/schemas/Cat', d: 'Dog' } },
      [{ const: 'c' }, { const: 'd' }],
    ],
    [
      'several values for one',
      { propertyName: 'kind', mapping: { c: 'Cat', C: 'Cat', d: 'Dog' } },
      [{ enum: ['c', 'C'] }, { const: 'd' }],
    ],
    ['names without a mapping', { propertyName: 'kind' }, [{ const: 'Cat' }, { const: 'Dog' }]],
  ])('pin %s', async (_, discriminator, [cat, dog]) => {
    const { schema } = await convertedSchema(
      { oneOf: [ref('Cat'), ref('Dog')], discriminator },
      components(schemas),
    );
    const kind = (choice: JsonObject) => ({
      type: 'object',
      properties: { kind: { type: 'string', ...choice } },
      required: ['kind'],
    });
    expect(schema).toEqual({ oneOf: [kind(cat), kind(dog)] });
  });
});

describe('size', () => {
  test('a document that doubles at every level stays small', async () => {
    const schemas: Record<string, Json> = { S0: { type: 'string', description: 'x'.repeat(100) } };
    for (let level = 1; level <= 60; level += 1) {
      const each = ref(`S${level - 1}`);
      schemas[`S${level}`] = {
        type: 'object',
        properties: { a: each, b: each, c: { type: 'array', items: each } },
      };
    }
    const start = performance.now();
    const { schema, definitions } = await convertedSchema(ref('S60'), components(schemas));
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(JSON.stringify([schema, definitions]).length).toBeLessThan(INPUT_LIMIT);
  });

  test('bases that double at every level are each taken in once', async () => {
    const schemas: Record<string, Json> = { S0: { properties: { p0: {} } } };
    for (let level = 1; level <= 60; level += 1) {
      const each = ref(`S${level - 1}`);
      schemas[`S${level}`] = { allOf: [each, each, { properties: { [`p${level}`]: {} } }] };
    }
    const { schema } = await convertedSchema(ref('S60'), components(schemas));
    expect(Object.keys((schema as { properties: object }).properties)).toHaveLength(61);
  });

  test('properties that conflict at every level stay bounded', async () => {
    const schemas: Record<string, Json> = {
      A0: { properties: { p: { pattern: 'a' } } },
      B0: { properties: { p: { pattern: 'b' } } },
    };
    for (let level = 1; level <= 60; level += 1) {
      const pair = [ref(`A${level - 1}`), ref(`B${level - 1}`)];
      schemas[`A${level}`] = { allOf: [...pair, { properties: { p: { pattern: `a${level}` } } }] };
      schemas[`B${level}`] = { allOf: [...pair, { properties: { p: { pattern: `b${level}` } } }] };
    }
    const { schema, definitions } = await convertedSchema(ref('A60'), components(schemas));
    expect(JSON.stringify([schema, definitions]).length).toBeLessThan(INPUT_LIMIT);
  });

  test('a schema beyond the limit keeps its type, and a warning says so', async () => {
    const properties = Object.fromEntries(
      Array.from({ length: 9_000 }, (_, index) => [
        `property${index}`,
        { type: 'string', description: 'x'.repeat(80) },
      ]),
    );
    const body = {
      required: true,
      content: { 'application/json': { schema: { type: 'object', properties } } },
    };
    const document = openapi({ '/': { post: { operationId: 'big', requestBody: body, responses: {} } } });
    const { tools, warnings } = await compiledDocument(document);
    expect(tools[0]?.inputSchema).toEqual({
      type: 'object',
      properties: { body: { type: 'object' } },
      required: ['body'],
      additionalProperties: false,
    });
    expect(warnings).toEqual(['POST /: the input schema is too large and was simplified']);
  });

  test('a chain of ten thousand references ends', async () => {
    const schemas: Record<string, Json> = { S0: { type: 'string' } };
    for (let level = 1; level <= 10_000; level += 1) {
      schemas[`S${level}`] = { type: 'object', properties: { next: ref(`S${level - 1}`) } };
    }
    const { schema, warnings } = await convertedSchema(ref('S10000'), components(schemas));
    expect(schema).not.toBeNull();
    expect(warnings).toEqual(['GET /: a schema is nested too deeply and was simplified']);
  });

  test('a hundred schemas that all hold each other are written once each', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `S${index}`);
    const schemas = Object.fromEntries(
      names.map((name) => [
        name,
        { type: 'object', properties: Object.fromEntries(names.map((other) => [other, ref(other)])) },
      ]),
    );
    const { definitions } = await convertedSchema(ref('S0'), components(schemas));
    expect(Object.keys(definitions)).toHaveLength(100);
  });
});

describe('what is converted', () => {
  test('does not depend on the order of the document', async () => {
    const schemas: [string, Json][] = [
      [
        'Pet',
        { type: 'object', properties: { owner: ref('Owner'), kind: {} }, oneOf: [ref('Cat'), ref('Dog')] },
      ],
      ['Cat', { allOf: [ref('Pet'), { properties: { owner: { nullable: true } } }] }],
      ['Dog', { allOf: [ref('Pet'), ref('Owner')] }],
      [
        'Owner',
        {
          type: 'object',
          properties: { pets: { type: 'array', items: ref('Pet') }, best: { allOf: [ref('Dog')] } },
        },
      ],
    ];
    const paths: [string, Json][] = ['Pet', 'Cat', 'Dog', 'Owner'].map((name) => [
      `/${name}`,
      { post: { requestBody: { content: { 'application/json': { schema: ref(name) } } }, responses: {} } },
    ]);
    const compile = async (pathList: typeof paths, schemaList: typeof schemas) =>
      (
        await compiledDocument(
          openapi(Object.fromEntries(pathList), components(Object.fromEntries(schemaList))),
        )
      ).tools;
    const forward = await compile(paths, schemas);
    const backward = await compile([...paths].reverse(), [...schemas].reverse());
    expect(JSON.stringify(backward)).toBe(JSON.stringify(forward));
    for (const tool of forward) expect(schemaObjections(tool.inputSchema)).toEqual([]);
  });

  test('maps unsafe property names back in the plan', async () => {
    const tool = await onlyTool(
      openapi({
        '/': {
          post: {
            requestBody: {
              required: true,
              content: {
                'application/json': {
                  schema: {
                    type: 'array',
                    items: { type: 'object', properties: { 'a.b': { type: 'string' } }, required: ['a.b'] },
                  },
                },
              },
            },
            responses: {},
          },
        },
      }),
    );
    const [[alias, name] = []] = Object.entries(tool.plan.aliases ?? {});
    expect(name).toBe('a.b');
    expect(JSON.stringify(tool.inputSchema)).toContain(`"required":["${alias}"]`);
    expect(JSON.stringify(tool.inputSchema)).not.toContain('a.b');
    const { body } = buildRequest(tool.plan, { body: [{ [alias ?? '']: 'x' }] });
    expect(new TextDecoder().decode(body ?? undefined)).toBe('[{"a.b":"x"}]');
  });
});
