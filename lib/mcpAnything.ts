import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { assertOptions } from './assertOptions.js';
import type { OnToolCall } from './call/hooks.js';
import { createRateLimits } from './call/rateLimits.js';
import { createEngine, type EngineOptions } from './engine.js';
import { McpAnythingError } from './errors.js';
import { createAuthenticator } from './http/auth.js';
import { createHealthHandler, createMetricsHandler, createReadinessHandler } from './http/health.js';
import { createMetadataMiddleware } from './http/metadataMiddleware.js';
import { createMiddleware } from './http/middleware.js';
import { endpointsWithChangedPolicy, policiesOf } from './http/policies.js';
import { createEndpoint } from './mcp/endpoint.js';
import { guardedLogger } from './observe/logger.js';
import type { ReloadReport } from './reload/report.js';
import type { RoutingTable } from './table/routingTable.js';
import { version } from './version.js';

/** Static options: they hold for the life of the handler, unlike the reloadable config. */
export interface McpAnythingOptions extends EngineOptions {
  /** Answer regular requests without the SDK. @default true */
  readonly fastPath?: boolean;
  /** Allow, deny, or add upstream headers to each tool call. */
  readonly onToolCall?: OnToolCall;
}

/** One line of why the proxy is not ready. */
export interface NotReadyReason {
  readonly reason: 'loading' | 'closing' | 'refresh_failing' | 'load_failed';
  readonly upstream?: string;
  readonly message: string;
}

export interface McpAnythingEvents {
  /** A new table serves. */
  swap: [report: ReloadReport];
  /** A reload, or part of it, was not applied; what served before serves on. */
  reloadFailed: [report: ReloadReport];
}

/** Express/Connect middleware, and everything a host needs around it. */
export interface McpAnythingHandler {
  (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void): void;
  /** Resolves when every upstream is loaded; rejects (McpAnythingError, `problems`) when the first load fails. */
  readonly ready: Promise<void>;
  /** Loads anew whatever changed. Never rejects for a failed load: the report says so. */
  reload(options?: ReloadOptions): Promise<ReloadReport>;
  /** Empty = ready. */
  notReadyReasons(): readonly NotReadyReason[];
  /** The last 50 reloads, newest first. */
  journal(): readonly ReloadReport[];
  /** `/healthz`, `/readyz` and metrics for a host to mount where it likes. */
  readonly health: (req: IncomingMessage, res: ServerResponse) => void;
  readonly readiness: (req: IncomingMessage, res: ServerResponse) => void;
  readonly metrics: (req: IncomingMessage, res: ServerResponse) => void;
  readonly registry: Registry;
  /**
   * Middleware for the host's root that serves the protected-resource metadata of endpoints below a mount path at the
   * path that RFC 9728 gives it, `/.well-known/oauth-protected-resource/<mount>/<endpoint>`; for clients that do not
   * follow the challenge. Everything else goes to `next`. Not needed where the handler itself is at the root.
   */
  readonly protectedResource: (
    req: IncomingMessage,
    res: ServerResponse,
    next?: (error?: unknown) => void,
  ) => void;
  on(event: keyof McpAnythingEvents, listener: (report: ReloadReport) => void): void;
  off(event: keyof McpAnythingEvents, listener: (report: ReloadReport) => void): void;
  /** Stops taking requests, drains, closes watchers, timers, streams and clients. Idempotent. */
  close(): Promise<void>;
}

export interface ReloadOptions {
  /** Let a change through that `reload.max_tool_removal` holds. @default false */
  readonly force?: boolean;
  /** Told in the journal and the log. @default 'api' */
  readonly trigger?: 'api' | 'signal' | 'http';
}

type Lifecycle =
  | { readonly phase: 'loading' }
  | { readonly phase: 'ready' }
  | { readonly phase: 'failed'; readonly problems: readonly string[] }
  | { readonly phase: 'closing'; readonly done: Promise<void> };

/**
 * Serves the tools of the config's upstreams at the config's endpoints, and everything else to `next`.
 *
 * Returned at once, before anything is loaded: requests to an endpoint get 503 with `Retry-After` until `ready`
 * resolves.
 * @throws TypeError for an option that does not exist or is of the wrong type.
 */
