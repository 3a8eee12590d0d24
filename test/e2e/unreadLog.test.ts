import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../support/freePort.js';
import { toolNames } from '../support/mcpClient.js';
import { MAIN } from '../support/sidecarProcess.js';
import { smallDocument } from '../support/smallDocument.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';
import { UnreadPipe } from '../support/unreadPipe.js';
import { until } from '../support/until.js';

let directory: TemporaryDirectory;
let config: string;

beforeEach(() => {
  directory = new TemporaryDirectory({ 'small.json': smallDocument('cats') });
  config = directory.write(
    'mcp.yaml',
    'upstreams: [{ name: pets, type: http, openapi: { source: ./small.json } }]',
  );
});
afterEach(() => directory[Symbol.dispose]());

async function serving(log: number): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const args = [MAIN, 'serve', '--config', config, '--host', '127.0.0.1', '--port', new URL(url).port];
  return { child: spawn(process.execPath, args, { stdio: ['ignore', log, 'ignore'] }), url };
}

async function untilHealthy(url: string): Promise<void> {
  const isHealthy = () =>
    fetch(`${url}/healthz`, { signal: AbortSignal.timeout(1_000) }).then(
      ({ status }) => status === 200,
      () => false,
    );
  await until(isHealthy, { within: 10_000, what: 'healthy' });
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = once(child, 'exit', { signal: AbortSignal.timeout(10_000) });
  child.kill(signal);
  expect(await exit).toEqual([0, null]);
}

// Pipes keep their writer waiting on Windows.
describe.skipIf(process.platform === 'win32')('a log that nobody reads', () => {
  test('keeps nobody from being served, nor the process from its end', async () => {
    using pipe = new UnreadPipe();
    const { child, url } = await serving(pipe.writer);
    try {
      await untilHealthy(url);
      await ended(child, 'SIGTERM');
      // Nothing of it was written anywhere.
      expect(pipe.read()).toBe('');
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('is complete once somebody reads', async () => {
    using pipe = new UnreadPipe();
    const { child, url } = await serving(pipe.writer);
    try {
      await untilHealthy(url);
      let log = '';
      const messages = () =>
        log
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line).msg);
      await until(() => {
        log += pipe.read();
        return messages().includes('listening');
      });
      await ended(child, 'SIGTERM');
      log += pipe.read();
      expect(messages()).toEqual([
        'routing table 1 serves',
        'listening',
        'signal received',
        'stopping',
        'stopped',
      ]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('keeps no client of `stdio` waiting', async () => {
    using pipe = new UnreadPipe();
    const args = [MAIN, 'stdio', '--config', config];
    const transport = new StdioClientTransport({ command: process.execPath, args, stderr: pipe.writer });
    const client = new Client({ name: 'test', version: '1.0.0' });
    await client.connect(transport, { timeout: 10_000 });
    expect(await toolNames(client)).toEqual(['pets__cats']);
    const { pid } = transport;
    process.kill(Number(pid), 'SIGTERM');
    await until(() => transport.pid === null, { within: 5_000, what: 'ended' });
    await client.close();
  });
});

test.skipIf(process.platform !== 'linux')(
  'a full disk below the log keeps nobody from being served',
  async () => {
    const full = openSync('/dev/full', 'w');
    const { child, url } = await serving(full);
    try {
      await untilHealthy(url);
      await ended(child, 'SIGTERM');
    } finally {
      closeSync(full);
      child.kill('SIGKILL');
    }
  },
);

test('the log is complete when the process ends with more of it than its reader has taken', async () => {
  const program = `
    import { createLogger } from ${JSON.stringify(join(MAIN, '../logger.js'))};
    const logger = createLogger({ level: 'info', format: 'json' });
    for (let line = 0; line < 2_000; line += 1) logger.info({ line, text: 'x'.repeat(200) }, 'much');
    process.exit(3);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program]);
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  expect(await once(child, 'close')).toEqual([3, null]);
  expect(log.match(/"line":\d+/g)).toHaveLength(2_000);
});
