import { readFileSync } from 'node:fs';
import type { CircuitBreakerConfig, EgressConfig, UpstreamConfig } from '../config/config.js';
import type { Logger } from '../observe/logger.js';
import type { UpstreamClient, UpstreamRequest, UpstreamResponse } from '../table/routingTable.js';
import { type CallVerdict, CIRCUIT_STATE, CircuitBreaker } from './circuitBreaker.js';
import { ClientCredentialsToken, type PostForm, TokenFailure } from './clientCredentialsToken.js';
import { ConnectionPools, trustOf } from './connectionPools.js';
import { ConnectionSlots } from './connectionSlots.js';
import { decodeContent } from './contentDecoding.js';
import type { Credential, CredentialParts } from './credential.js';
import { Credentials } from './credentials.js';
import { Deadline } from './deadline.js';
import { Delivery } from './delivery.js';
import { exchange } from './exchange.js';
import { redactedAnswer, secretsIn } from './redaction.js';
import type { SecretStore } from './secret.js';
import { type TlsOptions, tlsOptionsOf } from './tlsOptions.js';
import { failureOf, UpstreamFailure } from './upstreamFailure.js';
import { type WireUrl, wireUrl } from './wireUrl.js';

export { type FailureKind, UpstreamFailure } from './upstreamFailure.js';

export interface UpstreamClientOptions {
  readonly config: UpstreamConfig;
  /** `CompiledUpstream.server`: credentials, configured headers and client certificates go to its origin only. */
  readonly server: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @default readFileSync, UTF-8 */
  readonly readSecret?: (path: string) => string;
  readonly egress: EgressConfig;
  /** The entry of `circuit_breakers` that the upstream names. @default none */
  readonly circuitBreaker?: CircuitBreakerConfig | null;
  readonly logger: Logger;
}

const DEFAULT_TLS: TlsOptions = { rejectUnauthorized: true };
/** Of a token endpoint; in bytes. */
const MAX_TOKEN_ANSWER = 1024 * 1024;

/**
 * @throws SourceError stage `client` when a secret or a TLS file is missing or unusable.
 */
export function createUpstreamClient(options: UpstreamClientOptions): UpstreamClient {
  return new HttpUpstreamClient(options);
}

/**
 * The connections, credentials, circuit breaker and concurrency limit of one upstream. It lives as long as what
 * it was made of does not change, across any number of tables.
 */
export class HttpUpstreamClient implements UpstreamClient {
  readonly #config: UpstreamConfig;
  readonly #headerSecrets: CredentialParts;
  readonly #ownOrigin: string;
  readonly #pools: ConnectionPools;
  readonly #delivery: Delivery;
  readonly #tokenPools: ConnectionPools;
  readonly #credentials: Credentials;
  readonly #slots: ConnectionSlots;
  readonly #breaker: CircuitBreaker | null;

