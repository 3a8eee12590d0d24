import type { IncomingMessage } from 'node:http';
import type { Caller } from '../call/hooks.js';

/** What one policy makes of the credentials of one request. */
export type Verdict =
  | { readonly kind: 'ok'; readonly caller: Caller }
  | {
      readonly kind: 'refused';
      /** `missing`: there are no credentials of this policy's kind. */
      readonly reason: 'missing' | 'invalid_request' | 'invalid_token' | 'insufficient_scope';
      /** Safe to show a client. */
      readonly message: string;
    };

/** Checks requests against one policy, and holds what is worth keeping between them: keys, answers. */
export interface PolicyCheck {
  readonly scheme: 'Bearer' | 'ApiKey';
  /** Scopes that every caller needs. */
  readonly scopes: readonly string[];
  /** For `ApiKey`: the header that carries the key. */
  readonly header?: string;
  /** @throws AuthServerError when it cannot be found out: the request must be refused, not let through. */
  check(req: IncomingMessage): Promise<Verdict>;
}

export const NO_TOKEN: Verdict = { kind: 'refused', reason: 'missing', message: 'A bearer token is needed' };

export const MALFORMED_TOKEN: Verdict = {
  kind: 'refused',
  reason: 'invalid_request',
  message: 'The Authorization header does not hold one bearer token',
};

export function invalidToken(message: string): Verdict {
  return { kind: 'refused', reason: 'invalid_token', message };
}

/** Lets a caller through that has all the scopes the policy asks for. */
export function withScopes(caller: Caller, required: readonly string[]): Verdict {
  if (required.every((scope) => caller.scopes.includes(scope))) return { kind: 'ok', caller };
  const message = `The token needs the scopes: ${required.join(' ')}`;
  return { kind: 'refused', reason: 'insufficient_scope', message };
}

/** Scopes as OAuth writes them (`a b`), or as a list; from any of several claims. */
export function scopesIn(claims: Readonly<Record<string, unknown>>, ...names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
    if (typeof value === 'string') return value.split(' ').filter((scope) => scope !== '');
    return Array.isArray(value) ? value.filter((scope): scope is string => typeof scope === 'string') : [];
  });
}

/** The first of several claims that is a text. */
export function textIn(
  claims: Readonly<Record<string, unknown>>,
  ...names: readonly string[]
): string | null {
  for (const name of names) {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
    if (typeof value === 'string' && value !== '') return value;
  }
  return null;
}
