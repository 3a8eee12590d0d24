import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readEntry } from '../../lib/reload/entry.js';
import { createFileSnapshot } from '../../lib/reload/fileSnapshot.js';
import { trace } from '../../lib/reload/trace.js';
import { AtomicWriter } from '../support/atomicWriter.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';

const text = async (content: Promise<Buffer>) => (await content).toString('utf8');

describe.concurrent('ordinary files', () => {
  it('reads a file that was left alone at once', async () => {
    using directory = new TemporaryDirectory({ 'config.yaml': 'one' });
    await sleep(220);
    const times: number[] = [];
    for (let count = 0; count < 5; count += 1) {
      const started = performance.now();
      expect(await text(createFileSnapshot().read(join(directory.path, 'config.yaml')))).toBe('one');
      times.push(performance.now() - started);
    }
    expect(Math.min(...times)).toBeLessThan(150);
  });

  it('waits for a file that has just been written, whatever age the writer gives it', async () => {
    using directory = new TemporaryDirectory();
    const file = directory.write('config.yaml', 'half');
    utimesSync(file, new Date('2020-01-01'), new Date('2020-01-01'));
    const content = createFileSnapshot().read(file);
    await sleep(100);
    writeFileSync(file, 'half and half');
    expect(await text(content)).toBe('half and half');
  });

  it('waits out the moment in which an editor has moved the file away', async () => {
    using directory = new TemporaryDirectory();
    const content = createFileSnapshot().read(join(directory.path, 'config.yaml'));
    await sleep(50);
    directory.write('config.yaml', 'new');
    expect(await text(content)).toBe('new');
  });

  it('reads each file once, so that all who ask get the same', async () => {
    using directory = new TemporaryDirectory({ 'config.yaml': 'one' });
    const file = join(directory.path, 'config.yaml');
    const snapshot = createFileSnapshot();
    const first = await snapshot.read(file);
    writeFileSync(file, 'two');
    expect(await snapshot.read(join(directory.path, 'x/../config.yaml'))).toBe(first);
  });

  it('gives up on a file that is written without pause', async () => {
    using directory = new TemporaryDirectory({ 'config.yaml': 'one' });
    const file = join(directory.path, 'config.yaml');
    const writing = setInterval(() => writeFileSync(file, `${performance.now()}`), 20);
    await expect(createFileSnapshot({ patience: 500 }).read(file)).rejects.toThrow(
      `${file} is being written without pause`,
    );
    clearInterval(writing);
  });

  it.each([
    { what: 'a missing file', make: () => {}, code: 'ENOENT', message: 'ENOENT: no such file or directory' },
    {
      what: 'a directory',
      make: (path: string) => mkdirSync(path),
      code: 'EISDIR',
      message: 'EISDIR: illegal operation on a directory',
    },
    {
      what: 'a ring of links',
      make: (path: string) => symlinkSync(path, path),
      code: 'ELOOP',
      message: 'ELOOP: cannot be opened',
    },
    {
      what: 'a pipe',
      make: (path: string) => execFileSync('mkfifo', [path]),
      code: undefined,
      message: 'is not a regular file',
    },
  ])('refuses $what', async ({ make, code, message }) => {
    using directory = new TemporaryDirectory();
    const path = join(directory.path, 'config.yaml');
    make(path);
    const error = await createFileSnapshot()
      .read(path)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ message: expect.stringContaining(message) });
    expect(error).toMatchObject({ message: expect.stringContaining(path) });
    expect((error as { code?: string }).code).toBe(code);
  });

  it('remembers what each file was like, also those that are missing', async () => {
    using directory = new TemporaryDirectory({ 'a.yaml': 'one', 'b/c.yaml': 'two' });
    new AtomicWriter(join(directory.path, 'b')).writeSync({ 'd.yaml': 'three', 'e/f.yaml': 'four' });
    const files = ['a.yaml', 'b/c.yaml', 'b/d.yaml', 'b/e/f.yaml', 'missing.yaml', 'b/missing.yaml'].map(
      (name) => join(directory.path, name),
    );
    const snapshot = createFileSnapshot();
    await Promise.allSettled(files.map(snapshot.read));
    // Whatever differed from what a watcher sees would be reported, and read, for ever.
    const now = await Promise.all(
      files.map(async (file) => [file, (await trace(file, readEntry)).fingerprint] as const),
    );
    expect(new Map([...snapshot.seen].sort())).toEqual(new Map(now.sort()));
  });
});

