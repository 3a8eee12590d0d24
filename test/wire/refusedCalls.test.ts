import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EchoServer } from '../support/echoServer.js';
import { resultText, WireProxy, wireFixture } from './wireProxy.js';

const BASE64 = 'must be base64 (RFC 4648, padded, without white space or a "data:" prefix)';

type Refused = readonly [what: string, tool: string, args: Record<string, unknown>, ...problems: string[]];

const REFUSED: readonly Refused[] = [
  // Wrong types
  ['text for a number', '31__typed', { id: 'abc' }, 'id: must be integer, got "abc"'],
  ['a fraction for an integer', '31__typed', { id: 1.5 }, 'id: must be integer, got 1.5'],
  ['a number for text', '31__typed', { text: 5 }, 'text: must be string, got 5'],
  ['a number for a list', '31__typed', { list: 5 }, 'list: must be array, got 5'],
  ['a number in a list of texts', '31__typed', { list: ['a', 5] }, 'list[1]: must be string, got 5'],
  ['a list for an object', '31__typed', { filter: [1] }, 'filter: must be object, got [1]'],
  [
    'wrong in a body, deep inside',
    '30__json_tree',
    { value: 1, children: [{ value: 2, children: [{ value: 'x' }] }] },
    'children[0].children[0].value: must be integer, got "x"',
  ],
  [
    'several at once',
    '31__typed',
    { id: true, text: {}, list: null, filter: 1 },
    'filter: must be object, got 1',
    'text: must be string, got {}',
    'id: must be integer, got true',
  ],
  [
    'neither of two alternatives',
    '30__json_composed',
    { body: { cow: 1 } },
    'body: matches none of the alternatives (body.cat: is required (string); body.dog: is required (string)), got {"cow":1}',
  ],
  ['an object for a file', '30__multipart', { file: { name: 'a' } }, 'file.data: is required (string)'],
  // Missing
  ['a missing path parameter', '31__compare', { a: 'x' }, 'b: is required (string)'],
  ['a missing body', '30__json_array', {}, 'body: is required (array)'],
  ['a missing property', '30__json_flat', { size: 1 }, 'name: is required (string)'],
  ['null for what is required', '31__compare', { a: null, b: 'x' }, 'a: must be string, got null'],
  [
    'a missing member inside',
    '30__json_tree',
    { value: 1, children: [{}] },
    'children[0].value: is required (integer)',
  ],
  // Unknown
  ['an unknown argument', '31__compare', { a: 'x', b: 'y', zzz: 1 }, 'zzz: is not known; there are a, b'],
  ['a misspelt argument', '30__json_flat', { name: 'n', sise: 1 }, 'sise: is not known; did you mean size?'],
  ['an argument where there are none', '31__accept', { a: 1 }, 'a: is not known; there are no arguments'],
  [
    'names that every object has',
    '31__compare',
    { a: 'x', b: 'y', constructor: 1, toString: 2 },
    'constructor: is not known; there are a, b',
    'toString: is not known; there are a, b',
  ],
  // Texts where objects are declared
  [
    'text that is no JSON',
    '31__typed',
    { filter: 'status=open' },
    'filter: must be object, got "status=open"',
  ],
  ['JSON that is cut', '31__typed', { filter: '{"a":' }, 'filter: must be object, got "{\\"a\\":"'],
  ['JSON of another kind', '31__typed', { filter: '[1]' }, 'filter: must be object, got "[1]"'],
  ['JSON with wrong items', '31__typed', { list: '[1]' }, 'list[0]: must be string, got 1'],
  [
    'JSON that lacks a member',
    '30__json_tree',
    { value: 1, children: '[{"children":[]}]' },
    'children[0].value: is required (integer)',
  ],
  // Base64
  ['base64 that is none', '30__octets', { body: 'not base64!' }, `body: ${BASE64}`],
  ['base64 with line breaks', '30__octets', { body: 'YWJj\nZGVm' }, `body: ${BASE64}`],
  ['base64 without padding', '30__octets', { body: 'YQ' }, `body: ${BASE64}`],
  ['base64 for URLs', '30__octets', { body: '_-8=' }, `body: ${BASE64}`],
  ['a data URL', '30__multipart', { file: { data: 'data:text/plain;base64,YQ==' } }, `file.data: ${BASE64}`],
  // Too much
  [
    '10 MB of text',
    '30__text',
    { body: 'x'.repeat(10_000_000) },
    'body: must not exceed 8 MB, together with the other arguments',
  ],
  [
    '10 MB of objects',
    '30__json_open',
    { body: { small: 1, rows: Array.from({ length: 100_000 }, () => ({ text: 'x'.repeat(90) })) } },
    'body: must not exceed 8 MB, together with the other arguments',
  ],
  [
    '9 MB of text, and 10 MB of another',
    '30__json_flat',
    { name: 'x'.repeat(9_000_000), note: 'x'.repeat(10_000_000) },
    'note: must not exceed 8 MB, together with the other arguments',
  ],
  [
    'a million values',
    '30__json_array',
    { body: new Array(1_000_000).fill(1) },
    'body: must not hold more than 250000 values, together with the other arguments',
  ],
  [
    'nesting',
    '30__json_open',
    { body: JSON.parse(`${'{"a":'.repeat(1_000)}1${'}'.repeat(1_000)}`) as unknown },
    'body: must not be nested more than 64 levels deep',
  ],
  [
    'nesting in a text of JSON',
    '30__json_open',
    { body: `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}` },
    'body: must not be nested more than 64 levels deep',
  ],
  [
    'a million values in a text of JSON',
    '30__json_array',
    { body: JSON.stringify(new Array(1_000_000).fill(1)) },
    'body: must not hold more than 250000 values, together with the other arguments',
  ],
];

