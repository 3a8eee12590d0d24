import { describe, expect, test } from 'vitest';
import { isReference, pointerToken, resolvePointer } from '../../lib/spec/reference.js';

const ROOT = JSON.parse(`{
  "paths": { "/v2/nfs": { "get": { "responses": { "401": "unauthorized" } } }, "/a b/{id}": 1, "/50%": 2 },
  "a~b": { "": 3 },
  "list": [{ "x": 4 }, 5],
  "nothing": null,
  "__proto__": { "own": 6 },
  "alias": { "$ref": "#/list/0" },
  "far": { "$ref": "#/alias" },
  "loop": { "$ref": "#/loop" },
  "ping": { "$ref": "#/pong" },
  "pong": { "$ref": "#/ping" },
  "properties": { "$ref": { "type": "string" } }
}`);

describe('a local pointer', () => {
  test.each([
    ['#/paths/~1v2~1nfs/get/responses/401', 'unauthorized'],
    ['/paths/~1v2~1nfs/get/responses/401', 'unauthorized'],
    ['#/paths/%2Fv2%2Fnfs/get/responses/401', 'unauthorized'],
    ['#/paths/%7E1v2%7E1nfs/get/responses/401', 'unauthorized'],
    ['#/paths/~1a%20b~1%7Bid%7D', 1],
    ['#/paths/~1a b~1{id}', 1],
    ['#/paths/~150%', 2],
    ['#/paths/~150%25', 2],
    ['#/a~0b/', 3],
    ['#/list/0/x', 4],
    ['#/list/1', 5],
    ['#/nothing', null],
    ['#/__proto__/own', 6],
    ['#/alias/x', 4],
    ['#/far/x', 4],
    ['#/properties/$ref/type', 'string'],
  ])('%s is found', (pointer, value) => {
    expect(resolvePointer(ROOT, pointer)).toEqual({ found: true, value });
  });

  test('of nothing is the root', () => {
    expect(resolvePointer(ROOT, '#').value).toBe(ROOT);
    expect(resolvePointer(ROOT, '').value).toBe(ROOT);
  });

  test('to a reference is the reference itself', () => {
    expect(resolvePointer(ROOT, '#/alias').value).toEqual({ $ref: '#/list/0' });
  });

  test.each([
    '#/paths/none',
    '#/constructor',
    '#/toString',
    '#/list/length',
    '#/list/-1',
    '#/list/00',
    '#/list/2',
    '#/list/-',
    '#/nothing/x',
    '#/a~0b/x',
    '#/loop/x',
    '#/ping/x',
    '#anchor',
    'paths',
  ])('%s is not found', (pointer) => {
    expect(resolvePointer(ROOT, pointer)).toEqual({ found: false, value: undefined });
  });

  test('is written so that it can be read again', () => {
    for (const key of ['/v2/nfs', 'a~b', '~1', '', '50%', 'models/ä b.yml']) {
      expect(resolvePointer({ [key]: 'it' }, `#/${pointerToken(key)}`).value).toBe('it');
    }
  });
});

test('only an object with a $ref of its own that is a string is a reference', () => {
  expect(isReference({ $ref: '#/a', description: 'x' })).toBe(true);
  const inherited = Object.create({ $ref: '#/a' });
  for (const value of [null, '#/a', ['$ref'], {}, { $ref: { type: 'string' } }, { $ref: 1 }, inherited]) {
    expect(isReference(value)).toBe(false);
  }
});
