import { expect, test } from 'vitest';
import { portablePattern } from '../../lib/tools/pattern.js';

test.each([
  ['a valid one stays', '^[a-z]+$', '^[a-z]+$'],
  ['escapes that escape nothing go', '^\\@[\\w\\-\\.]+\\-x\\:$', '^@[\\w\\-\\.]+-x:$'],
  ['delimiters go', '/^[a-z]+$/i', '^[a-z]+$'],
  ['slashes of a path stay', '/v1/.*', '/v1/.*'],
  ['an inline flag is none', '(?i)^a$', null],
  ['an unclosed class is none', '[a-', null],
  ['a POSIX class is none', '^[[:alpha:]]$', null],
  ['a lone brace is none', '^{x}$', null],
  ['Unicode properties stay', '^\\p{L}+$', '^\\p{L}+$'],
  ['Java anchors are none', '\\Aa\\z', null],
])('%s: %s → %s', (_, pattern, expected) => {
  expect(portablePattern(pattern)).toBe(expected);
});