  constructor(options: UpstreamClientOptions) {
    const { config, server, egress, logger } = options;
    const store: SecretStore = {
      env: options.env,
      readSecret: options.readSecret ?? ((path) => readFileSync(path, 'utf8')),
    };
    this.#config = config;
    this.#headerSecrets = secretsIn(config.headers);
    this.#ownOrigin = new URL(server).origin;
    const tls = tlsOptionsOf(config.tls, store);
    const pool = {
      connections: config.max_connections,
      connectTimeout: config.timeout,
      ownOrigin: this.#ownOrigin,
    };
    this.#pools = new ConnectionPools({
      ...pool,
      // Client certificates are credentials, and what the config trusts it trusts for this origin.
      tlsFor: (origin) => (origin === this.#ownOrigin ? tls : DEFAULT_TLS),
      trustOf: trustOf(config, this.#ownOrigin, egress),
    });
    this.#tokenPools = new ConnectionPools({
      ...pool,
      connections: 1,
      // The operator names token endpoints, and they are often behind the same private authority.
      tlsFor: (origin) => (origin === this.#ownOrigin ? tls : { ...DEFAULT_TLS, ...authorityOf(tls) }),
      trustOf: () => 'operator',
    });
    this.#delivery = new Delivery(config, this.#ownOrigin, this.#pools, logger);
    this.#credentials = new Credentials(
      config.outbound_auth,
      store,
      ({ oauth2_client_credentials }) =>
        new ClientCredentialsToken(oauth2_client_credentials, this.#postForm, logger),
    );
    this.#slots = new ConnectionSlots(config.max_connections);
    this.#breaker =
      options.circuitBreaker == null
        ? null
        : new CircuitBreaker(options.circuitBreaker, (state) => {
            logger.warn({ upstream: config.name, state }, 'the circuit breaker changed its state');
          });
  }

  get circuitState(): number | null {
    return this.#breaker === null ? null : CIRCUIT_STATE[this.#breaker.state];
  }

  async send(request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamResponse> {
    const admission = this.#breaker?.admit() ?? null;
    if (this.#breaker !== null && admission === null) throw circuitOpen(this.#breaker);
    const target = wireUrl(request.url);
    const deadline = new Deadline(this.#config.timeout, signal, target.host);
    let verdict: CallVerdict = 'neutral';
    try {
      const release = this.#slots.tryAcquire() ?? (await this.#slots.acquire(deadline));
      try {
        const response = await this.#call(request, target, deadline);
        verdict = response.status >= 500 ? 'failure' : 'success';
        return response;
      } finally {
        release();
      }
    } catch (error) {
      const failure = failureOf(error, target.host);
      verdict = verdictOf(failure);
      throw failure;
    } finally {
      deadline.finish();
      admission?.(verdict);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#pools.close(), this.#tokenPools.close()]);
  }

  /** One call: credentials, and one more try with a fresh token where a token was refused. */
  async #call(request: UpstreamRequest, target: WireUrl, deadline: Deadline): Promise<UpstreamResponse> {
    const own = target.origin === this.#ownOrigin;
    const credentials = own ? this.#credentials.choose(request.security) : [];
    let parts = credentials.length === 0 ? NO_PARTS : await partsOf(credentials, deadline);
    let response = await this.#delivery.deliver(request, target, parts, deadline);
    if (response.status === 401 && refused(credentials, parts)) {
      parts = await partsOf(credentials, deadline);
      response = await this.#delivery.deliver(request, target, parts, deadline);
    }
    const { status, headers, partial } = response;
    const coding = headers['content-encoding'];
    const body =
      coding === undefined
        ? response.body
        : await decodeContent(response, coding, this.#config.max_response_body, target.host);
    const { hookHeaders } = request;
    const hookSecrets = own && hookHeaders !== undefined ? [secretsIn(hookHeaders)] : [];
    const sent = own ? [...parts, this.#headerSecrets, ...hookSecrets] : parts;
    const shown = redactedAnswer({ headers, body }, sent);
    const answer = { status, headers: shown.headers, body: shown.body };
    return partial ? { ...answer, partial } : answer;
  }

  readonly #postForm: PostForm = async (url, form, headers) => {
    const deadline = new Deadline(this.#config.timeout, null, 'The token endpoint');
    const target = wireUrl(url);
    const request = { method: 'POST', target, headers, body: Buffer.from(form) };
    try {
      return await exchange(this.#tokenPools.poolFor(target.origin), request, MAX_TOKEN_ANSWER, deadline);
    } finally {
      deadline.finish();
    }
  };
}

const NO_PARTS: readonly CredentialParts[] = [];

async function partsOf(
  credentials: readonly Credential[],
  deadline: Deadline,
): Promise<readonly CredentialParts[]> {
  return Promise.all(credentials.map((credential) => credential.parts(deadline)));
}

/** True if at least one credential can give other parts than those that the upstream refused. */
function refused(credentials: readonly Credential[], parts: readonly CredentialParts[]): boolean {
  let renewable = false;
  credentials.forEach((credential, index) => {
    const used = parts[index];
    if (used !== undefined && credential.refused(used)) renewable = true;
  });
  return renewable;
}

function authorityOf({ ca }: TlsOptions): Partial<TlsOptions> {
  return ca === undefined ? {} : { ca };
}

function verdictOf(failure: UpstreamFailure): CallVerdict {
  // A token endpoint that is down says nothing about the API.
  if (failure instanceof TokenFailure) return 'neutral';
  return failure.kind === 'timeout' || failure.kind === 'connect' || failure.kind === 'protocol'
    ? 'failure'
    : 'neutral';
}

function circuitOpen(breaker: CircuitBreaker): UpstreamFailure {
  const seconds = Math.max(1, Math.ceil(breaker.retryAfter / 1_000));
  return new UpstreamFailure(
    'circuit_open',
    `This API has failed too often and gets a rest; try again in ${seconds} s.`,
  );
}
