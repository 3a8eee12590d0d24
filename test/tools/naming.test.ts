import { describe, expect, test } from 'vitest';
import { type NameRequest, nameTools, TOOL_NAME } from '../../lib/tools/naming.js';

const OPTIONS = { tool_prefix: 'api', separator: '__', max_length: 64 };
const name = (preferred: string | null, operation = 'GET /pets', options = OPTIONS) =>
  nameTools([{ preferred, operation }], options)[0];

describe('the name of a tool', () => {
  test.each([
    ['an operationId as it is', 'listPets', 'api__listPets'],
    ['slashes and spaces become one underscore', 'repos/list for org', 'api__repos_list_for_org'],
    ['dots become underscores', 'pets.v2.list', 'api__pets_v2_list'],
    ['hyphens stay', 'list-pets', 'api__list-pets'],
    ['nothing is left dangling at the ends', '  [list]  ', 'api__list'],
    ['other scripts fall back to method and path', 'список', 'api__get_pets'],
    ['no operationId is method and path', null, 'api__get_pets'],
  ])('%s', (_, preferred, expected) => {
    expect(name(preferred)).toBe(expected);
  });

  test('path parameters are part of a name made from the path', () => {
    expect(name(null, 'DELETE /pets/{petId}/toys/{toy-id}')).toBe('api__delete_pets_petId_toys_toy-id');
  });

  test('starts with a letter or underscore, prefix or not', () => {
    expect(name('2fa', 'GET /', { ...OPTIONS, tool_prefix: '' })).toBe('_2fa');
    expect(name('-x', 'GET /', { ...OPTIONS, tool_prefix: '' })).toBe('_-x');
    expect(name('list', 'GET /', { ...OPTIONS, tool_prefix: '1st api' })).toBe('_1st_api__list');
  });

  test.each([8, 20, 40, 64, 1000])(
    'of at most %i characters is cut with a hash inside the limit',
    (limit) => {
      const options = { ...OPTIONS, max_length: limit };
      const long = 'a'.repeat(100);
      const names = nameTools(
        [
          { preferred: `${long}First`, operation: 'GET /1' },
          { preferred: `${long}Second`, operation: 'GET /2' },
        ],
        options,
      );
      for (const each of names) {
        expect(each.length).toBeLessThanOrEqual(Math.min(limit, 64));
        expect(each).toMatch(TOOL_NAME);
      }
      expect(new Set(names).size).toBe(2);
    },
  );

  test('is cut to the same name whatever else the document has', () => {
    const request: NameRequest = { preferred: 'x'.repeat(90), operation: 'GET /x' };
    const alone = nameTools([request], OPTIONS)[0];
    expect(nameTools([{ preferred: 'y'.repeat(90), operation: 'GET /y' }, request], OPTIONS)[1]).toBe(alone);
  });
});

describe('operations that ask for one name', () => {
  const requests: NameRequest[] = [
    { preferred: 'foo.bar', operation: 'GET /a' },
    { preferred: 'foo bar', operation: 'GET /b' },
    { preferred: 'other', operation: 'GET /c' },
    { preferred: 'foo_bar', operation: 'POST /a' },
  ];

  test('all get a suffix, the others none', () => {
    const names = nameTools(requests, OPTIONS);
    expect(new Set(names).size).toBe(4);
    expect(names[2]).toBe('api__other');
    for (const index of [0, 1, 3]) expect(names[index]).toMatch(/^api__foo_bar_[0-9a-f]{8}$/);
  });

  test('keep their names when the document is reordered', () => {
    const byOperation = (list: readonly NameRequest[]) =>
      new Map(nameTools(list, OPTIONS).map((each, index) => [list[index]?.operation, each]));
    expect(byOperation([...requests].reverse())).toEqual(byOperation(requests));
  });

  test('keep their names when an unrelated operation is added', () => {
    const added = nameTools([{ preferred: 'unrelated', operation: 'GET /z' }, ...requests], OPTIONS);
    expect(added.slice(1)).toEqual(nameTools(requests, OPTIONS));
  });

  test('are told apart by fragment and query of their path keys', () => {
    const names = nameTools(
      [
        { preferred: null, operation: 'POST /r#add' },
        { preferred: null, operation: 'POST /r#add?' },
      ],
      OPTIONS,
    );
    expect(new Set(names).size).toBe(2);
  });

  test('stay within the limit', () => {
    const long = 'n'.repeat(80);
    const names = nameTools(
      [1, 2, 3].map((index) => ({ preferred: long, operation: `GET /${index}` })),
      OPTIONS,
    );
    expect(new Set(names).size).toBe(3);
    for (const each of names) expect(each).toMatch(TOOL_NAME);
  });
});