export function mcpAnything(options: McpAnythingOptions): McpAnythingHandler {
  assertOptions(options);
  const logger = guardedLogger(options.logger);
  const events = new EventEmitter<McpAnythingEvents>();
  const engine = createEngine(options, {
    onSwap: announceSwap,
    onFailure: (report) => emit('reloadFailed', report),
  });
  const { reader, reloader, listeners, metrics } = engine;
  let lifecycle: Lifecycle = { phase: 'loading' };

  const authenticator = createAuthenticator({ logger });
  const rateLimits = createRateLimits(logger);
  const endpoint = createEndpoint({
    gate: rateLimits.gate,
    nextRefreshIn: (upstream) => reloader.nextRefreshIn(upstream),
    logger,
    metrics,
    listeners,
    version,
    ...(options.fastPath === undefined ? {} : { fastPath: options.fastPath }),
    ...(options.onToolCall === undefined ? {} : { onToolCall: options.onToolCall }),
  });
  const middleware = createMiddleware({
    reader,
    endpoint,
    authenticator,
    logger,
    metrics,
    phase: () => lifecycle.phase,
    endpoints: engine.expectedEndpoints,
  });
  const ready = start();
  // A host that never awaits `ready` still gets its 503s, and the log line; not an unhandled rejection.
  ready.catch(() => {});

  async function start(): Promise<void> {
    try {
      await reloader.start();
    } catch (error) {
      const problems = error instanceof McpAnythingError ? error.problems : [String(error)];
      if (lifecycle.phase === 'loading') {
        lifecycle = { phase: 'failed', problems };
        if (options.use !== 'sidecar') logger.error({ problems }, 'mcp-anything could not load');
      }
      throw error;
    }
    if (lifecycle.phase === 'loading') lifecycle = { phase: 'ready' };
  }

  let announced: RoutingTable | null = null;

  function announceSwap(report: ReloadReport, table: RoutingTable): void {
    // A host may mend what kept the first load from succeeding, and ask for another.
    if (lifecycle.phase === 'failed') lifecycle = { phase: 'ready' };
    authenticator.retain(policiesOf(table));
    rateLimits.retain(table);
    listeners.retain(new Set(table.groups.keys()));
    listeners.cut(endpointsWithChangedPolicy(announced, table), table.generation);
    announced = table;
    listeners.notify(report.diff.map((diff) => diff.endpoint).filter((path) => table.groups.has(path)));
    emit('swap', report);
  }

  /** A host's listener that throws must not end the reload that it is told of. */
  function emit(event: keyof McpAnythingEvents, report: ReloadReport): void {
    try {
      events.emit(event, report);
    } catch (error) {
      logger.error({ err: error, event }, 'an event listener of the host failed');
    }
  }

  function notReadyReasons(): NotReadyReason[] {
    switch (lifecycle.phase) {
      case 'loading':
        return [{ reason: 'loading', message: 'the first load is under way' }];
      case 'failed':
        return [{ reason: 'load_failed', message: 'the first load failed; the log says why' }];
      case 'closing':
        return [{ reason: 'closing', message: 'shutting down' }];
      case 'ready':
        return reloader.failingUpstreams().map(({ upstream, failures }) => ({
          reason: 'refresh_failing',
          upstream,
          message: `upstream "${upstream}" has failed to refresh ${failures} times in a row`,
        }));
    }
  }

  async function shutDown(): Promise<void> {
    await engine.close();
    await endpoint.close();
    authenticator.close();
    await rateLimits.close();
    // One of its own is read once more when the process ends.
    if (options.registry !== undefined) metrics.withdraw();
  }

  function close(): Promise<void> {
    if (lifecycle.phase === 'closing') return lifecycle.done;
    const done = shutDown();
    lifecycle = { phase: 'closing', done };
    return done;
  }

  return Object.assign(middleware, {
    ready,
    reload: ({ force = false, trigger = 'api' }: ReloadOptions = {}) =>
      reloader.request({ trigger, force, refetch: true }),
    notReadyReasons,
    journal: () => reloader.journal(),
    health: createHealthHandler(),
    readiness: createReadinessHandler(notReadyReasons),
    metrics: createMetricsHandler(metrics.registry),
    registry: metrics.registry,
    protectedResource: createMetadataMiddleware({ reader, logger }),
    on: (event: keyof McpAnythingEvents, listener: (report: ReloadReport) => void) => {
      events.on(event, listener);
    },
    off: (event: keyof McpAnythingEvents, listener: (report: ReloadReport) => void) => {
      events.off(event, listener);
    },
    close,
  });
}
