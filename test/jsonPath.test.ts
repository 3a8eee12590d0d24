import { describe, expect, test } from 'vitest';
import { jsonPathProblem, selectLocations } from '../lib/jsonPath.js';

describe('a JSONPath', () => {
  test.each([
    '$',
    '$.paths.*[?(@["x-mcp-safe"] == true)]',
    "$.paths['/a b'].get",
    '$..tags[?@ == "x"]',
    '$.a[0,-1,1:2]',
  ])('%s is well-formed', (text) => {
    expect(jsonPathProblem(text)).toBeNull();
  });

  test.each([
    '',
    'paths',
    '$.',
    '$.paths[',
    '$.a[?foo(@)]',
    '$.a[(@.length-1)]',
    '$.a\n[',
    '$.~',
    '$.a[?(@.b)',
  ])('%j is not, in one line', (text) => {
    expect(jsonPathProblem(text)).toMatch(/^[^\n]{5,}$/);
  });

  test('selects locations in document order, own keys only', () => {
    const root = { b: [{ c: 1 }, { c: 2 }], a: { c: 3 } };
    expect(selectLocations(root, '$..c')).toEqual([
      ['b', 0, 'c'],
      ['b', 1, 'c'],
      ['a', 'c'],
    ]);
    expect(selectLocations(root, '$.constructor')).toEqual([]);
    expect(selectLocations(root, '$.b[?@.c > 1]')).toEqual([['b', 1]]);
    expect(selectLocations(root, '$')).toEqual([[]]);
  });

  test('descends as deep as a document may be', () => {
    const deep = JSON.parse('{"a":'.repeat(199) + '1' + '}'.repeat(199));
    expect(selectLocations(deep, '$..a')).toHaveLength(199);
  });
});
