import { describe, expect, test } from 'vitest';
import { measureArguments } from '../../lib/call/argumentLimits.js';
import { argumentProblems, isPromisedOutput } from '../../lib/call/arguments.js';
import { declaredArguments } from '../../lib/call/declaredValue.js';
import type { Json, JsonObject } from '../../lib/json.js';
import { silentLogger } from '../../lib/observe/logger.js';
import type { CompiledTool, ParameterPlan } from '../../lib/tools/tool.js';
import { CollectedLog } from '../support/collectedLog.js';
import { compiledTool, parameter, plan } from './plans.js';

/** A tool whose arguments are query parameters with these schemas. */
function toolOf(properties: Readonly<Record<string, JsonObject>>, more: JsonObject = {}): CompiledTool {
  const parameters = Object.entries(properties).map(([name, schema]) => {
    const types = [schema['type'] ?? []].flat() as unknown as ParameterPlan['types'];
    return parameter({ name, in: 'query', types });
  });
  return compiledTool({ plan: plan({ parameters }), inputSchema: { type: 'object', properties, ...more } });
}

function problems(
  tool: CompiledTool,
  given: JsonObject,
  logger = silentLogger as CollectedLog,
): readonly string[] {
  const args = declaredArguments(tool.tool().plan, given);
  return argumentProblems(tool, args, measureArguments(given, 10_000_000).nodes, logger);
}

const pet = toolOf(
  {
    petId: { type: 'integer' },
    limit: { type: 'integer', maximum: 10, minimum: 1 },
    status: { type: 'string', enum: ['sold', 'free'] },
    tags: { type: 'array', items: { type: 'string' }, maxItems: 2, uniqueItems: true },
    filter: {
      type: 'object',
      properties: { name: { type: 'string' }, 'a b': { type: 'number' } },
      required: ['name'],
      additionalProperties: false,
    },
    choice: {
      oneOf: [
        { type: 'integer' },
        { type: 'object', properties: { x: { type: 'string' } }, required: ['x'] },
      ],
    },
    code: { type: 'string', pattern: '^[A-Z]{3}$' },
    day: { type: 'string', format: 'date' },
    at: { type: 'string', format: 'date-time' },
    fixed: { const: 7 },
    long: { type: 'string', maxLength: 3 },
  },
  { required: ['petId'] },
);

const WRONG: readonly (readonly [what: string, args: JsonObject, lines: readonly string[]])[] = [
  ['a wrong type', { petId: 'abc' }, ['petId: must be integer, got "abc"']],
  ['a number as text', { petId: '5' }, ['petId: must be integer, got "5"']],
  ['a missing argument', {}, ['petId: is required (integer)']],
  ['a misspelt argument', { petId: 1, limt: 3 }, ['limt: is not known; did you mean limit?']],
  [
    'another spelling habit',
    { pet_id: 1 },
    ['pet_id: is not known; did you mean petId?', 'petId: is required (integer)'],
  ],
  [
    'an unknown argument',
    { petId: 1, zzz: 3 },
    ['zzz: is not known; there are petId, limit, status, tags, filter, choice, code, day, at, fixed, long'],
  ],
  ['a number out of range', { petId: 1, limit: 11 }, ['limit: must be <= 10, got 11']],
  ['not one of an enum', { petId: 1, status: 'gone' }, ['status: must be one of "sold", "free", got "gone"']],
  ['a wrong item', { petId: 1, tags: ['a', 5] }, ['tags[1]: must be string, got 5']],
  [
    'equal items',
    { petId: 1, tags: ['a', 'a'] },
    ['tags: must NOT have duplicate items (items ## 1 and 0 are identical), got ["a","a"]'],
  ],
  [
    'text that is no JSON where an array is declared',
    { petId: 1, tags: '[a' },
    ['tags: must be array, got "[a"'],
  ],
  ['a wrong member', { petId: 1, filter: { name: 1 } }, ['filter.name: must be string, got 1']],
  [
    'a member with a space',
    { petId: 1, filter: { name: 'x', 'a b': 'y' } },
    ['filter["a b"]: must be number, got "y"'],
  ],
  ['a missing member', { petId: 1, filter: {} }, ['filter.name: is required (string)']],
  [
    'an unknown member',
    { petId: 1, filter: { name: 'x', nam: 1 } },
    ['filter.nam: is not known; did you mean name?'],
  ],
  [
    'no alternative',
    { petId: 1, choice: { y: 1 } },
    [
      'choice: matches none of the alternatives (choice: must be integer; choice.x: is required (string)), got {"y":1}',
    ],
  ],
  ['a pattern', { petId: 1, code: 'ab' }, ['code: must match pattern "^[A-Z]{3}$", got "ab"']],
  ['a date', { petId: 1, day: 'yesterday' }, ['day: must match format "date", got "yesterday"']],
  ['a time', { petId: 1, at: 'noon' }, ['at: must match format "date-time", got "noon"']],
  ['a constant', { petId: 1, fixed: 8 }, ['fixed: must be 7, got 8']],
  [
    'a long text',
    { petId: 1, long: 'a'.repeat(100) },
    [`long: must NOT have more than 3 characters, got "${'a'.repeat(60)}"… (100 characters)`],
  ],
  ['null for what is required', { petId: null }, ['petId: is required (integer)']],
  [
    'two at once',
    { petId: true, limit: 0 },
    ['petId: must be integer, got true', 'limit: must be >= 1, got 0'],
  ],
];

