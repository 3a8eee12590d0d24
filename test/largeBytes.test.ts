import { createHash, randomBytes } from 'node:crypto';
import { truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readWhole, sha256Of, shared } from '../lib/largeBytes.js';
import { gunzipped } from '../lib/spec/content.js';
import { TemporaryDirectory } from './support/temporaryDirectory.js';

const MEGABYTE = 1024 * 1024;
const sizes = [0, 1, MEGABYTE - 1, MEGABYTE, MEGABYTE + 1, 3 * MEGABYTE + 17];

describe.each(sizes)('%i bytes', (size) => {
  const bytes = randomBytes(size);

  it('have the digest that hashing in one go gives', async () => {
    expect(await sha256Of(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('are shared as they are, and once only', async () => {
    const copy = await shared(bytes);
    expect(copy.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(bytes.equals(copy)).toBe(true);
    expect(await shared(copy)).toBe(copy);
  });

  it('are read from a file as they are', async () => {
    using directory = new TemporaryDirectory();
    const path = join(directory.path, 'document');
    writeFileSync(path, bytes);
    await using file = await open(path);
    expect((await readWhole(file, size)).equals(bytes)).toBe(true);
  });
});

it('shares what can still be unpacked and decoded', async () => {
  const text = `{"a":"${'ä'.repeat(MEGABYTE)}"}`;
  const unpacked = await gunzipped(await shared(gzipSync(text)), 10 * MEGABYTE);
  expect(Buffer.from(unpacked).toString('utf8')).toBe(text);
});

describe('readWhole', () => {
  it('gives what there is of a file that has become shorter', async () => {
    using directory = new TemporaryDirectory();
    const path = join(directory.path, 'document');
    writeFileSync(path, randomBytes(2 * MEGABYTE));
    await using file = await open(path);
    truncateSync(path, 5);
    expect(await readWhole(file, 2 * MEGABYTE)).toHaveLength(5);
  });
});

it('lets other work take its turn', async () => {
  const bytes = randomBytes(8 * MEGABYTE);
  let turns = 0;
  let done = false;
  const count = (): void => {
    turns += 1;
    if (!done) setImmediate(count);
  };
  setImmediate(count);
  await sha256Of(bytes);
  done = true;
  expect(turns).toBeGreaterThanOrEqual(7);
});
