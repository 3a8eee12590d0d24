import { lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Pool } from 'undici';
import type { EgressConfig, Milliseconds, UpstreamConfig } from '../config/config.js';
import { addressProblem, assertPublicLiteral, EgressError, publicLookup } from '../spec/egress.js';
import type { TlsOptions } from './tlsOptions.js';

/**
 * Who vouches for an address. `operator`: the config names it. `file`: a document that the operator put on disk
 * names it as its own server. `document`: any other text from elsewhere, redirects included.
 */
export type Trust = 'operator' | 'file' | 'document';

export interface PoolOptions {
  /** `max_connections`, per origin. */
  readonly connections: number;
  readonly connectTimeout: Milliseconds;
  /** The one origin whose connections are always kept. */
  readonly ownOrigin: string;
  readonly tlsFor: (origin: string) => TlsOptions;
  readonly trustOf: (url: URL) => Trust;
  /** A monotonic clock. @default performance.now */
  readonly now?: () => Milliseconds;
}

/** Redirects and documents name origins; more than these are not kept open. */
const MAX_ORIGINS = 16;

/**
 * Under steady traffic a connection is never idle, and would stay at an address that the name has long left. undici's
 * own `clientTtl` leaves a request waiting when every connection of its pool has come of age (measured, 7.30).
 */
const MAX_AGE: Milliseconds = 60_000;

/** What addresses of clouds' metadata services are called. */
const METADATA = addressProblem('169.254.169.254');

interface OpenPool {
  readonly pool: Pool;
  readonly until: Milliseconds;
}

/** One pool of connections per origin, which connects only where it may, and looks the name up now and then. */
export class ConnectionPools {
  readonly #options: PoolOptions;
  readonly #now: () => Milliseconds;
  readonly #pools = new Map<string, OpenPool>();

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /**
   * To be used at once: a pool that has come of age takes no more requests.
   * @param origin As `URL` writes it.
   * @throws EgressError for an address that may not be connected to.
   */
  poolFor(origin: string): Pool {
    const existing = this.#pools.get(origin);
    if (existing !== undefined && this.#now() < existing.until) return existing.pool;
    const url = new URL(origin);
    const trust = this.#options.trustOf(url);
    if (trust !== 'operator') assertAllowedLiteral(url, trust);
    if (existing !== undefined) letFinish(existing);
    else if (this.#pools.size >= MAX_ORIGINS) this.#evict();
    const pool = this.#open(origin, trust);
    this.#pools.set(origin, { pool, until: this.#now() + MAX_AGE });
    return pool;
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map(({ pool }) => pool.close().catch(() => undefined)));
  }

  #open(origin: string, trust: Trust): Pool {
    const { connections, connectTimeout, tlsFor } = this.#options;
    return new Pool(origin, {
      connections,
      pipelining: 1,
      // The caller's deadline counts from connect to last byte; undici's own timers restart with every byte.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        timeout: connectTimeout,
        ...tlsFor(origin),
        ...(trust === 'operator' ? {} : { lookup: LOOKUPS[trust] }),
      },
    });
  }

  /** The oldest foreign origin goes. */
  #evict(): void {
    for (const [origin, open] of this.#pools) {
      if (origin === this.#options.ownOrigin) continue;
      this.#pools.delete(origin);
      letFinish(open);
      return;
    }
  }
}

/** What runs on a pool is finished; its connections end with it. */
function letFinish({ pool }: OpenPool): void {
  pool.close().catch(() => undefined);
}

/**
 * The operator vouches for `base_url` and for the host that the document comes from. Without `base_url`, the own
 * server of a document on disk may be a private one.
 */
export function trustOf(
  config: UpstreamConfig,
  ownOrigin: string,
  egress: EgressConfig,
): (url: URL) => Trust {
  if (egress.allow_private_spec_servers) return () => 'operator';
  const named = [config.base_url, config.openapi.source].flatMap((text) =>
    text !== null && /^https?:/i.test(text) && URL.canParse(text) ? [new URL(text).hostname] : [],
  );
  const hosts = new Set(named);
  const fileHost = named.length === 0 ? new URL(ownOrigin).hostname : null;
  return (url) => {
    if (hosts.has(url.hostname)) return 'operator';
    return url.hostname === fileHost ? 'file' : 'document';
  };
}

/** The lookup hook is not called for IP literals, so that these are checked here. */
function assertAllowedLiteral(url: URL, trust: 'file' | 'document'): void {
  if (trust === 'document') {
    assertPublicLiteral(url);
    return;
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const problem = isIP(host) === 0 ? null : addressProblem(host);
  if (problem !== null && problem === METADATA) throw new EgressError(host, problem);
}

const localLookup: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, '', 0);
    const allowed = addresses.filter(({ address }) => addressProblem(address) !== METADATA);
    const [first] = allowed;
    if (first === undefined) return callback(new EgressError(hostname, METADATA ?? 'not allowed'), '', 0);
    if (options.all === true) return callback(null, allowed);
    return callback(null, first.address, first.family);
  });
};

const LOOKUPS: Readonly<Record<'file' | 'document', LookupFunction>> = {
  file: localLookup,
  document: publicLookup,
};
