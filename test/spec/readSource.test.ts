import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { SourceError } from '../../lib/errors.js';
import { loadSource, type SourceOptions } from '../../lib/spec/source.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';

const TEXT = 'openapi: 3.1.0\npaths: {}\n';
const never = new AbortController().signal;

function load(location: string, options: SourceOptions & { readonly maxSize?: number } = {}) {
  const { maxSize = 10_000, ...rest } = options;
  return loadSource({ location, authHeader: '', maxSize }, null, never, rest);
}

async function problemOf(outcome: Promise<unknown>): Promise<string> {
  const error = await outcome.then(
    () => 'loaded',
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SourceError);
  expect(error).toHaveProperty('stage', 'read');
  return (error as SourceError).message;
}

describe('a file', () => {
  test('is read whole, and is unchanged while its bytes are', async () => {
    using directory = new TemporaryDirectory({ 'pets.yaml': TEXT });
    const location = join(directory.path, 'pets.yaml');
    const first = await load(location);
    expect(first.result).toBe('changed');
    expect(Buffer.from(first.snapshot.bytes).toString()).toBe(TEXT);
    expect(first.snapshot).toMatchObject({ location, etag: null, lastModified: null, minimumInterval: null });

    const request = { location, authHeader: '', maxSize: 10_000 };
    directory.write('pets.yaml', TEXT);
    const second = await loadSource(request, first.snapshot, never);
    expect(second.result).toBe('unchanged');
    expect(second.snapshot.bytes).toBe(first.snapshot.bytes);

    directory.write('pets.yaml', `${TEXT}#\n`);
    expect((await loadSource(request, first.snapshot, never)).result).toBe('changed');
  });

  test.each(['pets.yaml.gz', 'pets.yaml'])('that holds gzip is decompressed: %s', async (name) => {
    using directory = new TemporaryDirectory();
    const path = join(directory.path, name);
    writeFileSync(path, gzipSync(TEXT));
    const { snapshot } = await load(path);
    expect(Buffer.from(snapshot.bytes).toString()).toBe(TEXT);
  });

  test('is read through the given reader', async () => {
    const { snapshot } = await load('/mount/pets.yaml', {
      readFile: async (path) => Buffer.from(`# ${path}`),
    });
    expect(Buffer.from(snapshot.bytes).toString()).toBe('# /mount/pets.yaml');
  });

  test('that is not there, no file, or no text of the allowed size is one clear line', async () => {
    using directory = new TemporaryDirectory({
      'large.yaml': 'x'.repeat(101),
      'exact.yaml': 'x'.repeat(100),
    });
    const path = (name: string) => join(directory.path, name);
    mkdirSync(path('directory'));
    writeFileSync(path('bomb.gz'), gzipSync(Buffer.alloc(10_000_000)).subarray(0));
    writeFileSync(path('cut.gz'), gzipSync(TEXT).subarray(0, 30));
    execFileSync('mkfifo', [path('pipe')]);
    expect(await problemOf(load(path('none.yaml')))).toBe('must be a readable file: not found (ENOENT)');
    expect(await problemOf(load(path('large.yaml/x')))).toBe(
      'must be a readable file: not found, a part of the path is no directory (ENOTDIR)',
    );
    expect(await problemOf(load(path('directory')))).toBe('must be a file, is a directory');
    expect(await problemOf(load(path('pipe')))).toBe('must be a regular file');
    expect(await problemOf(load(path('large.yaml'), { maxSize: 100 }))).toBe(
      'must be at most 100 bytes (openapi.max_size), is larger',
    );
    expect((await load(path('exact.yaml'), { maxSize: 100 })).result).toBe('changed');
    expect(await problemOf(load(path('bomb.gz'), { maxSize: 1_000_000 }))).toBe(
      'must be at most 1000000 bytes (openapi.max_size), is larger',
    );
    expect(await problemOf(load(path('cut.gz')))).toBe('must be a whole gzip file (Z_BUF_ERROR)');
  });

  test.skipIf(process.getuid?.() === 0)('that may not be read says so', async () => {
    using directory = new TemporaryDirectory({ 'pets.yaml': TEXT });
    const path = join(directory.path, 'pets.yaml');
    chmodSync(path, 0);
    expect(await problemOf(load(path))).toBe('must be a readable file: permission denied (EACCES)');
  });

  test('whose reader fails or gives too much is refused like any other', async () => {
    const missing = Object.assign(new Error('gone'), { code: 'EACCES' });
    const failing = load('/mount/a', { readFile: () => Promise.reject(missing) });
    expect(await problemOf(failing)).toBe('must be a readable file: permission denied (EACCES)');
    const large = load('/mount/a', { maxSize: 3, readFile: async () => Buffer.from('abcd') });
    expect(await problemOf(large)).toBe('must be at most 3 bytes (openapi.max_size), is larger');
  });

  test('is not read once the deadline has passed, and overtaken loads end with their reason', async () => {
    using directory = new TemporaryDirectory({ 'pets.yaml': TEXT });
    const request = { location: join(directory.path, 'pets.yaml'), authHeader: '', maxSize: 1_000 };
    const timeout = AbortSignal.abort(new DOMException('late', 'TimeoutError'));
    expect(await problemOf(loadSource(request, null, timeout))).toBe(
      'must be readable within the time limit',
    );
    await expect(loadSource(request, null, AbortSignal.abort('overtaken'))).rejects.toBe('overtaken');
  });

  test('that is a real document of 13 MB comes back byte for byte', async () => {
    const location = join(process.cwd(), 'node_modules/@octokit/openapi/generated/api.github.com.json');
    const { snapshot } = await load(location, { maxSize: 64_000_000 });
    expect(Buffer.compare(snapshot.bytes, readFileSync(location))).toBe(0);
  });
});
