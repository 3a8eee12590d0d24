import type { Milliseconds } from '../config/config.js';

const FIRST_RETRY: Milliseconds = 5_000;
const LONGEST_RETRY: Milliseconds = 5 * 60_000;
/** No server is believed that wants to be left alone for longer. */
const LONGEST_REQUEST: Milliseconds = 60 * 60_000;

/**
 * When to ask a source again that has just answered.
 * @param interval As configured.
 * @param minimum What the server asked for by `Cache-Control` or `Retry-After`; null = nothing.
 * @param random 0 to 1.
 */
export function refreshDelay(
  interval: Milliseconds,
  minimum: Milliseconds | null,
  random: number,
): Milliseconds {
  return atLeast(minimum, spread(interval, random), random);
}

/**
 * When to ask a source again that has just failed: soon, compared with a long interval, then ever more seldom.
 * First after 5 s or the interval, whichever is shorter; doubled by each failure; at most 5 min or the interval,
 * whichever is longer.
 * @param failures In a row, this one included.
 * @param retryAfter As the server asked for; null = it did not.
 */
export function retryDelay(
  interval: Milliseconds,
  failures: number,
  retryAfter: Milliseconds | null,
  random: number,
): Milliseconds {
  const doubled = Math.min(FIRST_RETRY, interval) * 2 ** Math.max(0, failures - 1);
  return atLeast(retryAfter, spread(Math.min(doubled, Math.max(LONGEST_RETRY, interval)), random), random);
}

/** ±10 %, so that the replicas of a deployment do not ask all at once. */
function spread(delay: Milliseconds, random: number): Milliseconds {
  return delay * (0.9 + 0.2 * random);
}

/** Spread upwards only: never sooner than the server said. */
function atLeast(asked: Milliseconds | null, delay: Milliseconds, random: number): Milliseconds {
  const minimum = Math.min(Math.max(asked ?? 0, 0), LONGEST_REQUEST);
  return Math.max(delay, minimum * (1 + 0.1 * random));
}
