import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Deferred, deferred } from '../support/deferred.js';
import { RunningProxy } from '../support/runningProxy.js';
import { smallDocument } from '../support/smallDocument.js';
import { until } from '../support/until.js';
import { configOf } from './reloadConfig.js';

// No file system that hangs can be made without privileges: what is asked of some files is not answered.
const hung = vi.hoisted(() => ({ by: '', until: Promise.resolve() }));
vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>();
  const late =
    <A extends unknown[], R>(ask: (path: string, ...rest: A) => Promise<R>) =>
    async (path: string, ...rest: A): Promise<R> => {
      if (hung.by !== '' && path.includes(hung.by)) await hung.until;
      return ask(path, ...rest);
    };
  return { ...real, open: late(real.open as never), lstat: late(real.lstat as never) };
});

let answering: Deferred<void>;
beforeEach(() => {
  answering = deferred();
  hung.until = answering.promise;
});
afterEach(() => {
  hung.by = '';
  answering.resolve();
});

function heal(): void {
  hung.by = '';
  answering.resolve();
}

// To compile takes its part of it, on a busy machine, too.
const LIMIT = 'server: { startup_validation_timeout: 4s }';
const REFERRING = JSON.stringify({
  openapi: '3.1.0',
  info: { title: 'R', version: '1' },
  servers: [{ url: 'http://127.0.0.1:9' }],
  paths: { '/one': { $ref: './far.json' } },
});
const FAR = JSON.stringify({ get: { operationId: 'one', responses: { 200: { description: 'x' } } } });
const NO_ANSWER = 'its file system does not answer';

describe('a file system that hangs', () => {
  it.each([
    ['the config', 'mcp.yaml', new RegExp(`mcp.yaml: cannot be read \\(${NO_ANSWER}\\)`)],
    [
      'a credential',
      'far.token',
      new RegExp(`bearer.token_file: must be a file that can be read \\(${NO_ANSWER}\\)`),
    ],
    ['a document', 'a.json', /a\.json: must be (readable within|a readable file: its file system)/],
    ['what a document refers to', 'far.json', new RegExp(`far.json: must be a readable file: ${NO_ANSWER}`)],
  ])('holds up no reload by %s, and is asked again until it answers', async (_, name, problem) => {
    const auth = '\n    outbound_auth: { strategy: bearer, bearer: { token_file: ./far.token } }';
    await using proxy = await RunningProxy.start({
      files: {
        'mcp.yaml': `${configOf({ a: `a.json${auth}`, b: 'b.json' })}${LIMIT}\n`,
        'a.json': REFERRING,
        'far.json': FAR,
        'far.token': 'secret',
        'b.json': smallDocument('two'),
      },
    });
    hung.by = name;
    const report = await proxy.handler.reload();
    expect(report).toMatchObject({
      outcome: 'failed',
      problems: expect.arrayContaining([expect.stringMatching(problem)]),
    });
    expect(await proxy.tools()).toEqual(['one', 'two']);
    heal();
    await until(() => proxy.handler.journal().some(({ trigger }) => trigger.includes('retry')), {
      within: 20_000,
    });
    await until(() => proxy.handler.journal()[0]?.outcome === 'unchanged', { within: 20_000 });
  });

  it('keeps no change of another file from being applied', async () => {
    await using proxy = await RunningProxy.start({
      files: {
        'mcp.yaml': `${configOf({ a: 'a.json', b: 'b.json' })}${LIMIT}\n`,
        'a.json': smallDocument('one'),
        'b.json': smallDocument('two'),
      },
    });
    hung.by = 'a.json';
    proxy.directory.write('b.json', smallDocument('three'));
    await proxy.untilTools(['one', 'three'], '/mcp', 30_000);
    proxy.directory.write('b.json', smallDocument('four'));
    await proxy.untilTools(['one', 'four'], '/mcp', 30_000);
    heal();
    proxy.directory.write('a.json', smallDocument('five'));
    await proxy.untilTools(['five', 'four'], '/mcp', 30_000);
  });
});
