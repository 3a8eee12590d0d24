import { expect, test } from 'vitest';
import { ConfigError, LoadError, SourceError, UpstreamLoadError } from '../../lib/index.js';
import { problemLines } from '../../sidecar/problems.js';
import { UsageError } from '../../sidecar/usageError.js';

const unreachable = new UpstreamLoadError(
  'pets',
  new SourceError('fetch', 'https://a.example/spec', 'answers 503'),
);

test.each([
  [
    'every problem of a config',
    new ConfigError(['a: must be b', 'c: must be d']),
    ['a: must be b', 'c: must be d'],
  ],
  ['a problem as one line', new ConfigError(['a: must be\n  b']), ['a: must be b']],
  [
    'every failure of a load',
    new LoadError([unreachable, new ConfigError(['x: must be y'])]),
    ['upstream "pets": https://a.example/spec: answers 503', 'x: must be y'],
  ],
  ['a mistake of the caller', new UsageError('there is no group "x"'), ['there is no group "x"']],
  [
    'a defect, without its stack',
    new TypeError('x is not a function'),
    ['unexpected error: x is not a function'],
  ],
  ['what is no error', 'no', ['unexpected error: no']],
])('shows %s', (_case, error, lines) => {
  expect(problemLines(error)).toEqual(lines);
});
