import type { IncomingMessage } from 'node:http';
import type { Caller } from '../call/hooks.js';

export const ANONYMOUS: Caller = Object.freeze({
  id: null,
  scopes: Object.freeze([]),
  claims: Object.freeze({}),
});

/**
 * The caller as the host's own middleware established it in `req.auth`: the MCP SDK's `AuthInfo`, the claims of a
 * token themselves, or claims under `payload`. Anonymous when there is none.
 */
export function hostCaller(req: IncomingMessage): Caller {
  const auth = (req as { auth?: unknown }).auth;
  if (!isRecord(auth)) return ANONYMOUS;
  const claims = isRecord(auth['payload']) ? auth['payload'] : auth;
  return { id: idOf(auth) ?? idOf(claims), scopes: scopesOf(auth) ?? scopesOf(claims) ?? [], claims: auth };
}

function idOf(auth: Record<string, unknown>): string | null {
  const extra = isRecord(auth['extra']) ? auth['extra'] : {};
  for (const id of [auth['sub'], extra['sub'], auth['clientId'], auth['client_id'], auth['id']]) {
    if (typeof id === 'string' && id !== '') return id;
  }
  return null;
}

function scopesOf(auth: Record<string, unknown>): readonly string[] | null {
  for (const scopes of [auth['scopes'], auth['scope'], auth['scp']]) {
    if (typeof scopes === 'string') return scopes.split(' ').filter((scope) => scope !== '');
    if (Array.isArray(scopes)) return scopes.filter((scope): scope is string => typeof scope === 'string');
  }
  return null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