describe.concurrent('ConfigMap and Secret volumes', () => {
  it('never mixes two states of a volume while it is updated again and again', async () => {
    using directory = new TemporaryDirectory();
    const writer = new AtomicWriter(directory.path);
    const keys = ['a.yaml', 'b.yaml', 'c/d.yaml'];
    const payload = (version: number) => Object.fromEntries(keys.map((key) => [key, `${version}`]));
    await writer.write(payload(0));
    let updating = true;
    let version = 0;
    const updates = (async () => {
      while (updating) {
        await writer.write(payload(++version));
        await sleep(5);
      }
    })();
    const seen = new Set<string>();
    for (let count = 0; count < 40; count += 1) {
      const snapshot = createFileSnapshot();
      const versions: string[] = [];
      for (const key of keys) {
        versions.push(await text(snapshot.read(join(directory.path, key))));
        await sleep(2);
      }
      expect(new Set(versions).size).toBe(1);
      seen.add(versions[0] ?? '');
    }
    updating = false;
    await updates;
    expect(seen.size).toBeGreaterThan(20);
  });

  it('reads later keys of the state that the first was read from, though it is gone by then', async () => {
    using directory = new TemporaryDirectory();
    const writer = new AtomicWriter(directory.path);
    await writer.write({ 'config.yaml': 'old', 'spec.yaml': 'old' });
    const snapshot = createFileSnapshot();
    expect(await text(snapshot.read(join(directory.path, 'config.yaml')))).toBe('old');
    await writer.write({ 'config.yaml': 'new', 'other.yaml': 'new' });
    expect(await text(snapshot.read(join(directory.path, 'spec.yaml')))).toBe('old');
    expect(await text(createFileSnapshot().read(join(directory.path, 'config.yaml')))).toBe('new');
  });

  it('reads a key at once, however new it is', async () => {
    using directory = new TemporaryDirectory();
    const writer = new AtomicWriter(directory.path);
    const times: number[] = [];
    for (const content of ['one', 'two', 'three', 'four', 'five']) {
      await writer.write({ 'config.yaml': content });
      const started = performance.now();
      expect(await text(createFileSnapshot().read(join(directory.path, 'config.yaml')))).toBe(content);
      times.push(performance.now() - started);
    }
    // The fastest: what is read at once never waits 200 ms; a busy machine may.
    expect(Math.min(...times)).toBeLessThan(150);
  });

  it('reads a new key between the swap and the linking of it', async () => {
    using directory = new TemporaryDirectory();
    const writer = new AtomicWriter(directory.path);
    await writer.write({ 'config.yaml': 'one' });
    const found = new Set<string>();
    for (const _call of writer.calls({ 'config.yaml': 'two', 'spec.yaml': 'new' })) {
      const snapshot = createFileSnapshot();
      const config = await text(snapshot.read(join(directory.path, 'config.yaml')));
      if (config === 'two') found.add(await text(snapshot.read(join(directory.path, 'spec.yaml'))));
    }
    expect(found).toEqual(new Set(['new']));
  });

  it('says that a key is missing without waiting for it', async () => {
    using directory = new TemporaryDirectory();
    await new AtomicWriter(directory.path).write({ 'config.yaml': 'one' });
    symlinkSync('..data/gone.yaml', join(directory.path, 'gone.yaml'));
    await expect(createFileSnapshot().read(join(directory.path, 'gone.yaml'))).rejects.toThrow('ENOENT');
  });
});
