import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createFileSnapshot } from '../../lib/reload/fileSnapshot.js';
import type { DirectoryListener, WatchDirectory } from '../../lib/reload/watchDirectory.js';
import { watchDirectory } from '../../lib/reload/watchDirectory.js';
import { FileFollower } from '../support/fileFollower.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';
import { until } from '../support/until.js';

/** Where what is tested must come by an event: the poll would be too late. */
const EVENTS_ONLY = { pollInterval: 0 };

const deaf: WatchDirectory = (_directory, listener) => {
  queueMicrotask(() => listener.ready());
  return async () => {};
};

/**
 * Events come when the test says so. Nor is it ever said that they will come from now on: the watcher would look once
 * more, at a time that the test does not know.
 */
function heldWatch() {
  const listeners: DirectoryListener[] = [];
  const directories: string[] = [];
  const held: WatchDirectory = (directory, listener) => {
    directories.push(directory);
    listeners.push(listener);
    return async () => {};
  };
  return { watchDirectory: held, listeners, directories };
}

function has(follower: FileFollower, file: string, text: string | null): Promise<number> {
  return until(() => follower.content(file) === text, {
    what: () => `${file} is read as ${text}; it is read as ${follower.content(file)}`,
  });
}

/** Until the watcher hears what happens from now on. */
async function armed(follower: FileFollower, file: string): Promise<void> {
  let count = 0;
  const attempt = async () => {
    writeFileSync(file, `armed ${++count}`);
    // Longer than a reading takes, which each further writing would delay.
    return until(() => follower.content(file)?.startsWith('armed') === true, { within: 1_000 }).then(
      () => true,
      () => false,
    );
  };
  await until(attempt, { within: 10_000 });
  await has(follower, file, `armed ${count}`);
}

