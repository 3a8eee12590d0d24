import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import type { Logger } from 'pino';
import type { ListedTool, ReloadReport } from '../lib/index.js';
import { createBookshop } from './bookshop.js';
import { packageDirectory } from './installedPackage.js';
import { Sidecar } from './sidecar.js';
import { followSignals } from './signals.js';
import { UsageError } from './usageError.js';

export interface DemoOptions {
  /** @default that of the example's config, or a free one when that is taken */
  readonly port?: number;
  readonly logger: Logger;
}

/** What the example's config takes the API to be when nobody says otherwise. */
const BOOKSHOP_PORT = 8081;

/** Serves `examples/quickstart/` with its API in the same process, and says how to connect. */
export async function demo({ port, logger }: DemoOptions): Promise<void> {
  const directory = join(packageDirectory, 'examples', 'quickstart');
  const bookshop = await listen(createBookshop(), BOOKSHOP_PORT);
  const env = { ...process.env, DEMO_API: bookshop };
  const start = async (chosen: number | undefined): Promise<string | null> => {
    const sidecar = new Sidecar({
      config: join(directory, 'mcp.yaml'),
      logger,
      env,
      ...(chosen === undefined ? {} : { port: chosen }),
    });
    const url = await sidecar.start();
    if (url === null) return null;
    followSignals(sidecar, logger);
    sidecar.handler?.on('swap', (report) => print(changes(report)));
    return url;
  };
  const url = await start(port).catch((error) => {
    if (port === undefined && error instanceof UsageError) return start(0);
    throw error;
  });
  if (url !== null)
    print(welcome(url, bookshop, join(directory, 'openapi.yaml'), await listTools(`${url}/mcp`)));
}

/** On the port or, when that is taken, a free one. The process lives as long as the sidecar, not this server. */
async function listen(server: Server, port: number): Promise<string> {
  const free = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true)).unref();
  });
  return free ? `http://127.0.0.1:${(server.address() as AddressInfo).port}` : listen(server, 0);
}

/** Asks the way any client does. */
async function listTools(endpoint: string): Promise<readonly ListedTool[]> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  });
  const { result } = (await response.json()) as {
    readonly result: { readonly tools: readonly ListedTool[] };
  };
  return result.tools;
}

function welcome(url: string, bookshop: string, document: string, tools: readonly ListedTool[]): string {
  const width = Math.max(...tools.map(({ name }) => name.length));
  const simplest = tools.find(
    ({ annotations, inputSchema }) => annotations.readOnlyHint && !inputSchema['required'],
  );
  const near = relative(process.cwd(), document);
  return `
A bookshop API (${bookshop}) is now an MCP server:

  ${url}/mcp            all ${tools.length} tools
  ${url}/mcp/readonly   those that only read

${tools.map(({ name, description }) => `  ${name.padEnd(width)}  ${description.split('\n')[0]}`).join('\n')}

Connect
  Claude Code   claude mcp add --transport http bookshop ${url}/mcp
  .mcp.json     {"mcpServers": {"bookshop": {"type": "http", "url": "${url}/mcp"}}}
  curl          curl -s ${url}/mcp -H 'Content-Type: application/json' \\
                  -H 'Accept: application/json, text/event-stream' \\
                  -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${simplest?.name}","arguments":{}}}'

Edit ${near.startsWith('..') ? document : near} and watch the tools change here, without a restart. Ctrl-C ends.`;
}

function changes({ diff }: ReloadReport): string {
  return diff
    .flatMap(({ endpoint, added, removed, changed }) => [
      ...added.map((name) => `${endpoint}  + ${name}`),
      ...removed.map((name) => `${endpoint}  - ${name}`),
      ...changed.map((name) => `${endpoint}  ~ ${name}`),
    ])
    .join('\n');
}

function print(text: string): void {
  if (text !== '') process.stdout.write(`${text}\n`);
}
