import { emptyRecord } from '../record.js';
import type { CredentialParts } from './credential.js';

/** What is left of a secret. */
export const MASK = '***';
/** Shorter ones are no secrets, and masking them would garble answers. */
const MIN_LENGTH = 8;

/** Names of headers that carry secrets, the operator's own names for them included. */
const SECRET_HEADER = /auth|cookie|credential|key|pass|secret|session|signature|token/i;

/** The secrets in headers that the config or a hook sets: by their names, for most headers hold none. */
export function secretsIn(headers: Readonly<Record<string, string>>): CredentialParts {
  const values = Object.entries(headers).flatMap(([name, value]) =>
    SECRET_HEADER.test(name) ? [value] : [],
  );
  // `Bearer x`: an answer may repeat the token alone.
  return { headers: {}, query: [], secrets: values.flatMap((value) => [value, value.replace(/^\S+ +/, '')]) };
}

/** The part of an answer that may show what it was asked with. */
export interface ShownAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/**
 * An answer without the credentials it was asked with. Some APIs repeat the query in `Link` and `Location`, some
 * error pages and debugging endpoints the headers; the agent must not learn the operator's credentials from them.
 */
export function redactedAnswer(answer: ShownAnswer, parts: readonly CredentialParts[]): ShownAnswer {
  if (parts.every((part) => part.secrets.length === 0)) return answer;
  const secrets = parts
    .flatMap((part) => part.secrets)
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .filter((secret) => secret.length >= MIN_LENGTH);
  if (secrets.length === 0) return answer;
  let { headers, body } = answer;
  for (const secret of secrets) {
    headers = withoutInHeaders(headers, secret);
    body = withoutInBytes(body, secret);
  }
  return { headers, body };
}

function withoutInHeaders(
  headers: Readonly<Record<string, string>>,
  secret: string,
): Readonly<Record<string, string>> {
  if (!Object.values(headers).some((value) => value.includes(secret))) return headers;
  const clean = emptyRecord<string>();
  for (const [name, value] of Object.entries(headers)) clean[name] = value.replaceAll(secret, MASK);
  return clean;
}

function withoutInBytes(body: Uint8Array, secret: string): Uint8Array {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const wanted = Buffer.from(secret, 'utf8');
  let at = bytes.indexOf(wanted);
  if (at === -1) return body;
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (; at !== -1; at = bytes.indexOf(wanted, from)) {
    pieces.push(bytes.subarray(from, at), Buffer.from(MASK));
    from = at + wanted.length;
  }
  pieces.push(bytes.subarray(from));
  return Buffer.concat(pieces);
}
