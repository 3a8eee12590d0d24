import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { SourceError } from '../../lib/errors.js';
import { Metrics } from '../../lib/observe/metrics.js';
import { Reloader } from '../../lib/reload/reloader.js';
import { createLiveTable } from '../../lib/table/liveTable.js';
import { Compiler } from '../../lib/tools/compiler.js';
import { CollectedLog } from '../support/collectedLog.js';
import { RunningProxy } from '../support/runningProxy.js';
import { smallDocument } from '../support/smallDocument.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';
import { until } from '../support/until.js';
import { configOf } from './reloadConfig.js';

/** Nothing that parses may need as much: 240 bytes of heap for every three of text. */
const TOO_LARGE = `{"openapi":"3.1.0","x":[${'{},'.repeat(5_000_000)}0]}`;
const GITHUB = readFileSync(
  createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json'),
  'utf8',
);
/** Looks at everything below everything: at once with a small document, for hours with GitHub's. */
const ENDLESS = "groups: [{ name: all, endpoint: /mcp, upstreams: [a], filter: '$..[?count(@..*) >= 0]' }]";

describe('a document that cannot be compiled in a reload', () => {
  it.each([
    ['needs more memory than there is', TOO_LARGE, '', /needs more than \d+ MB of memory to compile/],
    [
      'takes longer than it may',
      GITHUB,
      `server: { startup_validation_timeout: 3s }\n${ENDLESS}`,
      /is not compiled after [\d.]+ s/,
    ],
  ])('leaves the last good one in service: it %s', async (_, document, rest, cause) => {
    const good = smallDocument('one');
    await using proxy = await RunningProxy.start({
      files: {
        'mcp.yaml': configOf({ a: 'a.json', b: 'b.json' }, rest),
        'a.json': good,
        'b.json': smallDocument('two'),
      },
    });
    const before = await proxy.tools();
    proxy.directory.write('a.json', document);
    await proxy.untilMetric('spec_last_refresh_successful', 0, { upstream: 'a' }, 10_000);
    expect(await proxy.tools()).toEqual(before);
    const [line, ...more] = proxy.log.of('error');
    expect(more).toEqual([]);
    expect(line?.fields).toMatchObject({
      upstream: 'a',
      stage: 'compile',
      trigger: 'file',
      problems: [expect.stringMatching(cause)],
    });
    expect(proxy.handler.notReadyReasons()).toEqual([]);
    // What is good again is what serves: nothing to compile, and yet the failure is over.
    proxy.directory.write('a.json', good);
    await proxy.untilMetric('spec_last_refresh_successful', 1, { upstream: 'a' }, 10_000);
    expect(await proxy.metric('table_swaps_total')).toBe(1);
  });

  it('is tried again by itself when nothing was wrong with it', async () => {
    using directory = new TemporaryDirectory({
      'mcp.yaml': configOf({ a: 'a.json' }).replace('poll_interval: 500ms', 'poll_interval: 0s'),
      'a.json': smallDocument('one'),
    });
    const compiler = new Compiler();
    const log = new CollectedLog();
    let crashes = 0;
    let crashing = false;
    const { reader, writer } = createLiveTable({
      onDraining: () => {},
      onDisposed: () => {},
      onCloseError: () => {},
    });
    const reloader = new Reloader({
      config: join(directory.path, 'mcp.yaml'),
      directory: directory.path,
      env: {},
      use: 'middleware',
      watch: true,
      reader,
      writer,
      logger: log,
      metrics: new Metrics(new Registry()),
      onConfig: () => {},
      onDocumentsTouched: () => {},
      onSwap: () => {},
      onFailure: () => {},
      createClient: () => ({
        circuitState: null,
        send: () => Promise.reject(new Error('not called in this test')),
        close: async () => {},
      }),
      compile: (job, limits) => {
        if (!crashing) return compiler.compile(job, limits);
        crashes += 1;
        return Promise.reject(new SourceError('compile', 'a.json', 'the compiler ended without an answer'));
      },
    });
    try {
      await reloader.start();
      crashing = true;
      directory.write('a.json', smallDocument('two'));
      await until(() => crashes === 1, { within: 5_000 });
      await until(() => log.of('error').length === 1);
      expect(reader.peek()?.generation).toBe(1);
      crashing = false;
      await until(() => reader.peek()?.generation === 2, { within: 5_000 });
      expect(reloader.journal()[0]).toMatchObject({ trigger: 'retry', outcome: 'applied' });
    } finally {
      await reloader.close();
      await writer.close();
      await compiler.close();
    }
  });
});
