import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTHeaderParameters,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type JWTVerifyResult,
  jwtVerify,
} from 'jose';
import type { JwtConfig, Milliseconds } from '../config/config.js';
import type { Logger } from '../observe/logger.js';
import { AuthServerError, type AuthServers } from './authServer.js';
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

export interface JwtCheckDeps {
  readonly servers: AuthServers;
  readonly logger: Logger;
  /** At least this long lies between two looks at the issuer's keys for one that is not known. */
  readonly keyCooldown: Milliseconds;
  /** Keys older than this are asked for anew before they are used. */
  readonly keyMaxAge: Milliseconds;
  /** How long a token that was accepted is accepted without checking its signature again; never past its `exp`. */
  readonly acceptedFor: Milliseconds;
}

/** Tokens. */
const CACHE_SIZE = 1_000;
/** A clock that is set back by less makes keys at most so much older than they may become. */
const CLOCK_STEP: Milliseconds = 1_000;
/** Of keys without an id; more make a set that nobody publishes. */
const MAX_CANDIDATES = 8;
/** What says that a token is meant for something else than access (RFC 8725, section 3.11). */
const ACCESS_TYPE = /^(?:application\/)?(?:jwt|at\+jwt)$/i;

interface KeySet {
  readonly url: string;
  readonly keys: JWTVerifyGetKey;
  /** How far the system's clock was ahead of the monotonic one when it was so furthest. */
  drift: Milliseconds;
}

/** Signed access tokens (RFC 9068), by the keys of one issuer. */
export class JwtCheck implements PolicyCheck {
  readonly scheme = 'Bearer';
  readonly scopes: readonly string[];
  readonly #options: JWTVerifyOptions;
  readonly #jwksUrl: string | null;
  readonly #metadata: IssuerMetadata;
  readonly #deps: JwtCheckDeps;
  /** Checking a signature takes more time than all the rest of a call. */
  readonly #accepted = new ExpiringCache<Verdict>(CACHE_SIZE);
  #keySet: KeySet | null = null;

  constructor(config: JwtConfig, deps: JwtCheckDeps) {
    this.scopes = config.required_scopes;
    this.#options = {
      issuer: config.issuer,
      audience: config.audience,
      algorithms: [...config.algorithms],
      clockTolerance: config.clock_tolerance / 1_000,
      requiredClaims: ['exp'],
    };
    this.#jwksUrl = config.jwks_url;
    this.#metadata = new IssuerMetadata(config.issuer, deps.servers, deps.logger);
    this.#deps = deps;
  }

  async check(req: IncomingMessage): Promise<Verdict> {
    const bearer = bearerToken(req);
    if (bearer.kind === 'none') return NO_TOKEN;
    if (bearer.kind === 'malformed') return MALFORMED_TOKEN;
    const key = createHash('sha256').update(bearer.token).digest('base64');
    const known = this.#accepted.get(key);
    if (known !== undefined) return known;
    try {
      const { payload, protectedHeader } = await this.#verify(bearer.token);
      if (!isAccessToken(protectedHeader)) return invalidToken('The token is not an access token');
      const verdict = withScopes(callerOf(payload), this.scopes);
      const left = (payload.exp ?? 0) * 1_000 - Date.now();
      if (verdict.kind === 'ok') this.#accepted.set(key, verdict, Math.min(left, this.#deps.acceptedFor));
      return verdict;
    } catch (error) {
      return refusal(error);
    }
  }

  async #verify(token: string): Promise<JWTVerifyResult> {
    const keys = await this.#keys();
    try {
      return await jwtVerify(token, keys, this.#options);
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      return this.#verifyWithAny(token, error);
    }
  }

  /** A token without a key id, and several keys that it may have been signed with. */
  async #verifyWithAny(token: string, keys: errors.JWKSMultipleMatchingKeys): Promise<JWTVerifyResult> {
    let candidates = 0;
    for await (const key of keys) {
      candidates += 1;
      if (candidates > MAX_CANDIDATES) break;
      try {
        return await jwtVerify(token, key, this.#options);
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }

  async #keys(): Promise<JWTVerifyGetKey> {
    const url = this.#jwksUrl ?? (await this.#metadata.endpoint('jwks_uri'));
    const drift = Date.now() - performance.now();
    const known = this.#keySet;
    // jose tells the age of keys by the system's clock. Set back by hours, it would keep them for as many hours more,
    // those that were withdrawn as well, and not look for new ones.
    if (known?.url === url && drift > known.drift - CLOCK_STEP) {
      known.drift = Math.max(known.drift, drift);
      return known.keys;
    }
    const { servers, keyCooldown, keyMaxAge } = this.#deps;
    const keys = createRemoteJWKSet(new URL(url), {
      cooldownDuration: keyCooldown,
      cacheMaxAge: keyMaxAge,
      async [customFetch](place) {
        const { status, text } = await servers.get(place);
        if (status !== 200) throw new AuthServerError(place, `answered with status ${status}`);
        return new Response(text, { status });
      },
    });
    this.#keySet = { url, keys, drift };
    return keys;
  }
}

function isAccessToken({ typ }: JWTHeaderParameters): boolean {
  return typ === undefined || (typeof typ === 'string' && ACCESS_TYPE.test(typ));
}

function callerOf(payload: JWTPayload) {
  return {
    id: textIn(payload, 'sub', 'client_id', 'azp'),
    scopes: scopesIn(payload, 'scope', 'scp'),
    claims: Object.freeze(payload),
  };
}

/** @throws what is not the token's fault: the server of the keys, or a defect. */
function refusal(error: unknown): Verdict {
  if (!(error instanceof errors.JOSEError)) throw error;
  // The general code is what jose has for an answer that is no JSON; its cause may quote the answer.
  if (error instanceof errors.JWKSInvalid || error.code === errors.JOSEError.code) {
    throw new AuthServerError('the keys of the issuer', 'are not a JSON Web Key Set');
  }
  if (error instanceof errors.JWTExpired) return invalidToken('The token has expired');
  if (error instanceof errors.JWTClaimValidationFailed) return invalidToken(CLAIMS[error.claim] ?? INVALID);
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return invalidToken('The token is not signed with an accepted algorithm');
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return invalidToken('The token is signed with a key that the issuer does not publish');
  }
  return invalidToken(INVALID);
}

const INVALID = 'The token is not valid';
const CLAIMS: Readonly<Partial<Record<string, string>>> = {
  iss: 'The token is not from the accepted issuer',
  aud: 'The token is not meant for this server',
  nbf: 'The token is not valid yet',
};
