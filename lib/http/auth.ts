import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { InboundAuthConfig, Milliseconds } from '../config/config.js';
import type { Logger } from '../observe/logger.js';
import { ApiKeyCheck } from './apiKeyAuth.js';
import type { AuthContext, Authenticator, AuthOutcome } from './authenticator.js';
import { AuthServers } from './authServer.js';
import { challengeText } from './challenge.js';
import { hostCaller } from './hostIdentity.js';
import { IntrospectionCheck } from './introspectionAuth.js';
import { JwtCheck } from './jwtAuth.js';
import type { PolicyCheck, Verdict } from './policyCheck.js';

export interface AuthenticatorOptions {
  readonly logger: Logger;
  /** Of one question to an authorization server. @default 5 s */
  readonly timeout?: Milliseconds;
  /** Between two looks at an issuer's keys for one that is not known. @default 30 s */
  readonly keyCooldown?: Milliseconds;
  /** Keys older than this are asked for anew: how long a withdrawn key may still be accepted. @default 10 min */
  readonly keyMaxAge?: Milliseconds;
  /** How long a signed token is accepted without checking its signature again. @default 30 s, at most `keyMaxAge` */
  readonly acceptedFor?: Milliseconds;
  /** How long an introspected token is taken as active: how late a revocation may be noticed. @default 30 s */
  readonly activeFor?: Milliseconds;
  /** How long a token found inactive is refused without asking again. @default 5 s */
  readonly inactiveFor?: Milliseconds;
}

export interface InboundAuthenticator extends Authenticator {
  /** Lets go of keys and answers of policies that are none of these. For after a swap. */
  retain(policies: Iterable<InboundAuthConfig>): void;
}

/**
 * Checks credentials against the policies of tables. What a policy has learned (keys, answers) is kept by the
 * policy's content: it outlives reloads that do not touch the policy, and is never used for another one.
 */
export function createAuthenticator(options: AuthenticatorOptions): InboundAuthenticator {
  return new PolicyAuthenticator(options);
}

class PolicyAuthenticator implements InboundAuthenticator {
  readonly #servers: AuthServers;
  readonly #deps;
  /** By the policy of a table, which may be retired and still in use. */
  readonly #byPolicy = new WeakMap<InboundAuthConfig, PolicyCheck>();
  /** By the digest of the policy's content. */
  readonly #byContent = new Map<string, PolicyCheck>();

  constructor(options: AuthenticatorOptions) {
    const {
      logger,
      timeout,
      keyCooldown,
      keyMaxAge = 600_000,
      acceptedFor,
      activeFor,
      inactiveFor,
    } = options;
    this.#servers = new AuthServers(timeout === undefined ? {} : { timeout });
    this.#deps = {
      servers: this.#servers,
      logger,
      keyCooldown: keyCooldown ?? 30_000,
      keyMaxAge,
      acceptedFor: Math.min(acceptedFor ?? 30_000, keyMaxAge),
      activeFor: activeFor ?? 30_000,
      inactiveFor: inactiveFor ?? 5_000,
    };
  }

  async authenticate(
    req: IncomingMessage,
    policy: InboundAuthConfig,
    context: AuthContext,
  ): Promise<AuthOutcome> {
    if (policy.strategy === 'none') return { kind: 'ok', caller: hostCaller(req) };
    const check = this.#checkOf(policy);
    const verdict = await check.check(req);
    return verdict.kind === 'ok' ? verdict : refused(verdict, check, context);
  }

  retain(policies: Iterable<InboundAuthConfig>): void {
    const alive = new Set([...policies].map(digestOf));
    for (const digest of this.#byContent.keys()) if (!alive.has(digest)) this.#byContent.delete(digest);
  }

  close(): void {
    this.#byContent.clear();
    this.#servers.close();
  }

  #checkOf(policy: Exclude<InboundAuthConfig, { strategy: 'none' }>): PolicyCheck {
    const known = this.#byPolicy.get(policy);
    if (known !== undefined) return known;
    const digest = digestOf(policy);
    const check = this.#byContent.get(digest) ?? this.#create(policy);
    this.#byContent.set(digest, check);
    this.#byPolicy.set(policy, check);
    return check;
  }

  #create(policy: Exclude<InboundAuthConfig, { strategy: 'none' }>): PolicyCheck {
    switch (policy.strategy) {
      case 'jwt':
        return new JwtCheck(policy.jwt, this.#deps);
      case 'introspection':
        return new IntrospectionCheck(policy.introspection, this.#deps);
      case 'apikey':
        return new ApiKeyCheck(policy.apikey);
    }
  }
}

/** Keys of callers count: `JSON.stringify` tells whether they differ. */
function digestOf(policy: InboundAuthConfig): string {
  return createHash('sha256').update(JSON.stringify(policy)).digest('hex');
}

function refused(
  verdict: Extract<Verdict, { kind: 'refused' }>,
  { scheme, scopes, header }: PolicyCheck,
  { metadata }: AuthContext,
): AuthOutcome {
  const { reason, message } = verdict;
  return {
    kind: 'refused',
    status: reason === 'insufficient_scope' ? 403 : 401,
    message,
    anonymous: reason === 'missing',
    challenge: challengeText({
      scheme,
      resourceMetadata: scheme === 'Bearer' ? metadata : null,
      error: reason === 'missing' || scheme !== 'Bearer' ? null : reason,
      description: message,
      scopes,
      ...(header === undefined ? {} : { header }),
    }),
  };
}
