import type { Registry } from 'prom-client';
import { createUpstreamClient } from './call/upstreamClient.js';
import { Listeners } from './mcp/listeners.js';
import { guardedLogger, type Logger } from './observe/logger.js';
import { Metrics } from './observe/metrics.js';
import { forgetUpstreams } from './reload/announce.js';
import { Reloader, type ReloaderOptions } from './reload/reloader.js';
import { createLiveTable, type TableReader } from './table/liveTable.js';
import type { RoutingTable } from './table/routingTable.js';
import { type CompilePlace, Compiler } from './tools/compiler.js';

export interface EngineOptions {
  /** Path of a config file (watched), or the same as an object (its spec and overlay files are watched). */
  readonly config: string | object;
  /** Base for relative paths of a config object. @default process.cwd() */
  readonly directory?: string;
  /** Where `${VAR}` and `*_env` look. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `pino` or compatible. @default silent */
  readonly logger?: Logger;
  /** The host's prom-client registry. @default one of its own */
  readonly registry?: Registry;
  /** Watch files and refresh specs. @default true */
  readonly watch?: boolean;
  /** Who serves: `server.*` keys of the config matter only to the sidecar. @default 'middleware' */
  readonly use?: 'middleware' | 'sidecar';
  /**
   * Where documents are compiled while a table serves; a process disturbs requests less than a thread, and takes up to
   * 100 MB more while it runs. The first load is always in threads: they start sooner. @default 'thread'
   */
  readonly compileIn?: CompilePlace;
}

/** Everything behind a table, without anything that serves it. */
export interface Engine {
  readonly reader: TableReader;
  readonly reloader: Reloader;
  readonly listeners: Listeners;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Of the newest config that could be read, whether it serves or not; null = none yet. */
  expectedEndpoints(): ReadonlySet<string> | null;
  /** Stops every trigger, ends streams, waits for leases, closes clients and workers. */
  close(): Promise<void>;
}

/** Wires the writing side: reloader, compiler, live table. Nothing is loaded before `reloader.start()`. */
export function createEngine(
  options: EngineOptions,
  hooks: Pick<ReloaderOptions, 'onSwap' | 'onFailure'>,
): Engine {
  const logger = guardedLogger(options.logger);
  const env = options.env ?? process.env;
  const metrics = new Metrics(options.registry);
  const listeners = new Listeners({ metrics, logger });
  const firstCompiler = new Compiler();
  const compiler = options.compileIn === 'process' ? new Compiler({ place: 'process' }) : firstCompiler;
  const { reader, writer } = createLiveTable({
    onDraining: (tables) => metrics.tablesDraining.set(tables),
    onDisposed: (table) => forgetUpstreams(metrics, table, reader.peek()),
    onCloseError: (error) => logger.warn({ err: error }, 'an upstream client did not close cleanly'),
  });
  metrics.circuits = () => circuitsOf(reader.peek());
  let expectedEndpoints: ReadonlySet<string> | null = null;
  const reloader = new Reloader({
    config: options.config,
    directory: options.directory ?? process.cwd(),
    env,
    use: options.use ?? 'middleware',
    watch: options.watch ?? true,
    reader,
    writer,
    logger,
    metrics,
    onConfig: (config) => {
      expectedEndpoints = new Set(config.groups.map((group) => group.endpoint));
    },
    onDocumentsTouched: () => compiler.prepare(),
    compile: (job, bounds) => (reader.peek() === null ? firstCompiler : compiler).compile(job, bounds),
    createClient: (client) => createUpstreamClient({ ...client, env, logger }),
    ...hooks,
  });
  return {
    reader,
    reloader,
    listeners,
    metrics,
    logger,
    expectedEndpoints: () => expectedEndpoints,
    async close() {
      await reloader.close();
      listeners.close();
      await writer.close();
      await Promise.all([firstCompiler.close(), compiler.close()]);
    },
  };
}

/** Breakers of the upstreams that serve. */
function circuitsOf(table: RoutingTable | null): ReadonlyMap<string, number> | null {
  // The last table's states are read once more when the process ends.
  if (table === null) return null;
  const states = new Map<string, number>();
  for (const { name, client } of table.upstreams.values()) {
    if (client.circuitState !== null) states.set(name, client.circuitState);
  }
  return states;
}