describe.concurrent('ordinary files', () => {
  it('reports a file that is written in place, once, and nothing when nothing changes', async () => {
    using directory = new TemporaryDirectory({ 'config.yaml': 'one' });
    const file = join(directory.path, 'config.yaml');
    await using follower = await FileFollower.start([file], { pollInterval: 50 });
    await armed(follower, file);
    const reports = follower.reports.length;

    writeFileSync(file, 'two');
    await has(follower, file, 'two');
    await sleep(500);

    expect(follower.reports.slice(reports)).toEqual([[file]]);
  });

  it.each([
    {
      style: 'a temporary file renamed over it',
      save(file: string, text: string) {
        writeFileSync(`${file}.tmp`, text);
        renameSync(`${file}.tmp`, file);
      },
    },
    {
      style: 'the old file renamed to a backup, a new one written',
      save(file: string, text: string) {
        renameSync(file, `${file}~`);
        writeFileSync(file, text.slice(0, 1));
        writeFileSync(file, text);
        unlinkSync(`${file}~`);
      },
    },
    {
      style: 'deleted and written anew',
      save(file: string, text: string) {
        unlinkSync(file);
        writeFileSync(file, text);
      },
    },
    {
      style: 'truncated and written',
      save(file: string, text: string) {
        writeFileSync(file, '');
        writeFileSync(file, text);
      },
    },
  ])('follows an editor’s saves: $style', async ({ save }) => {
    using directory = new TemporaryDirectory({ 'config.yaml': 'one' });
    const file = join(directory.path, 'config.yaml');
    await using follower = await FileFollower.start([file], EVENTS_ONLY);
    await armed(follower, file);
    for (let version = 0; version < 5; version += 1) {
      save(file, `version ${version}`);
      await has(follower, file, `version ${version}`);
    }
  });

  it('reports a file that goes, and the file that comes back', async () => {
    using directory = new TemporaryDirectory({ 'config.yaml': 'one' });
    const file = join(directory.path, 'config.yaml');
    await using follower = await FileFollower.start([file], EVENTS_ONLY);
    await armed(follower, file);

    unlinkSync(file);
    await has(follower, file, null);
    writeFileSync(file, 'back');
    await has(follower, file, 'back');
  });

  it('never takes a half-written file for whole, however it is cut into pieces', async () => {
    using directory = new TemporaryDirectory({ 'config.yaml': 'one' });
    const file = join(directory.path, 'config.yaml');
    await using follower = await FileFollower.start([file], { pollInterval: 50 });
    await armed(follower, file);
    const before = follower.history.length;
    const accepted = new Set<string | null>();
    for (let version = 0; version < 4; version += 1) {
      const whole = Array.from({ length: 40 }, (_, line) => `version ${version} line ${line}\n`).join('');
      let last = performance.now();
      for (let piece = 0; piece <= 6; piece += 1) {
        const written = whole.slice(0, Math.ceil((whole.length * piece) / 6));
        writeFileSync(file, written);
        await sleep(piece % 2 === 0 ? 130 : 20);
        // A pause that the machine stretched beyond what is promised proves nothing.
        if (performance.now() - last > 180) accepted.add(written);
        last = performance.now();
      }
      accepted.add(whole);
      await has(follower, file, whole);
    }
    const halves = follower.history.slice(before).filter((read) => !accepted.has(read.get(file) ?? null));
    expect(halves).toEqual([]);
    expect(follower.history.length - before).toBeGreaterThanOrEqual(4);
  });

  it('reports nothing for other files of a busy directory, and is not slowed by them', async () => {
    using directory = new TemporaryDirectory({ 'config.yaml': 'one' });
    const file = join(directory.path, 'config.yaml');
    await using follower = await FileFollower.start([file], { pollInterval: 100 });
    await armed(follower, file);
    const reports = follower.reports.length;
    let busy = true;
    const noise = (async () => {
      for (let count = 0; busy; count += 1) {
        writeFileSync(join(directory.path, `noise ${count % 50}`), `${count}`);
        if (count % 10 === 0) unlinkSync(join(directory.path, `noise ${count % 50}`));
        await sleep(2);
      }
    })();
    await sleep(1_200);
    expect(follower.reports.length).toBe(reports);
    writeFileSync(file, 'two');
    const took = await has(follower, file, 'two');
    busy = false;
    await noise;
    expect(took).toBeLessThan(1_000);
    expect(follower.reports.slice(reports)).toEqual([[file]]);
  });

  it('does not even look when other files are touched', async () => {
    using directory = new TemporaryDirectory({ 'config.yaml': 'one' });
    const file = join(directory.path, 'config.yaml');
    const { watchDirectory: held, listeners } = heldWatch();
    await using follower = await FileFollower.start([file], { ...EVENTS_ONLY, watchDirectory: held });
    await until(() => listeners.length === 1);
    writeFileSync(file, 'two');
    listeners[0]?.touched('other.yaml');
    await sleep(300);
    expect(follower.reports).toEqual([]);
    listeners[0]?.touched('config.yaml');
    await has(follower, file, 'two');
  });

  it('reports within about a second although the file changes without pause', async () => {
    using directory = new TemporaryDirectory({ 'config.yaml': 'one' });
    const file = join(directory.path, 'config.yaml');
    await using follower = await FileFollower.start([file], EVENTS_ONLY);
    await armed(follower, file);
    const reports = follower.reports.length;
    const started = performance.now();
    while (follower.reports.length === reports && performance.now() - started < 1_900) {
      writeFileSync(file, `${performance.now()}`);
      await sleep(20);
    }
    expect(follower.reports.length).toBeGreaterThan(reports);
    writeFileSync(file, 'last');
    await has(follower, file, 'last');
  });

  it('reports files of several directories that change together in one report', async () => {
    using directory = new TemporaryDirectory({ 'a/config.yaml': 'one', 'b/spec.yaml': 'one' });
    const files = [join(directory.path, 'a/config.yaml'), join(directory.path, 'b/spec.yaml')];
    await using follower = await FileFollower.start(files, { debounce: 200 });
    for (const file of files) await armed(follower, file);
    const reports = follower.reports.length;
    for (const file of files) writeFileSync(file, 'two');
    for (const file of files) await has(follower, file, 'two');
    expect(follower.reports.slice(reports)).toEqual([files]);
  });
});

