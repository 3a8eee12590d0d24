import { setTimeout as sleep } from 'node:timers/promises';
import type { UpstreamConfig } from '../config/config.js';
import type { Logger } from '../observe/logger.js';
import type { UpstreamRequest } from '../table/routingTable.js';
import type { ConnectionPools } from './connectionPools.js';
import { ACCEPT_ENCODING } from './contentDecoding.js';
import type { CredentialParts } from './credential.js';
import type { Deadline } from './deadline.js';
import { type ExchangeRequest, type ExchangeResponse, exchange } from './exchange.js';
import { headersFor, withQuery } from './outgoing.js';
import { redirectionOf } from './redirect.js';
import { codeOf, failureOf } from './upstreamFailure.js';
import { type WireUrl, wireUrl } from './wireUrl.js';

const MAX_REDIRECTS = 5;
/** Pauses before the second and third attempt, in milliseconds. */
const RETRY_PAUSES = [50, 200] as const;
/** RFC 9110 §9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']);
const NONE: Readonly<Record<string, string>> = {};
/** Each origin that egress refuses is told to the operator once. */
const MAX_TOLD = 100;

/** Gets one request to its server: over redirects, with another try when the connection fails. */
export class Delivery {
  readonly #config: UpstreamConfig;
  readonly #ownOrigin: string;
  readonly #pools: ConnectionPools;
  readonly #logger: Logger;
  readonly #told = new Set<string>();

  constructor(config: UpstreamConfig, ownOrigin: string, pools: ConnectionPools, logger: Logger) {
    this.#config = config;
    this.#ownOrigin = ownOrigin;
    this.#pools = pools;
    this.#logger = logger;
  }

  /**
   * @param start The request's URL, taken apart.
   * @param parts Credentials; they stay within the own origin, as do configured headers and the hook's.
   * @throws UpstreamFailure
   */
  async deliver(
    request: UpstreamRequest,
    start: WireUrl,
    parts: readonly CredentialParts[],
    deadline: Deadline,
  ): Promise<ExchangeResponse> {
    let { url, method, body } = request;
    for (let hop = 0; ; hop += 1) {
      const plain = hop === 0 ? start : wireUrl(url);
      const own = plain.origin === this.#ownOrigin;
      const target = own && parts.length > 0 ? wireUrl(withQuery(url, parts)) : plain;
      const headers = headersFor(request, {
        configured: own ? this.#config.headers : NONE,
        parts: own ? parts : [],
        hook: own ? (request.hookHeaders ?? NONE) : NONE,
        acceptEncoding: ACCEPT_ENCODING,
        foreign: plain.origin !== start.origin,
        withBody: body !== null,
      });
      const message = { method, target, headers, body };
      let response: ExchangeResponse;
      try {
        response = await this.#send(message, deadline);
      } catch (error) {
        response = await this.#sendAgain(message, error, deadline);
      }
      const { location } = response.headers;
      if (location === undefined || hop >= MAX_REDIRECTS) return response;
      const next = redirectionOf(response.status, location, new URL(url), method);
      if (next === null) return response;
      url = next.url.href;
      method = next.method;
      if (!next.keepsBody) body = null;
    }
  }

  #send(request: ExchangeRequest, deadline: Deadline): Promise<ExchangeResponse> {
    const pool = this.#pools.poolFor(request.target.origin);
    return exchange(pool, request, this.#config.max_response_body, deadline);
  }

  /** Repeats an idempotent request whose connection failed, at most twice and within the deadline. */
  async #sendAgain(request: ExchangeRequest, error: unknown, deadline: Deadline): Promise<ExchangeResponse> {
    const { method, target } = request;
    let latest = error;
    for (let attempt = 0; ; attempt += 1) {
      const failure = failureOf(latest, target.host);
      if (failure.kind === 'refused') this.#tell(target.origin);
      const wait = RETRY_PAUSES[attempt];
      if (!failure.retryable || wait === undefined || !IDEMPOTENT.has(method)) throw failure;
      this.#logger.debug(
        { upstream: this.#config.name, code: codeOf(failure.cause) },
        'the connection failed; trying again',
      );
      await deadline.race(sleep(wait));
      try {
        return await this.#send(request, deadline);
      } catch (again) {
        latest = again;
      }
    }
  }

  #tell(origin: string): void {
    if (this.#told.has(origin) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(origin);
    this.#logger.warn(
      { upstream: this.#config.name, origin },
      'a document or a redirect names a server that egress does not allow; set base_url if it is the API’s',
    );
  }
}
