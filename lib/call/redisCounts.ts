import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { bounded } from '../bounded.js';
import type { Milliseconds, RateLimitStoreConfig } from '../config/config.js';
import type { Logger } from '../observe/logger.js';

/** So many calls in so much time. */
export interface Window {
  readonly points: number;
  /** In seconds, and parts of them. */
  readonly duration: number;
}

/** Counts calls of one window per source. */
export interface Limiter {
  /** @throws RateLimiterRes when the source has had its calls */
  consume(source: string): Promise<unknown>;
}

/** What a call waits for Redis at most, be it the connection or an answer. */
const PATIENCE: Milliseconds = 500;
/** What a connection has to end by itself. */
const FAREWELL: Milliseconds = 100;
/** How long a server that may only be read is left alone before another connection is tried. */
const READ_ONLY_PAUSE: Milliseconds = 2_000;
/** Before Redis 7 it stands behind `ERR Error running script`. */
const READ_ONLY = /\bREADONLY\b/;

/**
 * Counts in a Redis that is shared with other replicas. While it cannot be reached, or does not answer in time, calls
 * are counted here: none fails and none is unlimited for want of it. The connection is tried again until `close`.
 */
export class RedisCounts {
  readonly #prefix: string;
  readonly #logger: Logger;
  readonly #client: Promise<Redis | null>;
  readonly #closing = new AbortController();
  #phase: 'up' | 'down' | 'closed' = 'up';
  /** What was said last by a server that took commands: that it connects again says nothing then. */
  #readOnly = false;

  constructor({ redis_url, prefix }: RateLimitStoreConfig & { readonly redis_url: string }, logger: Logger) {
    this.#prefix = prefix;
    this.#logger = logger;
    this.#client = this.#open(redis_url);
  }

  /** @param name What tells this limit from the others of all replicas. */
  limiter(name: string, window: Window): Limiter {
    const own = new RateLimiterMemory(window);
    const shared = this.#client.then((client) => client && this.#sharedLimiter(client, name, window));
    return {
      consume: async (source) => {
        const limiter = await shared;
        // Not the library's `insuranceLimiter`, which would keep to itself that, and why, it had to step in.
        return (limiter !== null && (await this.#counted(limiter, source))) || own.consume(source);
      },
    };
  }

  /** Resolves when the connection is gone. Calls that wait for an answer are counted here. */
  async close(): Promise<void> {
    this.#phase = 'closed';
    this.#closing.abort();
    const client = await this.#client;
    if (client === null || client.status === 'end') return;
    const ended = new AbortController();
    client.once('end', () => ended.abort());
    client.disconnect();
    // Between two attempts to connect there is no end to be told of.
    await sleep(2 * FAREWELL, undefined, { signal: ended.signal }).catch(() => {});
  }

  async #open(url: string): Promise<Redis | null> {
    try {
      const { Redis } = await import('ioredis');
      if (this.#phase === 'closed') return null;
      const client = new Redis(url, {
        commandTimeout: PATIENCE,
        connectTimeout: 4 * PATIENCE,
        disconnectTimeout: FAREWELL,
        // A call is counted now, here if need be; not later.
        enableOfflineQueue: false,
        autoResendUnfulfilledCommands: false,
        maxRetriesPerRequest: 0,
        retryStrategy: (times) => (this.#readOnly ? READ_ONLY_PAUSE : Math.min(times * 200, 2_000)),
      });
      client.on('error', (error: unknown) => this.#lost(error));
      client.on('close', () => this.#lost(new Error('the connection was closed')));
      client.on('ready', () => {
        if (!this.#readOnly) this.#found();
      });
      // The first calls wait for the first attempt, so that they are not counted apart.
      const bounds = { signals: [this.#closing.signal], limit: PATIENCE };
      await bounded(bounds, (signal) => once(client, 'ready', { signal })).catch(() => {});
      return client;
    } catch (error) {
      this.#lost(error);
      return null;
    }
  }

  #sharedLimiter(client: Redis, name: string, { points, duration }: Window): RateLimiterRedis {
    return new RateLimiterRedis({
      storeClient: client,
      keyPrefix: `${this.#prefix}:${name}`,
      points,
      // The script takes as milliseconds what the library takes as seconds, and rounds to whole ones.
      duration: Math.max(1, Math.round(duration * 1_000)),
      customIncrTtlLuaScript: COUNT,
      rejectIfRedisNotReady: true,
    });
  }

  /** Null when Redis did not count. */
  async #counted(limiter: RateLimiterRedis, source: string): Promise<RateLimiterRes | null> {
    try {
      // Names of callers are nothing to leave in a database, nor is their length bounded.
      const result = await limiter.consume(digestOf(source));
      this.#found();
      return result;
    } catch (reason) {
      if (reason instanceof RateLimiterRes) {
        this.#found();
        throw reason;
      }
      this.#lost(reason);
      const message = reason instanceof Error ? reason.message : '';
      // A primary that became a replica may keep its connections, where the name leads to the new primary by now.
      const readOnly = READ_ONLY.test(message);
      if (readOnly) this.#readOnly = true;
      if (readOnly || message === 'Command timed out') await this.#reconnect();
      return null;
    }
  }

  /** One call was not counted; those after it need not ask until a new connection answers. */
  async #reconnect(): Promise<void> {
    const client = await this.#client;
    if (client?.status === 'ready' && this.#phase !== 'closed') client.disconnect(true);
  }

  #lost(error: unknown): void {
    if (this.#phase !== 'up') return;
    this.#phase = 'down';
    this.#logger.warn(
      { reason: reasonOf(error) },
      'Redis does not count calls for rate limits; until it does again, this replica counts its own',
    );
  }

  #found(): void {
    this.#readOnly = false;
    if (this.#phase !== 'down') return;
    this.#phase = 'up';
    this.#logger.info({}, 'Redis counts calls for rate limits again');
  }
}

/** The name of a value of any length, in a key of Redis. */
export function digestOf(value: string): string {
  return createHash('sha256').update(value).digest('base64url').slice(0, 22);
}

/** Counts, and lets the count end when its window does: KEYS[1], by ARGV[1], in ARGV[2] milliseconds. */
const COUNT = `
local count = redis.call('incrby', KEYS[1], ARGV[1])
local left = redis.call('pttl', KEYS[1])
if left < 0 then
  left = tonumber(ARGV[2])
  redis.call('pexpire', KEYS[1], left)
end
return { count, left }`;

/** Answers of Redis may repeat what it was sent, the password among it: their first word is the kind of error. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'command' in error || error.name === 'ReplyError'
    ? (/^[A-Z]{2,}/.exec(error.message)?.[0] ?? error.name)
    : error.message;
}
