import { describe, expect, test } from 'vitest';
import { parseText, type TextLimits, TextProblem } from '../lib/yaml.js';

function problemOf(text: string, limits: TextLimits = {}): TextProblem | null {
  try {
    parseText(text, limits);
  } catch (error) {
    if (error instanceof TextProblem) return error;
    throw error;
  }
  return null;
}

describe('texts are parsed', () => {
  test.each([
    ['JSON', '{"a": [1, null, true, "x"]}', { a: [1, null, true, 'x'] }],
    ['JSON indented with tabs', '{\n\t"a": [\n\t\t1\n\t]\n}', { a: [1] }],
    ['JSON after a byte order mark', '\ufeff{"a": 1}', { a: 1 }],
    ['YAML after a byte order mark', '\ufeffa: 1', { a: 1 }],
    ['JSON with a comma too many, as YAML', '{"a": 1,}', { a: 1 }],
    ['YAML with a document start', '---\na: 1\n', { a: 1 }],
    ['dates as text', 'a: 2024-01-31', { a: '2024-01-31' }],
    ['YAML 1.1 booleans as text', 'a: [yes, no, on, off]', { a: ['yes', 'no', 'on', 'off'] }],
    ['numbers as keys', '200: ok', { '200': 'ok' }],
    ['merge keys', 'a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}', { a: { x: 1, y: 2 }, b: { x: 1, y: 3 } }],
    ['aliases', 'a: &a [1]\nb: *a', { a: [1], b: [1] }],
    ['unsafe keys as keys like any other', '{"constructor": 1}', { constructor: 1 }],
  ])('%s', (_name, text, value) => {
    expect(parseText(text)).toEqual(value);
    if (!text.includes('constructor')) expect(parseText(text, { refuseUnsafeKeys: true })).toEqual(value);
  });

  test('__proto__ stays a key of its own and changes no prototype', () => {
    for (const text of ['{"__proto__": {"x": 1}}', '__proto__: {x: 1}']) {
      const value = parseText(text) as object;
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(Object.keys(value)).toEqual(['__proto__']);
    }
  });
});

describe('texts that are not acceptable are refused, and never quoted', () => {
  test.each<[string, string, string, number | null, number | null, TextLimits?]>([
    ['nothing', '', 'is empty', null, null],
    ['white space', ' \n\t\n', 'is empty', null, null],
    ['comments', '# hunter2\n', 'is empty', null, null],
    ['null', '~', 'is empty', null, null],
    ['HTML', '\n <html>hunter2', 'is HTML or XML, not YAML or JSON', null, null],
    ['XML', '<?xml version="1.0"?>', 'is HTML or XML, not YAML or JSON', null, null],
    ['two documents', 'a: 1\n---\nb: hunter2', 'has more than one YAML document', null, null],
    [
      'broken JSON',
      '{"a": "hunter2", "b"',
      'is not valid YAML at 2:1: unexpected end of the stream within a flow collection',
      2,
      1,
    ],
    ['a repeated key', 'a: 1\na: 2', 'is not valid YAML at 2:1: duplicated mapping key', 2, 1],
    [
      'a tab for indentation',
      'a:\n\tb: hunter2',
      'is not valid YAML at 2:1: tab characters must not be used in indentation',
      2,
      1,
    ],
    ['a null byte', 'a: hunter2\0', 'is not valid YAML at 1:11: null byte is not allowed in input', 1, 11],
    [
      'code',
      'a: !!js/function hunter2',
      'is not valid YAML at 1:25: unknown tag (a value that starts with ! needs quotes)',
      1,
      25,
    ],
    [
      'a binary',
      'a: !!binary aHVudGVyMg==',
      'is not valid YAML at 1:25: unknown tag (a value that starts with ! needs quotes)',
      1,
      25,
    ],
    ['a broken tag', 'a: !<tag:hunter2,%zz> b', 'is not valid YAML at 1:22: malformed tag', 1, 22],
    [
      'a tag of an undeclared handle',
      'a: !hunter2!x b',
      'is not valid YAML at 1:14: undeclared tag handle (a value that starts with ! needs quotes)',
      1,
      14,
    ],
    [
      'a value that its tag cannot hold',
      'a: !!int hunter2',
      'is not valid YAML at 1:17: a value does not fit its tag',
      1,
      17,
    ],
    [
      'an alias of nothing',
      'a: *hunter2',
      'is not valid YAML at 1:12: an alias names no anchor (a value that starts with * needs quotes)',
      1,
      12,
    ],
    [
      'a repeated key in JSON of an operator',
      '{"a": 1, "a": 2}',
      'is not valid YAML at 1:10: duplicated mapping key',
      1,
      10,
      { refuseUnsafeKeys: true },
    ],
    [
      'an unsafe key deep down',
      'a: [{b: {prototype: hunter2}}]',
      'has the key "prototype", which is not allowed',
      null,
      null,
      { refuseUnsafeKeys: true },
    ],
    [
      'an unsafe key in JSON',
      '{"__proto__": "hunter2"}',
      'has the key "__proto__", which is not allowed',
      null,
      null,
      { refuseUnsafeKeys: true },
    ],
    ['too many values', '[1,2,3]', 'has more than 3 values, aliases included', null, null, { maxNodes: 3 }],
    [
      'too many values by aliases',
      'a: &a [1,2]\nb: [*a,*a,*a]',
      'has more than 9 values, aliases included',
      null,
      null,
      { maxNodes: 9 },
    ],
  ])('%s', (_name, text, message, line, column, limits) => {
    const problem = problemOf(text, limits);
    expect(problem?.message).toBe(message);
    expect([problem?.line, problem?.column]).toEqual([line, column]);
    expect(String(problem?.stack)).not.toContain('hunter2');
  });

  test.each([
    ['YAML', '['.repeat(1000) + ']'.repeat(1000)],
    ['JSON', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
    ['an alias of itself', 'a: &a {b: *a}'],
    ['a list of aliases of itself', 'a: &a [*a, *a, *a]'],
  ])('deep nesting: %s', (_name, text) => {
    expect(problemOf(text)?.message).toMatch(/^is nested deeper than 200 levels$|nesting exceeded maxDepth/);
  });

  test('aliases that explode are refused at once', () => {
    const bomb = ['a: &a ["lol","lol","lol","lol","lol","lol","lol","lol","lol"]'];
    for (const [before, key] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh', 'hi']) {
      bomb.push(`${key}: &${key} [${Array(9).fill(`*${before}`).join()}]`);
    }
    const start = performance.now();
    expect(problemOf(bomb.join('\n'))?.message).toBe('has aliases that expand too far');
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  test('a long text that is repeated by aliases is refused', () => {
    const text = `a: &a ${'x'.repeat(100_000)}\nb: [${Array(100).fill('*a').join()}]`;
    expect(problemOf(text)?.message).toBe('has aliases that expand too far');
  });

  test('aliases of ordinary use are none of that', () => {
    const text = `a: &a {x: 1, y: [1, 2, 3]}\nb:\n${Array.from({ length: 500 }, (_, i) => `  k${i}: *a`).join('\n')}`;
    expect(Object.keys((parseText(text) as { b: object }).b)).toHaveLength(500);
  });
});