describe('a call that cannot be right', () => {
  let upstream: EchoServer;
  let wire: WireProxy;
  beforeAll(async () => {
    upstream = await EchoServer.start();
    const hosts = { 'upstream.example': `127.0.0.1:${upstream.port}` };
    wire = await WireProxy.start({
      documents: {
        30: wireFixture('openapi-3.0.yaml', hosts),
        31: wireFixture('openapi-3.1.yaml', hosts),
      },
      root: { server: { max_request_body: '64MB' } },
    });
  });
  afterAll(async () => {
    await wire[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  const cases = REFUSED.map(([what, name, args, ...problems]) => ({
    what,
    tool: `_${name}`,
    args,
    problems,
  }));
  test.each(cases)('with $what: says which argument, and sends nothing', async ({ tool, args, problems }) => {
    const result = await wire.call(tool, args);
    expect(result.isError).toBe(true);
    const [heading, ...lines] = resultText(result).split('\n');
    expect(heading).toBe(`The arguments of ${tool} are not valid; nothing was sent.`);
    expect(lines.sort()).toEqual([...problems].sort());
    expect(upstream.requests).toEqual([]);
  });

  test('and the next one is served', async () => {
    expect((await wire.call('_31__compare', { a: 'x', b: 'y' })).isError).toBeUndefined();
    expect(upstream.take().line).toBe('GET /v1/compare/x...y HTTP/1.1');
  });

  test('is told of ten problems at most', async () => {
    const wrong = Array.from({ length: 50 }, () => 'x');
    const result = await wire.call('_30__json_array', { body: wrong });
    expect(resultText(result).split('\n')).toHaveLength(11);
    expect(resultText(result)).toMatch(/… and 41 more$/);
    expect(upstream.requests).toEqual([]);
  });
});

describe('a message that is larger than the proxy reads', () => {
  test('is refused by HTTP, and nothing is sent', async () => {
    await using upstream = await EchoServer.start();
    const hosts = { 'upstream.example': `127.0.0.1:${upstream.port}` };
    await using wire = await WireProxy.start({ documents: { w: wireFixture('openapi-3.0.yaml', hosts) } });
    await expect(wire.call('w__text', { body: 'x'.repeat(10_000_000) })).rejects.toThrow(
      /413|Payload Too Large/,
    );
    expect(upstream.requests).toEqual([]);
    expect((await wire.call('w__text', { body: 'x' })).isError).toBeUndefined();
  });
});