describe('what an agent is told of wrong arguments', () => {
  test.each(WRONG)('%s', (_, args, lines) => {
    expect([...problems(pet, args)].sort()).toEqual([...lines].sort());
  });

  test.each<[string, JsonObject]>([
    ['plain values', { petId: 1, limit: 3, status: 'sold', tags: ['a'], filter: { name: 'x' } }],
    ['JSON text where an object is declared', { petId: 1, filter: '{"name":"x"}' }],
    ['null for an optional argument', { petId: 1, limit: null }],
    ['an integer too long for JSON numbers', { petId: '9007199254740993' }],
    ['a time without a zone', { petId: 1, at: '2024-05-01T10:00:00' }],
    ['an integer written as 2.0', { petId: 2.0 }],
  ])('nothing is wrong with %s', (_, args) => {
    expect(problems(pet, args)).toEqual([]);
  });

  test('at most ten lines come back', () => {
    const many = toolOf(
      Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`p${at}`, { type: 'integer' }])),
    );
    const args = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`p${at}`, 'x']));
    const lines = problems(many, args);
    expect(lines).toHaveLength(10);
    expect(lines.at(-1)).toBe('… and 21 more');
  });

  test('names of Object.prototype are unknown arguments like any other', () => {
    const args = JSON.parse('{"petId":1,"__proto__":1,"constructor":2}') as JsonObject;
    expect(problems(pet, args).map((line) => line.split(':')[0])).toEqual(['__proto__', 'constructor']);
  });
});

