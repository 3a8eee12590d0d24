import { describe, expect, test } from 'vitest';
import { isUrl, redactedLocation } from '../../lib/spec/location.js';

describe('a location in a log line', () => {
  test.each([
    ['/etc/specs/pets.yaml', '/etc/specs/pets.yaml'],
    ['https://api.example.com/openapi.json', 'https://api.example.com/openapi.json'],
    ['https://user:s3cret@api.example.com/openapi.json', 'https://api.example.com/openapi.json'],
    ['https://api.example.com/o?token=s3cret&v=2', 'https://api.example.com/o?token=…&v=…'],
    ['https://api.example.com/o?s3cret', 'https://api.example.com/o?…'],
    ['https://api.example.com/o#s3cret', 'https://api.example.com/o'],
    ['http://user:s3cret@:bad/o?token=s3cret', 'http://:bad/o'],
  ])('%s is shown as %s', (location, shown) => {
    expect(redactedLocation(location)).toBe(shown);
  });

  test('http and https addresses are fetched, all else is read', () => {
    expect(['http://a/', 'HTTPS://a/', 'file:///a', '/http://a', 'ftp://a/'].map(isUrl)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
