import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Authenticator } from '../../lib/http/authenticator.js';
import { createMiddleware, type Middleware, type MiddlewareDeps } from '../../lib/http/middleware.js';
import { createEndpoint } from '../../lib/mcp/endpoint.js';
import type { EndpointOptions } from '../../lib/mcp/endpointOptions.js';
import { Listeners } from '../../lib/mcp/listeners.js';
import { Metrics } from '../../lib/observe/metrics.js';
import { diffTables } from '../../lib/table/diff.js';
import { createLiveTable } from '../../lib/table/liveTable.js';
import type { RoutingTable } from '../../lib/table/routingTable.js';
import { CollectedLog } from './collectedLog.js';

export interface McpServerOptions {
  readonly endpoint?: Partial<EndpointOptions>;
  readonly middleware?: Partial<MiddlewareDeps>;
  readonly authenticator?: Authenticator | null;
  /** Puts the middleware into a host of its own. @default the middleware alone */
  readonly host?: (middleware: Middleware) => RequestListener;
  /** @default '127.0.0.1' */
  readonly address?: string;
}

/** The serving side, whole and real, behind a listener of its own; tables are swapped by hand. */
export class McpServer implements AsyncDisposable {
  readonly metrics = new Metrics();
  readonly log = new CollectedLog();
  readonly listeners = new Listeners({ metrics: this.metrics, logger: this.log });
  /** Retired tables that are still in use. */
  draining = 0;
  readonly #live = createLiveTable({
    onDraining: (tables) => {
      this.draining = tables;
    },
    onDisposed: () => {},
    onCloseError: () => {},
  });
  readonly #endpoint;
  readonly #server: Server;

  private constructor(options: McpServerOptions) {
    const { log: logger, metrics, listeners } = this;
    this.#endpoint = createEndpoint({ logger, metrics, listeners, version: '0.0.0', ...options.endpoint });
    const middleware = createMiddleware({
      reader: this.#live.reader,
      endpoint: this.#endpoint,
      authenticator: options.authenticator ?? null,
      logger,
      metrics,
      phase: () => 'ready',
      ...options.middleware,
    });
    this.#server = createServer(options.host?.(middleware) ?? ((req, res) => middleware(req, res)));
  }

  static async start(table: RoutingTable | null, options: McpServerOptions = {}): Promise<McpServer> {
    const server = new McpServer(options);
    if (table !== null) server.#live.writer.swap(table);
    server.#server.listen(0, options.address ?? '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Of the whole server, without a path. */
  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get url(): string {
    return `${this.origin}/mcp`;
  }

  get table(): RoutingTable | null {
    return this.#live.reader.peek();
  }

  /** Swaps and tells the listeners, as a reload does. */
  swap(table: RoutingTable): void {
    const diff = diffTables(this.table, table);
    this.#live.writer.swap(table);
    this.listeners.retain(new Set(table.groups.keys()));
    this.listeners.notify(diff.map(({ endpoint }) => endpoint).filter((path) => table.groups.has(path)));
  }

  /** Connections that are open now. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.listeners.close();
    await this.#endpoint.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.#live.writer.close();
  }
}
