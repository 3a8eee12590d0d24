import type joi from 'joi';
import { choice, duration, text } from './key.js';
import { list, mapping, named, section } from './structure.js';

const ENV_RULE = 'must be the name of an environment variable';
const ENV_PATTERN = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Signature algorithms with a public key; `none` and shared secrets (HS*) are never among them. */
export const JWT_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

export const DEFAULT_JWT_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;

export const OUTBOUND_STRATEGIES = [
  'none',
  'bearer',
  'api_key',
  'basic',
  'oauth2_client_credentials',
] as const;
export const INBOUND_STRATEGIES = ['none', 'jwt', 'introspection', 'apikey'] as const;

function environmentName(description: string): joi.Schema {
  return text(description, { default: null, pattern: ENV_PATTERN, rule: ENV_RULE });
}

function secretFile(description: string): joi.Schema {
  return text(description, { default: null, rule: 'must be a file' });
}

function credentialKeys(): Record<string, joi.Schema> {
  return {
    strategy: choice('How the proxy authenticates to the upstream.', OUTBOUND_STRATEGIES, {
      written: 'none',
    }),
    bearer: mapping('A token in the Authorization header. Exactly one of the two keys.', {
      token_env: environmentName('Environment variable that holds the token.'),
      token_file: secretFile('File that holds the token; read anew when it changes.'),
    }),
    api_key: mapping('A key in a header or in the query. One place, and one of value_env and value_file.', {
      header: text('Header that carries the key; X-API-Key when neither header nor query is given.', {
        default: null,
      }),
      query: text('Query parameter that carries the key.', { default: null }),
      value_env: environmentName('Environment variable that holds the key.'),
      value_file: secretFile('File that holds the key; read anew when it changes.'),
      prefix: text('Text put before the key, such as "Token ".', { default: '' }),
    }),
    basic: mapping('User name and password (RFC 7617), each from the environment or from a file.', {
      username_env: environmentName('Environment variable that holds the user name.'),
      username_file: secretFile('File that holds the user name.'),
      password_env: environmentName('Environment variable that holds the password.'),
      password_file: secretFile('File that holds the password.'),
    }),
    oauth2_client_credentials: mapping(
      'A token from an authorization server (RFC 6749, section 4.4), cached.',
      {
        token_url: text('The token endpoint.', { default: '' }),
        client_id: text('Client identifier.', { default: '' }),
        client_secret: text(`Client secret; write \${VAR}, never the secret itself.`, { default: '' }),
        scopes: list('Scopes to ask for.', text('A scope.'), {
          rule: 'must be a list of scopes',
          default: [],
        }),
      },
    ),
  };
}

export function outboundAuth(description: string): joi.Schema {
  return section(description, {
    ...credentialKeys(),
    schemes: named(
      'One credential per security scheme name of the document, for upstreams that need several; each has the keys of outbound_auth itself.',
      section('The credential for one security scheme.', credentialKeys()),
    ),
  });
}

/** Without a default: absent means that the enclosing level decides. */
export function inboundAuth(description: string): joi.ObjectSchema {
  return mapping(description, {
    strategy: choice('How callers authenticate to the proxy.', INBOUND_STRATEGIES).required(),
    jwt: mapping('Signed access tokens (RFC 9068), checked against the keys of the issuer.', {
      issuer: text('The issuer (`iss`), an absolute URL.', { default: '' }),
      audience: text('The audience (`aud`) that tokens must be meant for.', { default: '' }),
      jwks_url: text("Where the issuer's keys are; null = as the issuer's metadata says.", { default: null }),
      required_scopes: list('Scopes every token must have.', text('A scope.'), {
        rule: 'must be a list of scopes',
        default: [],
      }),
      algorithms: list(
        'Signature algorithms accepted; never none, never with a shared secret.',
        choice('An algorithm.', JWT_ALGORITHMS),
        { rule: 'must be a list of algorithms', default: DEFAULT_JWT_ALGORITHMS },
      ),
      clock_tolerance: duration('How far the clocks of issuer and proxy may be apart.', {
        default: '30s',
        max: '10m',
      }),
    }),
    introspection: mapping('Opaque tokens, checked by asking the authorization server (RFC 7662).', {
      issuer: text('The authorization server, an absolute URL.', { default: '' }),
      endpoint: text("The introspection endpoint; null = as the issuer's metadata says.", { default: null }),
      client_id: text('Client identifier that the proxy asks with.', { default: '' }),
      client_secret: text(`Client secret; write \${VAR}, never the secret itself.`, { default: '' }),
      audience: text('The audience that tokens must be meant for.', { default: '' }),
      required_scopes: list('Scopes every token must have.', text('A scope.'), {
        rule: 'must be a list of scopes',
        default: [],
      }),
    }),
    apikey: mapping(
      'Fixed keys in a header. One of keys_env and keys_file; without either, MCP_API_KEYS is read.',
      {
        header: text('Header that carries the key.', { default: 'X-API-Key' }),
        keys_env: environmentName('Environment variable that holds the keys, separated by commas.'),
        keys_file: secretFile('File that holds the keys, one per line; read anew when it changes.'),
      },
    ),
  });
}
