import { describe, expect, test } from 'vitest';
import { ARGUMENT_KEY, argumentKeys, safeKey } from '../../lib/tools/argumentKeys.js';
import { aliasOf, restoreNames } from '../../lib/tools/propertyAlias.js';

describe('the argument key of a wire name', () => {
  test.each([
    ['limit', 'limit'],
    ['X-Request-Id', 'X-Request-Id'],
    ['ids[]', 'ids_array'],
    ['StartTime<', 'StartTime_lt'],
    ['StartTime>', 'StartTime_gt'],
    ['StartTime<=', 'StartTime_lte'],
    ['StartTime>=', 'StartTime_gte'],
    ['status!=', 'status_ne'],
    ['filter[name]', 'filter_name'],
    ['$select', 'select'],
    ['a.b.c', 'a_b_c'],
    ['_id', '_id'],
    ['+1', '1'],
  ])('%s is %s', (wire, key) => {
    expect(safeKey(wire)).toBe(key);
  });

  test.each(['имя', '', '[]', '__proto__', '...', 'x'.repeat(65), `${'x'.repeat(80)}[]`])(
    '%j gets an acceptable one',
    (wire) => {
      expect(safeKey(wire)).toMatch(ARGUMENT_KEY);
    },
  );

  test('differs for long names that differ at the end', () => {
    expect(safeKey(`${'x'.repeat(70)}1`)).not.toBe(safeKey(`${'x'.repeat(70)}2`));
  });
});

describe('parameters that want one key', () => {
  test('say their place, all of them', () => {
    const requests = [
      { name: 'id', place: 'path' },
      { name: 'id', place: 'query' },
      { name: 'limit', place: 'query' },
    ];
    expect(argumentKeys(requests)).toEqual(['id_path', 'id_query', 'limit']);
    expect(argumentKeys([...requests].reverse())).toEqual(['limit', 'id_query', 'id_path']);
  });

  test('get a hash where even the place is the same', () => {
    const keys = argumentKeys([
      { name: 'a.b', place: 'query' },
      { name: 'a:b', place: 'query' },
      { name: 'a_b', place: 'query' },
    ]);
    expect(new Set(keys).size).toBe(3);
    for (const key of keys) expect(key).toMatch(ARGUMENT_KEY);
  });

  test('leave reserved keys alone', () => {
    expect(argumentKeys([{ name: 'body', place: 'query' }], new Set(['body']))).toEqual(['body_query']);
  });
});

describe('property names that clients do not accept', () => {
  test('are put back at any depth', () => {
    const aliases = Object.fromEntries(['$filter', 'a.b', '__proto__'].map((name) => [aliasOf(name), name]));
    const [filter = '', nested = '', proto = ''] = Object.keys(aliases);
    const restored = restoreNames({ [filter]: [{ [nested]: { [proto]: 1, plain: 2 } }] }, aliases);
    expect(JSON.stringify(restored)).toBe('{"$filter":[{"a.b":{"__proto__":1,"plain":2}}]}');
  });

  test('are left as they are where they are accepted', () => {
    expect(aliasOf('plain_name-1')).toBe('plain_name-1');
    expect(aliasOf('a.b')).toMatch(/^a_b_[0-9a-f]{8}$/);
    expect(aliasOf('a.b')).not.toBe(aliasOf('a:b'));
  });
});
