import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { type McpAnythingHandler, type McpAnythingOptions, mcpAnything } from '../../lib/index.js';
import { CollectedLog } from './collectedLog.js';
import { HttpServer } from './httpServer.js';
import { connectClient, toolNames } from './mcpClient.js';
import { TemporaryDirectory } from './temporaryDirectory.js';
import { until } from './until.js';

export interface RunningProxyOptions extends Omit<McpAnythingOptions, 'config' | 'logger'> {
  /** Written before the start; `mcp.yaml` is the config. */
  readonly files: Readonly<Record<string, string>>;
}

/** The middleware on a bare HTTP server, with its files in a directory of its own. */
export class RunningProxy implements AsyncDisposable {
  readonly handler: McpAnythingHandler;
  readonly directory: TemporaryDirectory;
  readonly log: CollectedLog;
  readonly #server: HttpServer;

  private constructor(
    handler: McpAnythingHandler,
    directory: TemporaryDirectory,
    log: CollectedLog,
    server: HttpServer,
  ) {
    this.handler = handler;
    this.directory = directory;
    this.log = log;
    this.#server = server;
  }

  /** Resolves when the first table serves. */
  static async start({ files, ...options }: RunningProxyOptions): Promise<RunningProxy> {
    const directory = new TemporaryDirectory(files);
    const log = new CollectedLog();
    const handler = mcpAnything({ ...options, config: join(directory.path, 'mcp.yaml'), logger: log });
    const listener: RequestListener = (request, response) => handler(request, response);
    const server = await HttpServer.start(listener);
    const proxy = new RunningProxy(handler, directory, log, server);
    try {
      await handler.ready;
    } catch (error) {
      await proxy[Symbol.asyncDispose]();
      throw error;
    }
    return proxy;
  }

  /** Absolute URL of an endpoint. */
  url(endpoint = '/mcp'): string {
    return `${this.#server.url}${endpoint}`;
  }

  /** Status of an MCP ping. */
  async ping(endpoint: string): Promise<number> {
    const response = await fetch(this.url(endpoint), {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    });
    await response.arrayBuffer();
    return response.status;
  }

  /** Names of the tools that an endpoint lists, by the official client. */
  async tools(endpoint = '/mcp'): Promise<readonly string[]> {
    const client = await connectClient(this.url(endpoint));
    try {
      return await toolNames(client);
    } finally {
      await client.close();
    }
  }

  /** Waits until an endpoint lists these tools, in this order. */
  async untilTools(names: readonly string[], endpoint = '/mcp', within = 5_000): Promise<void> {
    let last: readonly string[] = [];
    await until(
      async () => {
        last = await this.tools(endpoint);
        return JSON.stringify(last) === JSON.stringify(names);
      },
      { within, what: () => `${endpoint} lists ${names}, it lists ${last}` },
    );
  }

  /** Value of one series; undefined when there is none. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number | undefined> {
    const metric = await this.handler.registry.getSingleMetric(`mcp_anything_${name}`)?.get();
    return metric?.values.find((sample) =>
      Object.entries(labels).every(
        ([label, value]) => (sample.labels as Record<string, unknown>)[label] === value,
      ),
    )?.value;
  }

  /** Waits until a series has a value. */
  async untilMetric(
    name: string,
    expected: number,
    labels: Readonly<Record<string, string>> = {},
    within = 5_000,
  ): Promise<void> {
    let last: number | undefined;
    await until(
      async () => {
        last = await this.metric(name, labels);
        return last === expected;
      },
      { within, what: () => `${name}${JSON.stringify(labels)} = ${expected}, it is ${last}` },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.handler.close();
    await this.#server[Symbol.asyncDispose]();
    this.directory[Symbol.dispose]();
  }
}
