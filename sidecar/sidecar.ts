import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Config, loadConfig, type McpAnythingHandler, mcpAnything } from '../lib/index.js';
import { Listener } from './listener.js';
import { problemLines } from './problems.js';
import { adminPages, blankPages, lastResort, statusPages } from './statusPages.js';

export interface SidecarOptions {
  /** Path of the config file. */
  readonly config: string;
  /** Over `server.host`. */
  readonly host?: string;
  /** Over `server.port`; 0 takes a free one. */
  readonly port?: number;
  readonly logger: Logger;
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

type State =
  | { readonly phase: 'new' }
  | { readonly phase: 'loading' | 'serving'; readonly running: Running }
  | { readonly phase: 'stopping'; readonly done: Promise<void> };

interface Running {
  readonly config: Config;
  readonly handler: McpAnythingHandler;
  readonly main: Listener;
  readonly admin: Listener | null;
}

/** The process's life: load everything, only then listen; on the way out, leave nobody hanging. */
export class Sidecar {
  readonly #options: SidecarOptions;
  #state: State = { phase: 'new' };

  constructor(options: SidecarOptions) {
    this.#options = options;
  }

  /**
   * Resolves to the URL of the MCP listener once it accepts, and to null when `stop()` came first.
   * @throws McpAnythingError when config or documents do not load, UsageError when the address is not to be had;
   * nothing listens then.
   */
  async start(): Promise<string | null> {
    const { config: file, logger, env = process.env } = this.#options;
    const { config } = await loadConfig(file, { env, use: 'sidecar' });
    if (this.#state.phase !== 'new') return null;
    const handler = mcpAnything({ config: file, env, logger, use: 'sidecar', compileIn: 'process' });
    const running = { config, handler, ...this.#createListeners(config, handler) };
    this.#state = { phase: 'loading', running };
    try {
      await handler.ready;
      if (this.#stopping) return null;
      const url = await this.#listen(running);
      if (this.#stopping) return null;
      this.#state = { phase: 'serving', running };
      return url;
    } catch (error) {
      if (this.#stopping) return null;
      running.main.destroy();
      running.admin?.destroy();
      await handler.close();
      throw error;
    }
  }

  /** As `SIGHUP` asks: looks at config and documents now; a failure is in the log and the metrics. */
  reload(): void {
    switch (this.#state.phase) {
      case 'serving':
        this.#state.running.handler.reload({ trigger: 'signal' }).catch((error: unknown) => {
          this.#options.logger.info({ problems: problemLines(error) }, 'the reload was given up');
        });
        return;
      case 'new':
      case 'loading':
      case 'stopping':
        this.#options.logger.info({ phase: this.#state.phase }, 'no reload: not serving');
    }
  }

  /** Turns /readyz to 503, keeps serving for `shutdown_delay`, then drains for up to `shutdown_timeout`. Idempotent. */
  stop(): Promise<void> {
    const { phase } = this.#state;
    if (phase === 'stopping') return this.#state.done;
    const done = phase === 'new' ? Promise.resolve() : this.#stop(this.#state.running, phase === 'serving');
    this.#state = { phase: 'stopping', done };
    return done;
  }

  get #stopping(): boolean {
    return this.#state.phase === 'stopping';
  }

  get handler(): McpAnythingHandler | null {
    return 'running' in this.#state ? this.#state.running.handler : null;
  }

  #createListeners(config: Config, handler: McpAnythingHandler): Pick<Running, 'main' | 'admin'> {
    const { server } = config;
    const timeouts = { read: server.read_timeout, write: server.write_timeout };
    const pages = { handler, metricsPath: server.metrics_path, stopping: () => this.#stopping };
    const rest = lastResort(server.admin_port === null ? statusPages(pages) : blankPages());
    const main = new Listener((req, res) => handler(req, res, () => rest(req, res)), timeouts);
    if (server.admin_port === null) return { main, admin: null };
    const admin = lastResort(adminPages({ ...pages, reload: server.admin_reload }));
    return { main, admin: new Listener(admin, timeouts) };
  }

  async #listen({ config: { server }, main, admin }: Running): Promise<string> {
    const { host = server.host, port = server.port, logger } = this.#options;
    const url = await main.listen(host, port, '--port');
    const adminUrl =
      server.admin_port === null
        ? undefined
        : await admin?.listen(server.admin_host, server.admin_port, 'server.admin_port');
    logger.info({ url, ...(adminUrl === undefined ? {} : { adminUrl }) }, 'listening');
    return url;
  }

  async #stop({ config, handler, main, admin }: Running, serving: boolean): Promise<void> {
    const { logger } = this.#options;
    const { shutdown_delay, shutdown_timeout } = config.server;
    if (serving) {
      logger.info({ shutdown_delay, shutdown_timeout }, 'stopping');
      main.announceEnd();
      await delay(shutdown_delay);
    }
    const drained = Promise.all([main.drain(), handler.close()]).then(() => true);
    if (!(await Promise.race([drained, delay(shutdown_timeout, false, { ref: false })]))) {
      logger.warn({ shutdown_timeout }, 'cut off what outlasted the shutdown timeout');
      main.destroy();
    }
    // Last, so that the drain can be watched.
    admin?.destroy();
    logger.info({}, 'stopped');
  }
}
