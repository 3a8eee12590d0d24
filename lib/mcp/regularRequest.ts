import type { IncomingHttpHeaders } from 'node:http';
import { RELATED_TASK_META_KEY, SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js';
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  classifyInboundRequest,
  PROTOCOL_VERSION_META_KEY,
} from '@modelcontextprotocol/server';
import { isJsonObject, type JsonObject } from '../json.js';
import { headerText, MODERN_VERSION } from './wire.js';

export type Era = '2025' | '2026';

export interface RegularList {
  readonly method: 'tools/list';
  readonly era: Era;
  readonly id: string | number;
  readonly cursor: string | undefined;
}

export interface RegularCall {
  readonly method: 'tools/call';
  readonly era: Era;
  readonly id: string | number;
  readonly name: string;
  /** Absent arguments are none. */
  readonly arguments: JsonObject;
}

/** A request that needs no SDK: nothing about it is optional, unusual or wrong. */
export type RegularRequest = RegularList | RegularCall;

const LIST_PARAMS: ReadonlySet<string> = new Set(['cursor', '_meta']);
const CALL_PARAMS: ReadonlySet<string> = new Set(['name', 'arguments', '_meta']);
const LEGACY_VERSIONS: ReadonlySet<string> = new Set(SUPPORTED_PROTOCOL_VERSIONS);
const RESERVED_META_PREFIX = 'io.modelcontextprotocol/';
const NO_ARGUMENTS: JsonObject = Object.freeze({});
const JSON_TYPE = /^application\/json(?:; ?charset=utf-8)?$/i;

/**
 * Recognises regular requests. Everything it is not sure of is left to the SDK (null): better slow than different.
 */
export class RegularRequests {
  /** 2026-era envelopes that the SDK's own classifier has accepted. */
  readonly #envelopes = new Set<string>();

  /** @param message What `JSON.parse`, or the host's parser, made of the body. */
  recognise(headers: IncomingHttpHeaders, message: unknown): RegularRequest | null {
    const contentType = headers['content-type'];
    if (contentType !== 'application/json' && !JSON_TYPE.test(contentType ?? '')) return null;
    if (!isJsonObject(message) || message['jsonrpc'] !== '2.0') return null;
    const { id, method, params } = message;
    if (typeof id !== 'string' && !Number.isSafeInteger(id)) return null;
    if (method !== 'tools/list' && method !== 'tools/call') return null;
    if (Object.keys(message).length !== (params === undefined ? 3 : 4)) return null;
    if (params !== undefined && !isJsonObject(params)) return null;
    const era = this.#era(headers, message, params);
    if (era === null) return null;
    const known = id as string | number;
    return method === 'tools/list' ? regularList(era, known, params) : regularCall(era, known, params);
  }

  #era(headers: IncomingHttpHeaders, message: JsonObject, params: JsonObject | undefined): Era | null {
    const version = headers['mcp-protocol-version'];
    const meta = params?.['_meta'];
    if (version !== MODERN_VERSION) {
      if (version !== undefined && !(typeof version === 'string' && LEGACY_VERSIONS.has(version)))
        return null;
      return acceptsBoth(headers.accept) && isPlainMeta(meta, false) ? '2025' : null;
    }
    if (!isPlainMeta(meta, true) || !isJsonObject(meta)) return null;
    if (meta[PROTOCOL_VERSION_META_KEY] !== MODERN_VERSION) return null;
    if (headers['mcp-method'] !== message['method']) return null;
    if (message['method'] === 'tools/call' && headers['mcp-name'] !== params?.['name']) return null;
    return this.#knowsEnvelope(headers, message, meta) ? '2026' : null;
  }

  /** The shapes of client info and capabilities are the SDK's to judge; it is asked once per distinct envelope. */
  #knowsEnvelope(headers: IncomingHttpHeaders, message: JsonObject, meta: JsonObject): boolean {
    const envelope = envelopeText(meta);
    if (envelope === null) return false;
    if (this.#envelopes.has(envelope)) return true;
    const outcome = classifyInboundRequest({
      httpMethod: 'POST',
      protocolVersionHeader: MODERN_VERSION,
      mcpMethodHeader: headerText(headers, 'mcp-method') ?? '',
      mcpNameHeader: headerText(headers, 'mcp-name') ?? '',
      body: message,
    });
    if (outcome.kind !== 'modern') return false;
    if (this.#envelopes.size >= MAX_ENVELOPES) this.#envelopes.clear();
    this.#envelopes.add(envelope);
    return true;
  }
}

const MAX_ENVELOPES = 256;
const MAX_ENVELOPE_LENGTH = 4096;

/** Null for what no client sends: too long to keep, or nested too deep for the stack. */
function envelopeText(meta: JsonObject): string | null {
  try {
    const text = JSON.stringify({
      capabilities: meta[CLIENT_CAPABILITIES_META_KEY],
      client: meta[CLIENT_INFO_META_KEY],
    });
    return text.length <= MAX_ENVELOPE_LENGTH ? text : null;
  } catch {
    return null;
  }
}

function acceptsBoth(accept: string | undefined): boolean {
  return accept?.includes('application/json') === true && accept.includes('text/event-stream');
}

/** @param reserved Whether the keys of the 2026-era envelope may be there. */
function isPlainMeta(meta: unknown, reserved: boolean): boolean {
  if (meta === undefined) return true;
  if (!isJsonObject(meta)) return false;
  for (const key of Object.keys(meta)) {
    if (key === 'progressToken') {
      const token = meta[key];
      if (typeof token !== 'string' && !Number.isSafeInteger(token)) return false;
    } else if (key.startsWith(RESERVED_META_PREFIX)) {
      if (!reserved || !ENVELOPE_KEYS.has(key)) return false;
    } else if (key === '__proto__' || key === RELATED_TASK_META_KEY) {
      return false;
    }
  }
  return true;
}

const ENVELOPE_KEYS: ReadonlySet<string> = new Set([
  PROTOCOL_VERSION_META_KEY,
  CLIENT_INFO_META_KEY,
  CLIENT_CAPABILITIES_META_KEY,
]);

function regularList(era: Era, id: string | number, params: JsonObject | undefined): RegularList | null {
  if (params === undefined) return { method: 'tools/list', era, id, cursor: undefined };
  if (!hasOnly(params, LIST_PARAMS)) return null;
  const cursor = params['cursor'];
  if (cursor !== undefined && typeof cursor !== 'string') return null;
  return { method: 'tools/list', era, id, cursor };
}

function regularCall(era: Era, id: string | number, params: JsonObject | undefined): RegularCall | null {
  if (params === undefined || !hasOnly(params, CALL_PARAMS)) return null;
  const { name, arguments: given = NO_ARGUMENTS } = params;
  if (typeof name !== 'string') return null;
  // The SDK's copy of the arguments loses this key.
  if (!isJsonObject(given) || Object.hasOwn(given, '__proto__')) return null;
  return { method: 'tools/call', era, id, name, arguments: given };
}

function hasOnly(params: JsonObject, allowed: ReadonlySet<string>): boolean {
  for (const key of Object.keys(params)) if (!allowed.has(key)) return false;
  return true;
}