describe.concurrent('directories', () => {
  it('notices a directory that is removed and made again', async () => {
    using directory = new TemporaryDirectory({ 'mount/config.yaml': 'one' });
    const mount = join(directory.path, 'mount');
    const file = join(mount, 'config.yaml');
    await using follower = await FileFollower.start([file], EVENTS_ONLY);
    await armed(follower, file);
    for (let round = 0; round < 3; round += 1) {
      rmSync(mount, { recursive: true });
      if (round === 1) await has(follower, file, null);
      directory.write('mount/config.yaml', `round ${round}`);
      await has(follower, file, `round ${round}`);
      writeFileSync(file, `round ${round}, in place`);
      await has(follower, file, `round ${round}, in place`);
    }
  });

  it('notices it for each of several watchers of the same process', async () => {
    using directory = new TemporaryDirectory({ 'mount/config.yaml': 'one' });
    const file = join(directory.path, 'mount/config.yaml');
    await using first = await FileFollower.start([file], EVENTS_ONLY);
    await using second = await FileFollower.start([file], { ...EVENTS_ONLY, debounce: 50 });
    await armed(first, file);
    await armed(second, file);
    for (const version of ['two', 'three']) {
      rmSync(join(directory.path, 'mount'), { recursive: true });
      directory.write('mount/config.yaml', version);
      for (const follower of [first, second]) await has(follower, file, version);
      writeFileSync(file, `${version}, in place`);
      for (const follower of [first, second]) await has(follower, file, `${version}, in place`);
    }
  });

  it('notices another directory in the place of one that was moved away', async () => {
    using directory = new TemporaryDirectory({ 'mount/config.yaml': 'one', 'other/config.yaml': 'two' });
    const file = join(directory.path, 'mount/config.yaml');
    await using follower = await FileFollower.start([file], EVENTS_ONLY);
    await armed(follower, file);
    renameSync(join(directory.path, 'mount'), join(directory.path, 'old'));
    renameSync(join(directory.path, 'other'), join(directory.path, 'mount'));
    await has(follower, file, 'two');
    writeFileSync(file, 'three');
    await has(follower, file, 'three');
  });

  it('finds a file whose directory does not exist yet, several levels deep', async () => {
    using directory = new TemporaryDirectory();
    const file = join(directory.path, 'etc/app/config.yaml');
    await using follower = await FileFollower.start([file], EVENTS_ONLY);
    expect(follower.content(file)).toBeNull();
    directory.write('etc/app/config.yaml', 'one');
    await has(follower, file, 'one');
    writeFileSync(file, 'two');
    await has(follower, file, 'two');
  });

  it('finds by polling what no event tells', async () => {
    using directory = new TemporaryDirectory({ 'mount/config.yaml': 'one' });
    const file = join(directory.path, 'mount/config.yaml');
    await using follower = await FileFollower.start([file], { pollInterval: 100, watchDirectory: deaf });
    writeFileSync(file, 'two');
    await has(follower, file, 'two');
    rmSync(join(directory.path, 'mount'), { recursive: true });
    await has(follower, file, null);
    directory.write('mount/config.yaml', 'three');
    await has(follower, file, 'three');
  });

  it('tells a directory apart from its successor with the same inode number', async () => {
    using directory = new TemporaryDirectory({ 'mount/config.yaml': 'one' });
    const file = join(directory.path, 'mount/config.yaml');
    const { watchDirectory: held, listeners, directories } = heldWatch();
    await using follower = await FileFollower.start([file], { ...EVENTS_ONLY, watchDirectory: held });
    await until(() => listeners.length === 1);
    rmSync(join(directory.path, 'mount'), { recursive: true });
    directory.write('mount/config.yaml', 'two');
    listeners[0]?.touched('config.yaml');
    await has(follower, file, 'two');
    expect(directories).toEqual([join(directory.path, 'mount'), join(directory.path, 'mount')]);
  });

  it('watches anew when something happened to the directory itself', async () => {
    using directory = new TemporaryDirectory({ 'config.yaml': 'one' });
    const file = join(directory.path, 'config.yaml');
    const { watchDirectory: held, listeners } = heldWatch();
    await using _follower = await FileFollower.start([file], { ...EVENTS_ONLY, watchDirectory: held });
    await until(() => listeners.length === 1);
    listeners[0]?.touched('config.yaml');
    listeners[0]?.shaken();
    await until(() => listeners.length === 2);
  });

  it('leaves directories alone that stay in use, and lets go of the others', async () => {
    using directory = new TemporaryDirectory({ 'a/one': '', 'a/two': '', 'b/three': '', 'c/four': '' });
    const file = (name: string) => join(directory.path, name);
    const opened: string[] = [];
    const closed: string[] = [];
    const counting: WatchDirectory = (path, listener) => {
      opened.push(path);
      const stop = watchDirectory(path, listener);
      return () => {
        closed.push(path);
        return stop();
      };
    };
    await using follower = await FileFollower.start([file('a/one'), file('b/three')], {
      watchDirectory: counting,
    });
    await until(() => opened.length === 2);
    follower.watcher.watch([file('a/two'), file('c/four')]);
    await until(() => opened.length === 3 && closed.length === 1);
    expect(opened.sort()).toEqual([file('a'), file('b'), file('c')]);
    expect(closed).toEqual([file('b')]);
    writeFileSync(file('b/three'), 'changed');
    await until(async () => {
      writeFileSync(file('a/two'), `${performance.now()}`);
      await sleep(150);
      return follower.reports.length > 0;
    });
    expect(new Set(follower.reports.flat())).toEqual(new Set([file('a/two')]));
  });
});

