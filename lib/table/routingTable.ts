import type {
  Config,
  InboundAuthConfig,
  RateLimitConfig,
  RateLimitStoreConfig,
  UpstreamConfig,
} from '../config/config.js';
import type { CompiledTool, CompiledUpstream, SecurityRequirement } from '../tools/tool.js';

/**
 * Everything one request can need, of one generation: endpoints, tools, auth policy, limits and clients.
 * Deeply immutable; reached through a lease of the `LiveTable` and never looked up twice in a request.
 */
export interface RoutingTable {
  /** 1 for the first table; grows by one with every swap. */
  readonly generation: number;
  /** SHA-256 (hex) over every group's endpoint and fingerprint; equal on replicas that serve the same tools. */
  readonly fingerprint: string;
  readonly config: Config;
  /** Endpoint path (`/mcp`) → group. */
  readonly groups: ReadonlyMap<string, Group>;
  /** Upstream name → snapshot. */
  readonly upstreams: ReadonlyMap<string, UpstreamSnapshot>;
}

/** The tools one endpoint offers. */
export interface Group {
  readonly name: string;
  readonly endpoint: string;
  /** In list order: upstreams as the config orders them, tools by name. */
  readonly tools: readonly ToolEntry[];
  readonly lookup: ReadonlyMap<string, ToolEntry>;
  /** SHA-256 (hex, first 32 digits) of the tools' `listedDigest`: of what a client sees. Part of list cursors. */
  readonly fingerprint: string;
  /** At least one, in order. */
  readonly pages: readonly ListPage[];
  readonly inboundAuth: InboundAuthConfig;
}

/** One page of `tools/list`, serialized once. */
export interface ListPage {
  /** UTF-8 JSON: the `tools` array, brackets included. */
  readonly tools: Uint8Array;
  /** null on the last page. */
  readonly nextCursor: string | null;
}

/** A tool in a group: what to call and whom. */
export interface ToolEntry {
  readonly name: string;
  readonly compiled: CompiledTool;
  readonly upstream: UpstreamSnapshot;
  /** The entry of `rate_limits` that the upstream names, as this table's config has it. @default null */
  readonly rateLimit?: RateLimitConfig | null;
  /** Where its calls are counted, as this table's config has it. @default in memory */
  readonly rateLimitStore?: RateLimitStoreConfig;
}

/**
 * One upstream as a table holds it. The next table reuses the very same object when nothing it was made of
 * has changed, so that connections, credential caches, validators and breaker state survive a reload.
 */
export interface UpstreamSnapshot {
  readonly name: string;
  readonly config: UpstreamConfig;
  /** SHA-256 (hex) of what the compiler read. */
  readonly compileDigest: string;
  /** SHA-256 (hex) of what the client was made from, credential and TLS file contents included. */
  readonly clientDigest: string;
  readonly compiled: CompiledUpstream;
  readonly client: UpstreamClient;
}

/** What the call side needs of an upstream's HTTP client; `lib/call/upstreamClient.ts` is the one implementation. */
export interface UpstreamClient {
  /** Of its circuit breaker, as the metric shows it; null = it has none. */
  readonly circuitState: number | null;
  /** @throws UpstreamFailure (lib/call/upstreamClient.ts) with a sentence that is safe to show a client. */
  send(request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamResponse>;
  /** Ends idle connections at once, busy ones when they are done. Idempotent. */
  close(): Promise<void>;
}

export interface UpstreamRequest {
  readonly method: string;
  /** Absolute, already encoded. */
  readonly url: string;
  /** Lower-case names. Credentials are added by the client, never by the caller. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
  /**
   * What the host's `onToolCall` hook set: over configured headers and credentials, to the upstream's own origin
   * only. @default none
   */
  readonly hookHeaders?: Readonly<Record<string, string>>;
  /** What the operation asks for, to choose among several credentials. */
  readonly security: readonly (readonly SecurityRequirement[])[] | null;
}

export interface UpstreamResponse {
  readonly status: number;
  /** Lower-case names; repeated headers joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Content-decoded, at most `max_response_body` bytes. */
  readonly body: Uint8Array;
  /** true when the body is the beginning of a stream that did not end in time or within the size. */
  readonly partial?: boolean;
}
