import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../lib/config/duration.js';
import { canSelectOperation } from '../../lib/config/filterReach.js';
import { formatPath } from '../../lib/config/path.js';
import { parseShare } from '../../lib/config/share.js';
import { formatSize, parseSize } from '../../lib/config/size.js';
import { editDistance, suggestionFor } from '../../lib/config/suggestion.js';

describe('durations', () => {
  test.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1h30m', 5_400_000],
    ['1m30s500ms', 90_500],
    ['1.5s', 1_500],
    ['0s', 0],
    ['', null],
    ['5', null],
    ['s', null],
    ['5 m', null],
    ['-5m', null],
    ['5d', null],
    ['5m!', null],
    ['!5m', null],
    ['5m 30s', null],
    ['1e3s', null],
    ['9'.repeat(400) + 's', null],
  ])('%j is %j milliseconds', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  test.each([
    [0, '0ms'],
    [500, '500ms'],
    [30_000, '30s'],
    [90_000, '90s'],
    [300_000, '5m'],
    [3_600_000, '1h'],
  ])('%d milliseconds are written %s, and read back', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
    expect(parseDuration(text)).toBe(milliseconds);
  });
});

describe('sizes', () => {
  test.each([
    ['1B', 1],
    ['512KB', 524_288],
    ['4MB', 4_194_304],
    ['4mb', 4_194_304],
    ['4MiB', 4_194_304],
    ['1.5KB', 1_536],
    ['1GB', 1_073_741_824],
    ['', null],
    ['MB', null],
    ['4', null],
    ['4 MB', null],
    ['4TB', null],
    ['-4MB', null],
    ['9'.repeat(30) + 'GB', null],
  ])('%j is %j bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each([
    [1, '1B'],
    [1_536, '1536B'],
    [524_288, '512KB'],
    [4_194_304, '4MB'],
  ])('%d bytes are written %s, and read back', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
    expect(parseSize(text)).toBe(bytes);
  });
});

test.each([
  ['50%', 0.5],
  ['100%', 1],
  ['0%', 0],
  ['12.5%', 0.125],
  ['0.5', 0.5],
  [0.5, 0.5],
  [1, 1],
  ['101%', null],
  ['-1%', null],
  ['half', null],
  [2, null],
  [Number.NaN, null],
  [null, null],
  [true, null],
])('the share %j is %j', (value, share) => {
  expect(parseShare(value)).toBe(share);
});

describe('suggestions', () => {
  const keys = ['name', 'base_url', 'timeout', 'max_response_body', 'tls', 'openapi', 'overlay'];
  test.each([
    ['nmae', 'name'],
    ['baseurl', 'base_url'],
    ['baseUrl', 'base_url'],
    ['BASE-URL', 'base_url'],
    ['max_responce_body', 'max_response_body'],
    ['tsl', 'tls'],
    ['open_api', 'openapi'],
    ['colour', null],
    ['', null],
    ['x'.repeat(100_000), null],
  ])('%.20s → %s', (text, suggestion) => {
    expect(suggestionFor(text, keys)).toBe(suggestion);
  });

  test.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['abc', 'abd', 1],
    ['abc', 'ab', 1],
    ['kitten', 'sitting', 3],
  ])('from %j to %j are %d edits', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});

test.each([
  [[], 'config'],
  [['upstreams', 2, 'openapi', 'source'], 'upstreams[2].openapi.source'],
  [['headers', 'X-A'], 'headers.X-A'],
  [['a b'], '["a b"]'],
  [['a', 'b.c', 0], 'a["b.c"][0]'],
  [['x\nupstreams: fine'], '["x\\nupstreams: fine"]'],
])('the path %j is written %s', (path, text) => {
  expect(formatPath(path)).toBe(text);
});

describe('filters that no operation can pass', () => {
  test.each([
    ['$.paths.*.*', true],
    ['$.paths.*.get', true],
    ['$.paths.*[?(@["x-mcp-safe"] == true)]', true],
    ['$.paths["/pets"].*', true],
    ["$.paths['/pets']['get','post']", true],
    ['$..get', true],
    ['$..*', true],
    ['$..[?@.operationId == "a"]', true],
    ['$.paths..*', true],
    ['$.paths.*.additionalOperations.*', true],
    ['$.components.pathItems.*.get', true],
    ['$', false],
    ['$.paths', false],
    ['$.paths.*', false],
    ['$.paths.*.get.responses', false],
    ['$.paths.pets.*', false],
    ['$.paths.*.fetch', false],
    ['$.paths.*[0]', false],
    ['$.paths.*[0:2]', false],
    ['$.components.schemas.*.*', false],
    ['$.info..*', false],
    ['$.webhooks.*.post', false],
  ])('%s can select an operation: %s', (query, possible) => {
    expect(canSelectOperation(query)).toBe(possible);
  });
});