describe('hostile arguments and schemas', () => {
  test('a catastrophic pattern takes linear time', () => {
    const tool = toolOf({ s: { type: 'string', pattern: '^(a+)+$' } });
    const start = performance.now();
    expect(problems(tool, { s: `${'a'.repeat(100_000)}!` })).toHaveLength(1);
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  test('patterns that cannot run in linear time are left to the API', () => {
    const tool = toolOf({
      s: { type: 'string', pattern: '^(?=.*\\d)(?!.*x).+$' },
      t: { type: 'string', pattern: '(a)\\1' },
      u: { type: 'string', pattern: '(' },
    });
    expect(problems(tool, { s: 'nope', t: 'b', u: 'c' })).toEqual([]);
  });

  test('alternatives that double at every level end in bounded time', () => {
    const node = {
      anyOf: [
        { type: 'array', items: { $ref: '#/$defs/N' } },
        { type: 'array', items: { $ref: '#/$defs/N' }, minItems: 1 },
        { type: 'integer' },
      ],
    };
    const tool = toolOf({ v: { $ref: '#/$defs/N' } }, { $defs: { N: node } });
    let value: Json = 'leaf';
    for (let depth = 0; depth < 50; depth += 1) value = [value];
    const start = performance.now();
    expect(problems(tool, { v: value })).toEqual([]);
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  test('a large array of wrong items is refused without collecting an error for each', () => {
    const tool = toolOf({ ids: { type: 'array', items: { type: 'integer' }, uniqueItems: true } });
    const start = performance.now();
    expect(problems(tool, { ids: Array.from({ length: 100_000 }, () => 'x') })).toEqual([
      'ids[0]: must be integer, got "x"',
    ]);
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  test('a large array of objects is not compared item by item', () => {
    const tool = toolOf({ ids: { type: 'array', items: { type: 'object' }, uniqueItems: true } });
    const start = performance.now();
    expect(problems(tool, { ids: Array.from({ length: 50_000 }, (_, at) => ({ at })) })).toEqual([]);
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  test.each<[string, Json, string | null]>([
    ['64 levels', nested(63), null],
    ['65 levels', nested(65), 'a: must not be nested more than 64 levels deep'],
    ['100,000 levels', nested(100_000), 'a: must not be nested more than 64 levels deep'],
    [
      '10 MB of text',
      { a: 'x'.repeat(10 * 1024 * 1024) },
      'a: must not exceed 8 MB, together with the other arguments',
    ],
    [
      'a million values',
      { a: Array.from({ length: 1_000_000 }, () => 1) },
      'a: must not hold more than 250000 values, together with the other arguments',
    ],
  ])('%s', (_, args, problem) => {
    const start = performance.now();
    expect(measureArguments(args, 8 * 1024 * 1024).problem).toBe(problem);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

describe('schemas that cannot be used', () => {
  test('one that ajv cannot compile is skipped, and told once', () => {
    const tool = toolOf({ a: { $ref: '#/$defs/missing' } });
    const log = new CollectedLog();
    expect(problems(tool, { a: 1 }, log)).toEqual([]);
    expect(problems(tool, { a: 1 }, log)).toEqual([]);
    expect(log.of('warn')).toHaveLength(1);
    expect(log.of('warn')[0]?.message).toContain('cannot be compiled');
  });

  test('one beyond 64 KB is skipped, and told once', () => {
    const tool = toolOf({ a: { type: 'integer', description: 'x'.repeat(70_000) } });
    const log = new CollectedLog();
    expect(problems(tool, { a: 'x' }, log)).toEqual([]);
    expect(problems(tool, { a: 'x' }, log)).toEqual([]);
    expect(log.of('warn')).toHaveLength(1);
  });

  test('more tools than the cache holds are all validated, first and last', () => {
    const tools = Array.from({ length: 1_100 }, (_, at) => toolOf({ [`p${at}`]: { type: 'integer' } }));
    for (const round of [1, 2]) {
      tools.forEach((tool, at) => {
        expect(problems(tool, { [`p${at}`]: `round ${round}` })).toEqual([
          `p${at}: must be integer, got "round ${round}"`,
        ]);
      });
    }
  });

  test('two tools may use the same $id', () => {
    for (const type of ['integer', 'boolean']) {
      const tool = toolOf({ a: { type } }, { $id: 'https://example.com/schema' });
      expect(problems(tool, { a: 'x' })).toEqual([`a: must be ${type}, got "x"`]);
    }
  });
});

test('an output is held against the published schema', () => {
  const outputSchema = { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] };
  const tool = compiledTool({ plan: plan({}), outputSchema });
  expect(isPromisedOutput(tool, { id: 1 }, silentLogger)).toBe(true);
  expect(isPromisedOutput(tool, { id: 'x' }, silentLogger)).toBe(false);
  expect(isPromisedOutput(compiledTool({ plan: plan({}) }), { id: 'x' }, silentLogger)).toBe(true);
});

function nested(levels: number): Json {
  let value: Json = {};
  for (let depth = 0; depth < levels; depth += 1) value = { a: value };
  return value;
}
