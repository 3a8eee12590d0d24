import type { IncomingMessage } from 'node:http';
import type { JsonObject } from '../json.js';

/** Who calls, as inbound auth or the host's own middleware (`req.auth`) established it. */
export interface Caller {
  /** Subject, client id, or key fingerprint; null = anonymous. */
  readonly id: string | null;
  readonly scopes: readonly string[];
  /** Claims of the token, introspection answer, or the host's `req.auth` as it was. Never forwarded by itself. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** What a hook learns of one call, before anything is sent. */
export interface ToolCallContext {
  readonly tool: string;
  readonly upstream: string;
  /** `GET /pets/{petId}`. */
  readonly operation: string;
  readonly endpoint: string;
  readonly arguments: JsonObject;
  readonly caller: Caller;
  /** The MCP client's HTTP request; null over stdio. Its credentials reach the upstream only if the hook copies them. */
  readonly request: IncomingMessage | null;
}

/**
 * Nothing: allow. `{ deny }`: the agent gets this sentence as an `isError` result and nothing is sent.
 * `{ headers }`: allow, and set these upstream request headers, over the configured ones and the credentials.
 * They go to the upstream's own origin only: not to a server on another origin that the document names for an
 * operation, and not across a redirect.
 */
export type ToolCallDecision =
  | undefined
  | { readonly deny: string }
  | { readonly headers: Readonly<Record<string, string>> };

/** A throw denies the call: the agent gets a general sentence, the log the error. */
export type OnToolCall = (context: ToolCallContext) => ToolCallDecision | Promise<ToolCallDecision>;
