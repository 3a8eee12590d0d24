import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { watchDirectory } from '../../lib/reload/watchDirectory.js';
import { AtomicWriter } from '../support/atomicWriter.js';
import { FileFollower } from '../support/fileFollower.js';
import { seededRandom } from '../support/random.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';
import { until } from '../support/until.js';

/** Set for the long form, as `npm run test:soak` does. */
const SOAK = process.env['SOAK'] === '1';

const KEYS = ['config.yaml', 'other.yaml'] as const;

/** A volume of which every state is the same version in all keys. */
class VersionedVolume {
  readonly writer: AtomicWriter;
  readonly files: readonly string[];
  version = 0;

  constructor(parent: string) {
    this.writer = new AtomicWriter(mkdtempSync(join(parent, 'mount-')));
    this.files = KEYS.map((key) => join(this.writer.directory, key));
    this.writer.writeSync(this.#payload());
  }

  update(): Promise<void> {
    this.version += 1;
    return this.writer.write(this.#payload());
  }

  updateSync(): void {
    this.version += 1;
    this.writer.writeSync(this.#payload());
  }

  /** The newest version within 2 s of now. */
  async isRead(follower: FileFollower): Promise<number> {
    return until(() => this.files.every((file) => follower.content(file) === `version ${this.version}`), {
      what: () => `version ${this.version}; read: ${this.files.map((file) => follower.content(file))}`,
    });
  }

  #payload(): Record<string, string> {
    return Object.fromEntries(KEYS.map((key) => [key, `version ${this.version}`]));
  }
}

/** Snapshots in which two keys of one volume are of different versions, or one was not there. */
function torn(follower: FileFollower, volumes: readonly VersionedVolume[]): unknown[] {
  return follower.history.filter((contents) =>
    volumes.some(({ files }) => {
      const versions = new Set(files.map((file) => contents.get(file) ?? null));
      return versions.size !== 1 || versions.has(null);
    }),
  );
}

describe.concurrent('ConfigMap and Secret volumes', () => {
  it('misses none of a row of updates, each read whole within 2 s', async () => {
    using directory = new TemporaryDirectory();
    const volume = new VersionedVolume(directory.path);
    await using follower = await FileFollower.start(volume.files, { pollInterval: 0 });
    let slowest = 0;
    for (let count = 0; count < (SOAK ? 20 : 8); count += 1) {
      const next = sleep(300);
      await volume.update();
      slowest = Math.max(slowest, await volume.isRead(follower));
      await next;
    }
    expect(torn(follower, [volume])).toEqual([]);
    expect(slowest).toBeLessThan(2_000);
  });

  it('survives bursts of updates at 10 ms and reads the last one', async () => {
    using directory = new TemporaryDirectory();
    const volume = new VersionedVolume(directory.path);
    await using follower = await FileFollower.start(volume.files, { pollInterval: 0 });
    for (let burst = 0; burst < 6; burst += 1) {
      for (let count = 0; count < 10; count += 1) {
        const next = sleep(10);
        await volume.update();
        await next;
      }
      await volume.isRead(follower);
    }
    expect(torn(follower, [volume])).toEqual([]);
  });

  it('applies updates of three volumes in random order, in bursts, and never mixes states', async () => {
    using directory = new TemporaryDirectory();
    const random = seededRandom(7);
    const volumes = [1, 2, 3].map(() => new VersionedVolume(directory.path));
    const files = volumes.flatMap((volume) => volume.files);
    await using follower = await FileFollower.start(files, { pollInterval: 2_000 });
    const updates = SOAK ? 100 : 30;
    let left = volumes.flatMap((volume) => Array.from({ length: updates }, () => volume));
    left = left
      .map((volume) => ({ volume, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ volume }) => volume);
    while (left.length > 0) {
      for (const volume of left.splice(0, 1 + Math.floor(random() * 6))) {
        await volume.update();
        if (random() < 0.5) await sleep(random() * 40);
      }
      await Promise.all(volumes.map((volume) => volume.isRead(follower)));
    }
    expect(volumes.map((volume) => volume.version)).toEqual([updates, updates, updates]);
    expect(torn(follower, volumes)).toEqual([]);
    const reported = new Set(follower.reports.flat());
    expect(reported).toEqual(new Set(files));
  }, 120_000);

  it('reports nothing when the kubelet finds nothing to write, and nothing while nothing happens', async () => {
    using directory = new TemporaryDirectory();
    const volume = new VersionedVolume(directory.path);
    await using follower = await FileFollower.start(volume.files, { pollInterval: 30 });
    await volume.update();
    await volume.isRead(follower);
    const reports = follower.reports.length;
    await volume.writer.write({ 'config.yaml': 'version 1', 'other.yaml': 'version 1' });
    await sleep(400);
    expect(follower.reports.length).toBe(reports);
  });

  it.each(['before_swap', 'after_swap'] as const)(
    'finds a volume that is empty at first, keys that come and go (%s)',
    async (linkKeys) => {
      using directory = new TemporaryDirectory();
      const mount = join(directory.path, 'mount');
      mkdirSync(mount);
      const writer = new AtomicWriter(mount, { linkKeys });
      const [config, added] = [join(mount, 'config.yaml'), join(mount, 'added.yaml')];
      await using follower = await FileFollower.start([config, added], { pollInterval: 0 });
      const read = () => [follower.content(config), follower.content(added)];

      await writer.write({ 'config.yaml': 'one' });
      await until(() => read().join() === 'one,', { what: () => `config only: ${read()}` });
      await writer.write({ 'config.yaml': 'two', 'added.yaml': 'new' });
      await until(() => read().join() === 'two,new', { what: () => `both: ${read()}` });
      await writer.write({ 'config.yaml': 'two' });
      await until(() => read().join() === 'two,', { what: () => `key removed: ${read()}` });
      await writer.write({});
      await until(() => read().join() === ',', { what: () => `emptied: ${read()}` });
      await writer.write({ 'config.yaml': 'three', 'added.yaml': 'again' });
      await until(() => read().join() === 'three,again', { what: () => `filled again: ${read()}` });
    },
  );

  it('finds a volume that is mounted later, and one that is unmounted and mounted again', async () => {
    using directory = new TemporaryDirectory();
    const mount = join(directory.path, 'mount');
    const config = join(mount, 'config.yaml');
    await using follower = await FileFollower.start([config], { pollInterval: 0 });
    for (const version of ['one', 'two', 'three']) {
      rmSync(mount, { recursive: true, force: true });
      mkdirSync(mount);
      const writer = new AtomicWriter(mount);
      await writer.write({ 'config.yaml': version });
      await until(() => follower.content(config) === version, { what: version });
      await writer.write({ 'config.yaml': `${version}, updated` });
      await until(() => follower.content(config) === `${version}, updated`, { what: `${version}, updated` });
    }
  });

  it('keeps one watch per volume, however often it is updated', async () => {
    using directory = new TemporaryDirectory();
    const volume = new VersionedVolume(directory.path);
    const watched: string[] = [];
    await using follower = await FileFollower.start(volume.files, {
      watchDirectory: (path, listener) => {
        watched.push(path);
        return watchDirectory(path, listener);
      },
    });
    for (let count = 0; count < 3; count += 1) {
      await volume.update();
      await volume.isRead(follower);
    }
    expect(watched).toEqual([volume.writer.directory]);
  });

  it('follows keys in folders of a volume', async () => {
    using directory = new TemporaryDirectory();
    const writer = new AtomicWriter(directory.path);
    await writer.write({ 'specs/pets/openapi.yaml': 'one' });
    const spec = join(directory.path, 'specs/pets/openapi.yaml');
    await using follower = await FileFollower.start([spec], { pollInterval: 0 });
    expect(follower.content(spec)).toBe('one');
    await writer.write({ 'specs/pets/openapi.yaml': 'two' });
    await until(() => follower.content(spec) === 'two');
  });
});

it('survives a burst while the event loop is blocked', async () => {
  using directory = new TemporaryDirectory();
  const volume = new VersionedVolume(directory.path);
  await using follower = await FileFollower.start(volume.files, { pollInterval: 0 });
  for (let round = 0; round < 2; round += 1) {
    const end = performance.now() + 1_200;
    for (let count = 0; count < 10; count += 1) volume.updateSync();
    while (performance.now() < end);
    volume.updateSync();
    await volume.isRead(follower);
  }
  // A single update afterwards: whatever is dead now would stay so.
  await volume.update();
  await volume.isRead(follower);
});
