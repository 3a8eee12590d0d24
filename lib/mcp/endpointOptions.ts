import type { CallGate } from '../call/callTool.js';
import type { OnToolCall } from '../call/hooks.js';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import type { Listeners } from './listeners.js';

/** What `createEndpoint` is made from. It serves every endpoint path, and lives as long as the handler. */
export interface EndpointOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly listeners: Listeners;
  /** Of this package; part of `serverInfo`. */
  readonly version: string;
  readonly onToolCall?: OnToolCall;
  /** Asked before each call is sent; rate limits. @default nothing is refused */
  readonly gate?: CallGate;
  /** Answer regular requests without the SDKs. @default true */
  readonly fastPath?: boolean;
  /** Milliseconds after which a call that still runs is answered as an event stream. @default 10_000 */
  readonly longCallAfter?: number;
  /** Milliseconds between comments on open streams. @default 15_000 */
  readonly keepAlive?: number;
  /** Bytes that may wait for a stream's client before it is dropped. @default 65_536 */
  readonly maxStreamQueue?: number;
  /** For `tools.list_ttl: refresh`. @default none is planned */
  readonly nextRefreshIn?: NextRefreshIn;
}

/** Milliseconds until an upstream's sources are fetched next; null = none is planned. */
export type NextRefreshIn = (upstream: string) => number | null;

/** The same with every default filled in. */
export interface EndpointSettings extends Required<Omit<EndpointOptions, 'onToolCall' | 'gate'>> {
  readonly onToolCall: OnToolCall | null;
  readonly gate: CallGate | null;
}

export function endpointSettings(options: EndpointOptions): EndpointSettings {
  return {
    fastPath: true,
    longCallAfter: 10_000,
    keepAlive: 15_000,
    maxStreamQueue: 65_536,
    onToolCall: null,
    gate: null,
    nextRefreshIn: () => null,
    ...options,
  };
}
