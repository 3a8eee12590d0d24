import type { IncomingMessage } from 'node:http';

/** What the `Authorization` header of a request holds. */
export type BearerToken =
  | { readonly kind: 'token'; readonly token: string }
  /** No such header, or one of another scheme. */
  | { readonly kind: 'none' }
  /** A token that is none, or more than one. */
  | { readonly kind: 'malformed' };

/** Longer than any token that fits into the 16 KB that Node takes of headers by default. */
const MAX_LENGTH = 32_768;
/** `b64token` of RFC 6750, section 2.1. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

/** The token of the header only: one in the query or the body of a request is never looked at. */
export function bearerToken(req: IncomingMessage): BearerToken {
  const header = req.headers.authorization;
  if (header === undefined || header === '') return { kind: 'none' };
  // Node keeps the first of several; whoever is in front of us may have checked the last.
  if (countOf(req, 'authorization') > 1) return { kind: 'malformed' };
  const space = header.indexOf(' ');
  const scheme = space < 0 ? header : header.slice(0, space);
  if (scheme.toLowerCase() !== 'bearer') return { kind: 'none' };
  const token = header.slice(scheme.length).trim();
  return token.length <= MAX_LENGTH && TOKEN.test(token) ? { kind: 'token', token } : { kind: 'malformed' };
}

/** How often a header was sent. */
export function countOf({ rawHeaders }: IncomingMessage, name: string): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === name) count += 1;
  }
  return count;
}
