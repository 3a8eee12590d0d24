import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openTable } from '../../lib/index.js';
import { HttpServer } from '../support/httpServer.js';
import { toolNames } from '../support/mcpClient.js';
import { MAIN, runCommand } from '../support/sidecarProcess.js';
import { smallDocument } from '../support/smallDocument.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';

let directory: TemporaryDirectory;
let api: HttpServer;
let client: Client;
let transport: StdioClientTransport;
let log = '';

beforeEach(async () => {
  api = await HttpServer.start((request, response) => {
    response.setHeader('Content-Type', 'text/plain').end(`you asked for ${request.url}`);
  });
  directory = new TemporaryDirectory({
    'small.json': smallDocument('cats', 'dogs'),
    'mcp.yaml': `
upstreams:
  - { name: pets, type: http, base_url: "${api.url}", openapi: { source: ./small.json } }
groups:
  - { name: all, endpoint: /mcp, upstreams: [pets] }
  - { name: felines, endpoint: /mcp/cats, upstreams: [pets], filter: "$.paths['/cats'].get" }
`,
  });
  client = new Client({ name: 'test', version: '1.0.0' });
  log = '';
});

afterEach(async () => {
  await client.close();
  await api[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

async function connect(...args: readonly string[]): Promise<void> {
  transport = new StdioClientTransport({
    command: process.execPath,
    args: [MAIN, 'stdio', '--config', join(directory.path, 'mcp.yaml'), ...args],
    stderr: 'pipe',
  });
  transport.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  await client.connect(transport);
}

describe('stdio', () => {
  test('lists and calls tools for the official client, and logs to stderr', async () => {
    await connect();
    expect(await toolNames(client)).toEqual(['pets__cats', 'pets__dogs']);
    const result = await client.callTool({ name: 'pets__dogs', arguments: {} });
    expect(result.content).toEqual([{ type: 'text', text: 'you asked for /dogs' }]);
    expect(log).toMatch(/INFO/);
  });

  test('serves the group it is asked for', async () => {
    await connect('--group', 'felines');
    expect(await toolNames(client)).toEqual(['pets__cats']);
  });

  test('tells the client when its tools change, and serves the new ones', async () => {
    await connect();
    expect(await toolNames(client)).toEqual(['pets__cats', 'pets__dogs']);
    const heard = vi.fn();
    client.setNotificationHandler(ToolListChangedNotificationSchema, heard);
    directory.write('small.json', smallDocument('cats', 'birds'));
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1), { timeout: 10_000 });
    expect(await toolNames(client)).toEqual(['pets__birds', 'pets__cats']);
    const result = await client.callTool({ name: 'pets__birds', arguments: {} });
    expect(result.content).toEqual([{ type: 'text', text: 'you asked for /birds' }]);
  });

  test('goes on telling its client when the group gets another path', async () => {
    await connect();
    const heard = vi.fn();
    client.setNotificationHandler(ToolListChangedNotificationSchema, heard);
    const config = readFileSync(join(directory.path, 'mcp.yaml'), 'utf8');
    directory.write('mcp.yaml', config.replace('endpoint: /mcp,', 'endpoint: /tools,'));
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1), { timeout: 10_000 });
    directory.write('small.json', smallDocument('cats', 'birds'));
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(2), { timeout: 10_000 });
    expect(await toolNames(client)).toEqual(['pets__birds', 'pets__cats']);
  });

  test('ends when its client leaves', async () => {
    await connect();
    const { pid } = transport;
    await client.close();
    await vi.waitFor(() => expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH'), { timeout: 5_000 });
  });

  test.skipIf(process.platform === 'win32')('ends when its client is cut off', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const peer = connectTo((server.address() as AddressInfo).port, '127.0.0.1');
    const [stdin] = (await once(server, 'connection')) as [Socket];
    const args = [MAIN, 'stdio', '--config', join(directory.path, 'mcp.yaml')];
    const child = spawn(process.execPath, args, { stdio: [stdin, 'pipe', 'ignore'] });
    try {
      peer.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })}\n`);
      await once(child.stdout ?? peer, 'data');
      const exit = once(child, 'exit', { signal: AbortSignal.timeout(5_000) });
      peer.resetAndDestroy();
      expect(await exit).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
      stdin.destroy();
      server.close();
    }
  });

  test('serves nobody when it was told to end while documents still loaded', async () => {
    const table = await openTable({ config: join(directory.path, 'mcp.yaml') });
    const streams = { stdin: new PassThrough(), stdout: new PassThrough() };
    await table.serveStdio('all', streams, AbortSignal.abort());
    await table.close();
    expect(streams.stdin.listenerCount('data')).toBe(0);
  });

  test('says in one line why it cannot start', async () => {
    const file = directory.write(
      'broken.yaml',
      'upstreams: [{ name: pets, type: http, openapi: { source: ./no } }]',
    );
    const { code, stdout, stderr } = await runCommand(['stdio', '--config', file, '--log-level', 'silent']);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^upstream "pets": [^\n]+\n$/);
    expect(code).toBe(1);
  });
});
