import type { CircuitBreakerConfig, Milliseconds } from '../config/config.js';

/** What `circuit_state` shows. */
export const CIRCUIT_STATE = { closed: 0, halfOpen: 1, open: 2 } as const;
export type CircuitState = keyof typeof CIRCUIT_STATE;

/** `neutral` says nothing about the upstream: the caller left, or nothing was sent. */
export type CallVerdict = 'success' | 'failure' | 'neutral';

/** Tells the breaker how an admitted call ended; to be called once. */
export type Admission = (verdict: CallVerdict) => void;

/** The failure share is taken over the last minute, in steps of five seconds. */
const BUCKETS = 12;
const BUCKET_LENGTH: Milliseconds = 5_000;

interface Bucket {
  /** Number of the five seconds since the clock's zero. */
  readonly period: number;
  calls: number;
  failures: number;
}

type Phase =
  | { readonly state: 'closed'; readonly buckets: Bucket[] }
  | { readonly state: 'open'; readonly until: number }
  | HalfOpen;

interface HalfOpen {
  readonly state: 'halfOpen';
  readonly since: number;
  asked: number;
  admitted: number;
  succeeded: number;
}

/**
 * Spares an upstream that fails. Closed: every call is admitted and counted; when at least `min_requests` were
 * made and `threshold` of them failed, it opens. Open: every call is refused for `fallback_duration`. Half open:
 * one probe at a time until one succeeds, then a share of the calls that grows over `recovery_duration`, after
 * which it closes; a failure opens it again.
 */
export class CircuitBreaker {
  readonly #config: CircuitBreakerConfig;
  readonly #changed: (state: CircuitState) => void;
  readonly #now: () => Milliseconds;
  #phase: Phase = { state: 'closed', buckets: [] };
  #probing = 0;

  /** @param now A monotonic clock in milliseconds. @default performance.now */
  constructor(
    config: CircuitBreakerConfig,
    changed: (state: CircuitState) => void,
    now: () => Milliseconds = () => performance.now(),
  ) {
    this.#config = config;
    this.#changed = changed;
    this.#now = now;
  }

  get state(): CircuitState {
    return this.#phase.state;
  }

  /** Milliseconds until it makes sense to ask again. */
  get retryAfter(): Milliseconds {
    return this.#phase.state === 'open' ? Math.max(0, this.#phase.until - this.#now()) : 1_000;
  }

  /** null = refused. */
  admit(): Admission | null {
    const now = this.#now();
    if (this.#phase.state === 'open' && now >= this.#phase.until) {
      this.#enter({ state: 'halfOpen', since: now, asked: 0, admitted: 0, succeeded: 0 });
    }
    const phase = this.#phase;
    switch (phase.state) {
      case 'closed':
        return this.#admission(phase);
      case 'open':
        return null;
      case 'halfOpen': {
        phase.asked += 1;
        const share = Math.min(1, (now - phase.since) / Math.max(1, this.#config.recovery_duration));
        const open = phase.succeeded > 0 && phase.admitted <= phase.asked * share;
        if (!open && this.#probing > 0) return null;
        phase.admitted += 1;
        return this.#admission(phase);
      }
    }
  }

  #admission(phase: Phase): Admission {
    const probe = phase.state === 'halfOpen';
    if (probe) this.#probing += 1;
    let ended = false;
    return (verdict) => {
      if (ended) return;
      ended = true;
      if (probe) this.#probing -= 1;
      // What was admitted in an earlier phase says nothing about this one.
      if (this.#phase === phase) this.#count(phase, verdict);
    };
  }

  #count(phase: Phase, verdict: CallVerdict): void {
    if (verdict === 'neutral' || phase.state === 'open') return;
    const now = this.#now();
    if (phase.state === 'halfOpen') {
      this.#countProbe(phase, verdict, now);
      return;
    }
    const bucket = currentBucket(phase.buckets, Math.floor(now / BUCKET_LENGTH));
    bucket.calls += 1;
    if (verdict === 'success') return;
    bucket.failures += 1;
    const calls = phase.buckets.reduce((sum, each) => sum + each.calls, 0);
    const failures = phase.buckets.reduce((sum, each) => sum + each.failures, 0);
    if (calls >= this.#config.min_requests && failures >= calls * this.#config.threshold) this.#open(now);
  }

  #countProbe(phase: HalfOpen, verdict: CallVerdict, now: Milliseconds): void {
    if (verdict === 'failure') {
      this.#open(now);
      return;
    }
    phase.succeeded += 1;
    if (now - phase.since >= this.#config.recovery_duration) this.#enter({ state: 'closed', buckets: [] });
  }

  #open(now: Milliseconds): void {
    this.#enter({ state: 'open', until: now + this.#config.fallback_duration });
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#changed(phase.state);
  }
}

function currentBucket(buckets: Bucket[], period: number): Bucket {
  const last = buckets.at(-1);
  if (last?.period === period) return last;
  const bucket = { period, calls: 0, failures: 0 };
  buckets.push(bucket);
  while ((buckets[0]?.period ?? period) <= period - BUCKETS) buckets.shift();
  return bucket;
}
