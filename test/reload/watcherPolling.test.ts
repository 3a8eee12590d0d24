import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { silentLogger } from '../../lib/observe/logger.js';
import { Metrics } from '../../lib/observe/metrics.js';
import { type WatchDirectory, watchDirectory } from '../../lib/reload/watchDirectory.js';
import { Watcher } from '../../lib/reload/watcher.js';
import { FileFollower } from '../support/fileFollower.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';
import { until } from '../support/until.js';

/** As chokidar does when inotify is exhausted: one error, and then nothing. */
function exhausted(code: string, recovered: () => boolean = () => false): WatchDirectory {
  return (directory, listener) => {
    if (recovered()) return watchDirectory(directory, listener);
    queueMicrotask(() => listener.failed(Object.assign(new Error(`${code}: watch`), { code })));
    return async () => {};
  };
}

async function polled(follower: FileFollower): Promise<number | undefined> {
  return (await follower.metrics.watcherPolling.get()).values[0]?.value;
}

it.concurrent.each(['EMFILE', 'ENOSPC'])(
  'goes on by polling when watching fails by %s, with one warning',
  async (code) => {
    using directory = new TemporaryDirectory({ 'a/config.yaml': 'one', 'b/spec.yaml': 'one' });
    const files = [join(directory.path, 'a/config.yaml'), join(directory.path, 'b/spec.yaml')];
    await using follower = await FileFollower.start(files, {
      pollInterval: 50,
      watchDirectory: exhausted(code),
    });
    await until(async () => (await polled(follower)) === 2);
    for (const version of ['two', 'three']) {
      for (const file of files) writeFileSync(file, version);
      await until(() => files.every((file) => follower.content(file) === version), { what: version });
    }
    expect(follower.log.of('warn')).toEqual([
      {
        level: 'warn',
        fields: { directory: join(directory.path, 'a'), code },
        message: 'file events are not available: watching by polling, and trying again',
      },
    ]);
    await follower.watcher.close();
    expect(await polled(follower)).toBe(0);
  },
);

it.concurrent('takes events up again as soon as they are to be had, and warns anew when they fail anew', async () => {
  using directory = new TemporaryDirectory({ 'a/config.yaml': 'one', 'b/spec.yaml': 'one' });
  const file = join(directory.path, 'a/config.yaml');
  let available = false;
  await using follower = await FileFollower.start([file], {
    pollInterval: 50,
    watchDirectory: exhausted('EMFILE', () => available),
  });
  await until(async () => (await polled(follower)) === 1);
  available = true;
  await until(async () => (await polled(follower)) === 0, { within: 5_000 });
  expect(follower.log.of('info').map((line) => line.message)).toEqual(['file events are available again']);
  available = false;
  follower.watcher.watch([file, join(directory.path, 'b/spec.yaml')]);
  await until(() => follower.log.of('warn').length === 2);
  expect(await polled(follower)).toBe(1);
});

it.concurrent('polls although polling is off when that is all there is', async () => {
  using directory = new TemporaryDirectory({ 'config.yaml': 'one' });
  const file = join(directory.path, 'config.yaml');
  await using follower = await FileFollower.start([file], {
    pollInterval: 0,
    watchDirectory: exhausted('ENOSPC'),
  });
  await until(async () => (await polled(follower)) === 1);
  writeFileSync(file, 'two');
  await until(() => follower.content(file) === 'two', { within: 4_000 });
});

it.concurrent('bounds what a file system can cause whose files never look the same twice', async () => {
  using directory = new TemporaryDirectory({ 'config.yaml': 'one' });
  const file = join(directory.path, 'config.yaml');
  let reports = 0;
  const watcher = new Watcher({
    logger: silentLogger,
    metrics: new Metrics(),
    debounce: () => 100,
    pollInterval: () => 0,
    onChange: () => {
      reports += 1;
      read();
    },
  });
  const read = () => watcher.watch([file], new Map([[file, `never the same ${reports}`]]));
  read();
  await until(() => reports > 0);
  await sleep(1_000);
  await watcher.close();
  expect(reports).toBeGreaterThan(2);
  expect(reports).toBeLessThan(13);
});
