/** What a refused caller is told in `WWW-Authenticate` (RFC 9110, section 11.6.1). */
export interface Challenge {
  readonly scheme: 'Bearer' | 'ApiKey';
  /** URL of the endpoint's protected-resource metadata (RFC 9728, section 5.1); null = there is none. */
  readonly resourceMetadata: string | null;
  /** RFC 6750, section 3.1; null where the request carried no credentials at all. */
  readonly error: 'invalid_request' | 'invalid_token' | 'insufficient_scope' | null;
  /** Safe to show a client. @default none */
  readonly description?: string;
  /** The scopes to ask the authorization server for. @default none */
  readonly scopes?: readonly string[];
  /** For `ApiKey`: the header that carries the key. */
  readonly header?: string;
}

/** The value of the header. */
export function challengeText(challenge: Challenge): string {
  const { scheme, resourceMetadata, error, description, scopes = [], header } = challenge;
  const parameters = [
    parameter('resource_metadata', resourceMetadata),
    parameter('error', error),
    parameter('error_description', error === null ? null : (description ?? null)),
    parameter('scope', scopes.length === 0 ? null : [...new Set(scopes)].join(' ')),
    parameter('header', header ?? null),
  ].filter((text) => text !== null);
  return parameters.length === 0 ? scheme : `${scheme} ${parameters.join(', ')}`;
}

/** A document may ask for any number of scopes; a client takes some kilobytes of headers. */
const MAX_LENGTH = 1_000;

/** Quotes and control characters are in no value that is meant well; nobody may end the quoted string early. */
function parameter(name: string, value: string | null): string | null {
  return value === null ? null : `${name}="${value.replace(/[^\x20-\x7e]|["\\]/g, '').slice(0, MAX_LENGTH)}"`;
}