describe.concurrent('links', () => {
  it('follows a linked file to where it lies, and the link to another file', async () => {
    using directory = new TemporaryDirectory({
      'store/one.yaml': 'one',
      'store/two.yaml': 'two',
      'etc/x': '',
    });
    const file = join(directory.path, 'etc/config.yaml');
    symlinkSync('../store/one.yaml', file);
    await using follower = await FileFollower.start([file], EVENTS_ONLY);
    await armed(follower, join(directory.path, 'etc/config.yaml'));
    writeFileSync(join(directory.path, 'store/one.yaml'), 'one, changed');
    await has(follower, file, 'one, changed');
    symlinkSync('../store/two.yaml', `${file}.tmp`);
    renameSync(`${file}.tmp`, file);
    await has(follower, file, 'two');
    writeFileSync(join(directory.path, 'store/two.yaml'), 'two, changed');
    await has(follower, file, 'two, changed');
  });

  it('follows a linked directory that is swapped, as git-sync does', async () => {
    using directory = new TemporaryDirectory({
      'sync/one/config.yaml': 'one',
      'sync/two/config.yaml': 'two',
    });
    const link = join(directory.path, 'sync/current');
    symlinkSync('one', link);
    const file = join(link, 'config.yaml');
    await using follower = await FileFollower.start([file], EVENTS_ONLY);
    await armed(follower, file);
    symlinkSync('two', `${link}.tmp`);
    renameSync(`${link}.tmp`, link);
    await has(follower, file, 'two');
  });

  it('outlives a ring of links', async () => {
    using directory = new TemporaryDirectory();
    const file = join(directory.path, 'config.yaml');
    symlinkSync('config.yaml', file);
    await using follower = await FileFollower.start([file], { pollInterval: 50 });
    expect(follower.content(file)).toBeNull();
    unlinkSync(file);
    writeFileSync(file, 'one');
    await has(follower, file, 'one');
    expect(follower.log.of('error')).toEqual([]);
  });
});

describe.concurrent('what was read', () => {
  it('reports a change between the reading and the watching', async () => {
    using directory = new TemporaryDirectory({ 'config.yaml': 'one', 'spec.yaml': 'one' });
    const [config, spec] = [join(directory.path, 'config.yaml'), join(directory.path, 'spec.yaml')];
    await using follower = await FileFollower.start([], EVENTS_ONLY);
    const snapshot = createFileSnapshot();
    await Promise.all([snapshot.read(config), snapshot.read(spec)]);
    writeFileSync(config, 'two');
    follower.watcher.watch([config, spec], snapshot.seen);
    await until(() => follower.reports.length > 0);
    expect(follower.reports).toEqual([[config]]);
  });

  it('does not report a change that was read before it was noticed', async () => {
    using directory = new TemporaryDirectory({ 'config.yaml': 'one' });
    const file = join(directory.path, 'config.yaml');
    const { watchDirectory: held, listeners } = heldWatch();
    await using follower = await FileFollower.start([file], { ...EVENTS_ONLY, watchDirectory: held });
    await until(() => listeners.length === 1);
    writeFileSync(file, 'two');
    const snapshot = createFileSnapshot();
    await snapshot.read(file);
    follower.watcher.watch([file], snapshot.seen);
    listeners[0]?.touched('config.yaml');
    await sleep(400);
    expect(follower.reports).toEqual([]);
    writeFileSync(file, 'three');
    listeners[0]?.touched('config.yaml');
    await until(() => follower.reports.length === 1);
  });
});

describe('close', () => {
  it('leaves no handle behind and reports nothing afterwards', async () => {
    using directory = new TemporaryDirectory({ 'a/config.yaml': 'one', 'b/spec.yaml': 'one' });
    const files = [join(directory.path, 'a/config.yaml'), join(directory.path, 'b/spec.yaml')];
    const handles = () => process.getActiveResourcesInfo().filter((kind) => kind === 'FSEventWrap').length;
    await until(() => handles() === 0);
    const follower = await FileFollower.start(files, { pollInterval: 20, debounce: 20 });
    for (const file of files) await armed(follower, file);
    expect(handles()).toBe(2);
    const reports = follower.reports.length;
    for (const file of files) writeFileSync(file, 'two');
    await follower.watcher.close();
    await follower.watcher.close();
    await until(() => handles() === 0);
    mkdirSync(join(directory.path, 'c'));
    follower.watcher.watch([join(directory.path, 'c/new.yaml')]);
    for (const file of files) writeFileSync(file, 'three');
    await sleep(300);
    expect(follower.reports.length).toBe(reports);
    expect(handles()).toBe(0);
  });

  it('closes watches that are only just being opened', async () => {
    using directory = new TemporaryDirectory({ 'config.yaml': 'one' });
    const handles = () => process.getActiveResourcesInfo().filter((kind) => kind === 'FSEventWrap').length;
    for (let round = 0; round < 10; round += 1) {
      const follower = await FileFollower.start([join(directory.path, 'config.yaml')]);
      await sleep(round / 2);
      await follower[Symbol.asyncDispose]();
    }
    await until(() => handles() === 0);
  });
});
