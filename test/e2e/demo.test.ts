import { copyFileSync, cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { HttpServer } from '../support/httpServer.js';
import { connectClient, toolNames } from '../support/mcpClient.js';
import { runCommand, SidecarProcess } from '../support/sidecarProcess.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const quickstart = join(root, 'examples/quickstart');

describe('the demo', () => {
  let demo: SidecarProcess;
  let url: string;
  let client: Client;

  beforeAll(async () => {
    demo = new SidecarProcess(['demo', '--port', '0']);
    const [, printed] = await demo.printed(/^ {2}(http\S+)\/mcp {2,}all 7 tools$[\s\S]*Ctrl-C/m);
    url = String(printed);
    client = await connectClient(`${url}/mcp`);
  });

  afterAll(async () => {
    await client.close();
    await demo[Symbol.asyncDispose]();
  });

  test('prints the tools that it serves, and how to connect', async () => {
    const names = await toolNames(client);
    expect(names).toEqual([
      'shop__addBook',
      'shop__getBook',
      'shop__getCover',
      'shop__getOrder',
      'shop__listBooks',
      'shop__order_books',
      'shop__removeBook',
    ]);
    for (const name of names) expect(demo.stdout).toMatch(new RegExp(`^  ${name} +\\S`, 'm'));
    expect(demo.stdout).toContain(`claude mcp add --transport http bookshop ${url}/mcp`);
    const [, json] = /\.mcp\.json +(\{.*\})/.exec(demo.stdout) ?? [];
    expect(JSON.parse(String(json))).toEqual({
      mcpServers: { bookshop: { type: 'http', url: `${url}/mcp` } },
    });
  });

  test('lets an agent search, add, look at, order and remove books', async () => {
    const call = (name: string, args: object) => client.callTool({ name, arguments: { ...args } });
    expect((await call('shop__listBooks', { genre: ['poetry', 'science'] })).structuredContent).toEqual({
      result: [expect.objectContaining({ id: 2 }), expect.objectContaining({ id: 3 })],
    });
    const added = await call('shop__addBook', {
      title: 'Emma',
      author: 'Jane Austen',
      genre: 'novel',
      price: 10,
    });
    expect(added.structuredContent).toMatchObject({ id: 6, title: 'Emma' });
    const cover = (await call('shop__getCover', { bookId: 6 })) as {
      content: { type: string; data?: string }[];
    };
    expect(cover.content).toEqual([{ type: 'image', mimeType: 'image/png', data: expect.any(String) }]);
    expect(Buffer.from(String(cover.content[0]?.data), 'base64').toString('latin1', 1, 4)).toBe('PNG');
    const order = { customer: 'Ada', lines: [{ bookId: 6, copies: 2 }] };
    expect((await call('shop__order_books', order)).structuredContent).toMatchObject({ total: 20 });
    expect(await call('shop__removeBook', { bookId: 6 })).toMatchObject({
      content: [{ type: 'text', text: expect.stringContaining('204') }],
    });
    const gone = await call('shop__getBook', { bookId: 6 });
    expect(gone.isError).toBe(true);
    expect(JSON.stringify(gone.content)).toMatch(/404.*There is no book 6/);
  });

  test('offers only reading at the endpoint for it', async () => {
    const reader = await connectClient(`${url}/mcp/readonly`);
    expect(await toolNames(reader)).toEqual([
      'shop__getBook',
      'shop__getCover',
      'shop__getOrder',
      'shop__listBooks',
    ]);
    await reader.close();
  });

  test('runs twice beside itself, and ends with Ctrl-C', async () => {
    await using second = new SidecarProcess(['demo', '--port', '0']);
    await second.printed(/Ctrl-C/);
    second.child.kill('SIGINT');
    expect(await second.exit).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('a demo that cannot start', () => {
  test('says so in one line and exits 1', async () => {
    await using api = await HttpServer.start((_request, response) => response.end());
    const { port } = new URL(api.url);
    expect(await runCommand(['demo', '--port', port])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `cannot listen on 127.0.0.1:${port}: the port is in use; choose another with --port\n`,
    });
  });
});

describe('the published package', () => {
  test('has all that the demo needs, and prints what an edit of its document changes', async () => {
    using directory = new TemporaryDirectory();
    for (const name of ['package.json', ...manifest.files]) {
      cpSync(join(root, name), join(directory.path, name), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(directory.path, 'node_modules'));
    await using demo = new SidecarProcess(['demo', '--port', '0'], {
      main: join(directory.path, manifest.bin['mcp-anything']),
      cwd: directory.path,
    });
    await demo.printed(/Edit examples\/quickstart\/openapi\.yaml/);
    const document = join(directory.path, 'examples/quickstart/openapi.yaml');
    writeFileSync(
      document,
      readFileSync(document, 'utf8').replace('operationId: addBook', 'operationId: donateBook'),
    );
    await demo.printed(/^\/mcp {2}\+ shop__donateBook\n\/mcp {2}- shop__addBook$/m);
  });
});

describe('the quickstart config', () => {
  test('follows an edit of its document, without a restart', async () => {
    using directory = new TemporaryDirectory();
    for (const name of ['mcp.yaml', 'openapi.yaml', 'overlay.yaml']) {
      copyFileSync(join(quickstart, name), join(directory.path, name));
    }
    await using sidecar = new SidecarProcess(['serve', '--config', 'mcp.yaml', '--port', '0'], {
      cwd: directory.path,
    });
    const client = await connectClient(`${await sidecar.url()}/mcp`);
    const heard = vi.fn();
    client.setNotificationHandler(ToolListChangedNotificationSchema, heard);
    const document = readFileSync(join(directory.path, 'openapi.yaml'), 'utf8');
    directory.write('openapi.yaml', document.replace('operationId: addBook', 'operationId: donateBook'));
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1), { timeout: 10_000 });
    const names = await toolNames(client);
    expect(names).toContain('shop__donateBook');
    expect(names).not.toContain('shop__addBook');
    await client.close();
  });

  test('is valid', async () => {
    expect(await runCommand(['validate', 'mcp.yaml'], { cwd: quickstart })).toMatchObject({
      code: 0,
      stdout: 'mcp.yaml is valid: /mcp with 7 tools, /mcp/readonly with 4 tools\n',
      stderr: '',
    });
  });
});
