import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import type { OnToolCall } from './call/hooks.js';
import type { Logger } from './observe/logger.js';

/** Static options: they hold for the life of the handler, unlike the reloadable config. */
export interface McpAnythingOptions {
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
  /** Answer regular requests without the SDK. @default true */
  readonly fastPath?: boolean;
  /** Who serves: `server.*` keys of the config matter only to the sidecar. @default 'middleware' */
  readonly use?: 'middleware' | 'sidecar';
  /** Allow, deny, or add upstream headers to each tool call. */
  readonly onToolCall?: OnToolCall;
}

/** One line of why the proxy is not ready. */
export interface NotReadyReason {
  readonly reason: 'loading' | 'closing' | 'refresh_failing' | 'load_failed';
  readonly upstream?: string;
  readonly message: string;
}

/** Tools that one endpoint gained, lost or changed in a swap, by name. */
export interface EndpointDiff {
  readonly endpoint: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** How one reload ended; also an entry of the journal. */
export interface ReloadReport {
  readonly time: string;
  /** `start`, `file`, `refresh`, `signal`, `api`, `http`. */
  readonly trigger: string;
  readonly outcome: 'applied' | 'unchanged' | 'failed' | 'held';
  readonly durationSeconds: number;
  readonly generation: number;
  readonly diff: readonly EndpointDiff[];
  /** One line each; empty unless failed or held. */
  readonly problems: readonly string[];
  /** Changed settings that wait for a restart: `server.port`, … */
  readonly restartRequired: readonly string[];
}

export interface McpAnythingEvents {
  swap: [report: ReloadReport];
  reloadFailed: [report: ReloadReport];
}

/** Express/Connect middleware, and everything a host needs around it. */
export interface McpAnythingHandler extends EventEmitter<McpAnythingEvents> {
  (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void): void;
  /** Resolves when every upstream is loaded; rejects (McpAnythingError, `problems`) when the first load fails. */
  readonly ready: Promise<void>;
  /** Loads anew whatever changed. Never rejects for a failed load: the report says so. */
  reload(options?: { readonly force?: boolean }): Promise<ReloadReport>;
  /** Empty = ready. */
  notReadyReasons(): readonly NotReadyReason[];
  /** The last 50 reloads, newest first. */
  journal(): readonly ReloadReport[];
  /** `/healthz`, `/readyz` and metrics for a host to mount where it likes. */
  readonly health: (req: IncomingMessage, res: ServerResponse) => void;
  readonly readiness: (req: IncomingMessage, res: ServerResponse) => void;
  readonly metrics: (req: IncomingMessage, res: ServerResponse) => void;
  readonly registry: Registry;
  /** Stops taking requests, drains, closes watchers, timers, streams and clients. Idempotent. */
  close(): Promise<void>;
}
