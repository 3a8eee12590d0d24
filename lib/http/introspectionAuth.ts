import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { IntrospectionConfig, Milliseconds } from '../config/config.js';
import type { Logger } from '../observe/logger.js';
import { type AuthServers, jsonIn } from './authServer.js';
import { bearerToken } from './bearerToken.js';
import { ExpiringCache } from './expiringCache.js';
import { IssuerMetadata } from './issuerMetadata.js';
import {
  invalidToken,
  MALFORMED_TOKEN,
  NO_TOKEN,
  type PolicyCheck,
  scopesIn,
  textIn,
  type Verdict,
  withScopes,
} from './policyCheck.js';

export interface IntrospectionCheckDeps {
  readonly servers: AuthServers;
  readonly logger: Logger;
  /** How long an active token is taken as active without asking again; never past its `exp`. */
  readonly activeFor: Milliseconds;
  /** How long a token that was refused is refused without asking again. */
  readonly inactiveFor: Milliseconds;
}

/** Entries of each cache. */
const CACHE_SIZE = 10_000;
/** Of the clocks of server and proxy; seconds. */
const CLOCK_TOLERANCE = 30;

type Claims = Readonly<Record<string, unknown>>;

/** Opaque tokens, by asking their authorization server (RFC 7662). */
export class IntrospectionCheck implements PolicyCheck {
  readonly scheme = 'Bearer';
  readonly scopes: readonly string[];
  readonly #config: IntrospectionConfig;
  readonly #metadata: IssuerMetadata;
  readonly #deps: IntrospectionCheckDeps;
  // Apart from each other, so that made-up tokens do not drive out good ones.
  readonly #active = new ExpiringCache<Verdict>(CACHE_SIZE);
  readonly #inactive = new ExpiringCache<Verdict>(CACHE_SIZE);
  readonly #pending = new Map<string, Promise<Verdict>>();

  constructor(config: IntrospectionConfig, deps: IntrospectionCheckDeps) {
    this.scopes = config.required_scopes;
    this.#config = config;
    this.#metadata = new IssuerMetadata(config.issuer, deps.servers, deps.logger);
    this.#deps = deps;
  }

  async check(req: IncomingMessage): Promise<Verdict> {
    const bearer = bearerToken(req);
    if (bearer.kind === 'none') return NO_TOKEN;
    if (bearer.kind === 'malformed') return MALFORMED_TOKEN;
    const { token } = bearer;
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.#active.get(key) ?? this.#inactive.get(key);
    if (known !== undefined) return known;
    const pending = this.#pending.get(key) ?? this.#ask(token, key).finally(() => this.#pending.delete(key));
    this.#pending.set(key, pending);
    return pending;
  }

  async #ask(token: string, key: string): Promise<Verdict> {
    const { client_id, client_secret, endpoint } = this.#config;
    const { servers, activeFor, inactiveFor } = this.#deps;
    const url = endpoint ?? (await this.#metadata.endpoint('introspection_endpoint'));
    const asked = Date.now();
    const form = new URLSearchParams({ token, token_type_hint: 'access_token' });
    const claims = jsonIn(await servers.post(url, form, basic(client_id, client_secret)), url);
    const verdict = this.#judge(claims, asked / 1_000);
    if (verdict.kind === 'ok') {
      const expires = timeIn(claims, 'exp');
      const left = expires === null ? activeFor : expires * 1_000 - Date.now();
      this.#active.set(key, verdict, Math.min(activeFor, left));
    } else {
      this.#inactive.set(key, verdict, inactiveFor);
    }
    return verdict;
  }

  /** The server vouches for the token; whether it is one for us, and now, is for us to say. */
  #judge(claims: Claims, now: number): Verdict {
    const { issuer, audience } = this.#config;
    if (claims['active'] !== true) return invalidToken('The token is not active');
    const expires = timeIn(claims, 'exp');
    if (expires !== null && expires <= now) return invalidToken('The token has expired');
    const begins = timeIn(claims, 'nbf');
    if (begins !== null && begins > now + CLOCK_TOLERANCE) return invalidToken('The token is not valid yet');
    const { iss, aud } = claims;
    if (issuer !== '' && iss !== undefined && iss !== issuer) {
      return invalidToken('The token is not from the accepted issuer');
    }
    if (aud !== audience && !(Array.isArray(aud) && aud.includes(audience))) {
      return invalidToken('The token is not meant for this server');
    }
    if (isRefreshToken(claims)) return invalidToken('The token is not an access token');
    return withScopes(callerOf(claims), this.scopes);
  }
}

/** Some servers find refresh tokens active, too, and say so in one of these. */
function isRefreshToken(claims: Claims): boolean {
  return ['token_type', 'token_use', 'typ'].some((name) => /refresh/i.test(textIn(claims, name) ?? ''));
}

function callerOf(claims: Claims) {
  return {
    id: textIn(claims, 'sub', 'username', 'client_id'),
    scopes: scopesIn(claims, 'scope', 'scp'),
    claims: Object.freeze(claims),
  };
}

/** Seconds since 1970. */
function timeIn(claims: Claims, name: 'exp' | 'nbf'): number | null {
  const value = claims[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** RFC 6749, section 2.3.1: both are form-encoded first. */
function basic(id: string, secret: string): string {
  const encode = (text: string) => new URLSearchParams([['', text]]).toString().slice(1);
  return `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}`;
}
