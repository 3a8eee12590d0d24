import type { RawRequest } from '../support/rawHttp.js';

/** One raw request, and what must come of it whether or not the fast path is on. */
export interface BatteryCase {
  readonly name: string;
  readonly request: RawRequest;
  readonly status: number;
  /** JSON-RPC error code; absent = no error. */
  readonly code?: number;
  /** Answered without an SDK. */
  readonly regular?: true;
}

export const LEGACY = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
export const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
export const VERSION = 'io.modelcontextprotocol/protocolVersion';
export const CLIENT = 'io.modelcontextprotocol/clientInfo';
export const ENVELOPE = { [VERSION]: '2026-07-28', [CAPABILITIES]: {} };

export type Headers = Readonly<Record<string, string | null>>;
export type Expected = Pick<BatteryCase, 'status' | 'code' | 'regular'>;

export const OK: Expected = { status: 200 };
export const REGULAR: Expected = { status: 200, regular: true };
export const error = (status: number, code: number): Expected => ({ status, code });

export function rpc(method: unknown, params?: unknown, id: unknown = 1): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) });
}

export function legacy(
  name: string,
  body: string | Buffer,
  expected: Expected,
  headers: Headers = {},
): BatteryCase {
  return { name: `2025: ${name}`, request: { headers: { ...LEGACY, ...headers }, body }, ...expected };
}

/** No `_meta` at all. */
export const ABSENT = Symbol('absent');

interface ModernDraft {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly meta?: unknown;
  readonly id?: unknown;
  readonly headers?: Headers;
}

export function modern(name: string, method: string, draft: ModernDraft, expected: Expected): BatteryCase {
  const { params = {}, meta = ENVELOPE, id = 1, headers = {} } = draft;
  const named = typeof params['name'] === 'string' ? { 'Mcp-Name': params['name'] } : {};
  return {
    name: `2026: ${name}`,
    request: {
      headers: {
        'Content-Type': 'application/json',
        'MCP-Protocol-Version': '2026-07-28',
        'Mcp-Method': method,
        ...named,
        ...headers,
      },
      body: rpc(method, meta === ABSENT ? params : { ...params, _meta: meta }, id),
    },
    ...expected,
  };
}

export const call = (name: unknown, args?: unknown, more: object = {}): object => ({
  name,
  ...(args === undefined ? {} : { arguments: args }),
  ...more,
});
