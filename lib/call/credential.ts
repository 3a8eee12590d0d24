import type { CredentialConfig } from '../config/config.js';
import type { Deadline } from './deadline.js';
import { type SecretStore, secretOf } from './secret.js';

/** What is added to a request. Values are secrets. */
export interface CredentialParts {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Added to the query, in place of a parameter of the same name. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** What an answer must not show again; see `redactedAnswer`. */
  readonly secrets: readonly string[];
}

/** One configured way to authenticate. */
export interface Credential {
  /** At once for what never changes. */
  parts(deadline: Deadline): CredentialParts | Promise<CredentialParts>;
  /** The upstream refused these parts; true if asking again will give others. */
  refused(parts: CredentialParts): boolean;
}

/** Tokens from an OAuth2 server; see `ClientCredentialsToken`. */
export interface TokenSource {
  token(deadline: Deadline): string | Promise<string>;
  discard(token: string): void;
}

/**
 * A credential of the config; null for strategy `none`.
 * @param key Config key, for errors: `outbound_auth` or `outbound_auth.schemes.NAME`.
 * @throws SourceError stage `client` when a secret is missing or unusable.
 */
export function credentialOf(
  config: CredentialConfig,
  key: string,
  store: SecretStore,
  tokens: (config: Extract<CredentialConfig, { strategy: 'oauth2_client_credentials' }>) => TokenSource,
): Credential | null {
  switch (config.strategy) {
    case 'none':
      return null;
    case 'bearer': {
      const { token_env, token_file } = config.bearer;
      return fixed(bearerParts(secretOf(store, `${key}.bearer.token`, token_env, token_file)));
    }
    case 'api_key': {
      const { header, query, value_env, value_file, prefix } = config.api_key;
      const secret = secretOf(store, `${key}.api_key.value`, value_env, value_file);
      const value = prefix + secret;
      return fixed({
        headers: header === null ? {} : { [header.toLowerCase()]: asHeader(value) },
        query: query === null ? [] : [[query, value]],
        secrets: [secret],
      });
    }
    case 'basic': {
      const { username_env, username_file, password_env, password_file } = config.basic;
      const username = secretOf(store, `${key}.basic.username`, username_env, username_file);
      const password = secretOf(store, `${key}.basic.password`, password_env, password_file);
      const authorization = basicAuthorization(username, password);
      return fixed({ headers: { authorization }, query: [], secrets: [password, authorization.slice(6)] });
    }
    case 'oauth2_client_credentials':
      return bearerOf(tokens(config));
  }
}

/** RFC 7617, in UTF-8. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

function bearerParts(token: string): CredentialParts {
  return { headers: { authorization: asHeader(`Bearer ${token}`) }, query: [], secrets: [token] };
}

function asHeader(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}

function fixed(parts: CredentialParts): Credential {
  return { parts: () => parts, refused: () => false };
}

function bearerOf(source: TokenSource): Credential {
  const issued = new WeakMap<CredentialParts, string>();
  const partsOf = (token: string) => {
    const parts = bearerParts(token);
    issued.set(parts, token);
    return parts;
  };
  return {
    parts(deadline) {
      const token = source.token(deadline);
      return typeof token === 'string' ? partsOf(token) : token.then(partsOf);
    },
    refused(parts) {
      const token = issued.get(parts);
      if (token !== undefined) source.discard(token);
      return true;
    },
  };
}
