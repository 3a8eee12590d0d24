import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Milliseconds, RateLimitConfig, RateLimitStoreConfig } from '../config/config.js';
import { type Logger, silentLogger } from '../observe/logger.js';
import type { RoutingTable } from '../table/routingTable.js';
import type { CallContext, CallGate } from './callTool.js';
import { digestOf, type Limiter, RedisCounts, type Window } from './redisCounts.js';

/** Counts tool calls against the limits of the table that serves them. */
export interface RateLimits {
  /** Refuses what is over the limit, with the time after which it makes sense to come back. */
  readonly gate: CallGate;
  /**
   * Forgets what was counted for limits that this table does not have, and leaves and opens stores as it says. For
   * after a swap.
   */
  retain(table: RoutingTable): void;
  /** Resolves when no connection to a store is left. */
  close(): Promise<void>;
}

/**
 * Limits per upstream, in memory or where `rate_limit_store` says. A count lives as long as upstream, limit and store
 * stay what they are, across any number of tables.
 */
export function createRateLimits(logger: Logger = silentLogger): RateLimits {
  const limiters = new Map<string, Limiter>();
  const stores = new Map<string, RedisCounts>();
  const leaving = new Set<Promise<void>>();

  function limiterOf(upstream: string, limit: RateLimitConfig, place: string | null): Limiter {
    // A call that outlives its table may name a store that is closed by now, and is counted here.
    const store = place === null ? undefined : stores.get(place);
    const key = limiterKey(upstream, limit, store === undefined ? null : place);
    const limiter = limiters.get(key) ?? newLimiter(upstream, limit, store);
    limiters.set(key, limiter);
    return limiter;
  }

  function retainStores(alive: ReadonlyMap<string, RateLimitStoreConfig>): void {
    for (const [place, store] of stores) {
      if (alive.has(place)) continue;
      stores.delete(place);
      const gone = store.close().finally(() => leaving.delete(gone));
      leaving.add(gone);
    }
    for (const [place, { redis_url, prefix }] of alive) {
      if (redis_url === null || stores.has(place)) continue;
      stores.set(place, new RedisCounts({ redis_url, prefix }, logger));
    }
  }

  return {
    gate({ upstream, rateLimit, rateLimitStore }, context) {
      if (rateLimit == null) return null;
      const limiter = limiterOf(upstream.name, rateLimit, placeOf(rateLimitStore));
      return consume(limiter, sourceOf(rateLimit, context));
    },
    retain({ upstreams, config }) {
      const alive = new Set<string>();
      const store = config.rate_limit_store;
      const place = placeOf(store);
      for (const { name, config: upstream } of upstreams.values()) {
        const limit = new Map(Object.entries(config.rate_limits)).get(upstream.rate_limit ?? '');
        if (limit !== undefined) alive.add(limiterKey(name, limit, place));
      }
      for (const key of limiters.keys()) if (!alive.has(key)) limiters.delete(key);
      retainStores(place === null || alive.size === 0 ? new Map() : new Map([[place, store]]));
    },
    async close() {
      retainStores(new Map());
      await Promise.all(leaving);
    },
  };
}

function newLimiter(upstream: string, limit: RateLimitConfig, store: RedisCounts | undefined): Limiter {
  const window = windowOf(limit);
  if (store === undefined) return new RateLimiterMemory(window);
  return store.limiter(`${upstream}:${digestOf(limiterKey(upstream, limit, null))}`, window);
}

/** What a store is known by; null = in memory. */
function placeOf(store: RateLimitStoreConfig | undefined): string | null {
  return store === undefined || store.redis_url === null
    ? null
    : JSON.stringify([store.redis_url, store.prefix]);
}

async function consume(limiter: Limiter, source: string): Promise<string | null> {
  try {
    await limiter.consume(source);
    return null;
  } catch (reason) {
    if (reason instanceof RateLimiterRes) return refusal(reason.msBeforeNext);
    throw reason;
  }
}

function limiterKey(upstream: string, limit: RateLimitConfig, place: string | null): string {
  return JSON.stringify([upstream, limit.source, limit.average, limit.period, limit.burst, place]);
}

/**
 * `burst` calls in the time in which as many are allowed on average: nobody gets more than `burst` at once, and nobody
 * more than `average` per period in the long run.
 */
function windowOf({ average, period, burst }: RateLimitConfig): Window {
  const points = Math.min(burst, Math.floor((MAX_WINDOW * average) / period));
  return { points, duration: (points * period) / average / 1_000 };
}

/** Node's timers count in 32 bits, and a longer window would end at once. The longest period is shorter than this. */
const MAX_WINDOW: Milliseconds = 2 ** 31 - 1;

function sourceOf({ source }: RateLimitConfig, { caller, request }: CallContext): string {
  switch (source) {
    case 'upstream':
      return '';
    case 'ip':
      return addressOf(request);
    case 'user':
      // Callers without a name are told apart by where they are.
      return caller.id === null ? `address ${addressOf(request)}` : `user ${caller.id}`;
  }
}

/** As Express sees it (`trust proxy`) or the socket; an IPv6 customer's whole network counts as one. */
function addressOf(request: IncomingMessage | null): string {
  if (request === null) return 'stdio';
  const { ip } = request as { readonly ip?: unknown };
  const address = typeof ip === 'string' ? ip : (request.socket.remoteAddress ?? 'unknown');
  return isIPv6(address) && !address.includes('.') ? networkOf(address) : address;
}

/** The first 64 bits of an IPv6 address. */
function networkOf(address: string): string {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<string>(Math.max(0, zeros)).fill('0'), ...after];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

function refusal(milliseconds: number): string {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1_000));
  return `This API takes no more calls from you for now: its rate limit is reached. Nothing was sent; try again in ${seconds} s.`;
}
