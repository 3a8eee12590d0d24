import { type Metrics, REFRESH_RESULTS, type RefreshResult } from '../observe/metrics.js';

/** Per upstream: how its last refresh went, and how often in a row it has failed. Keeps the metrics of both. */
export class RefreshLedger {
  readonly #metrics: Metrics;
  readonly #failures = new Map<string, number>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** An upstream that serves; news only when it has just been loaded for the first time. */
  loaded(upstream: string): void {
    if (this.#failures.has(upstream)) return;
    this.#failures.set(upstream, 0);
    // A rate is seen only of a series that was there before it rose.
    for (const result of REFRESH_RESULTS) this.#metrics.specRefreshes.inc({ upstream, result }, 0);
    this.#succeeded(upstream);
  }

  record(upstream: string, result: RefreshResult): void {
    this.#metrics.specRefreshes.inc({ upstream, result });
    if (result !== 'failure') {
      this.#failures.set(upstream, 0);
      this.#succeeded(upstream);
      return;
    }
    const failures = this.failures(upstream) + 1;
    this.#failures.set(upstream, failures);
    this.#metrics.specLastRefreshSuccessful.set({ upstream }, 0);
    this.#metrics.specRefreshConsecutiveFailures.set({ upstream }, failures);
  }

  failures(upstream: string): number {
    return this.#failures.get(upstream) ?? 0;
  }

  /** Drops the series of upstreams that are not in `names`. */
  retain(names: ReadonlySet<string>): void {
    for (const upstream of [...this.#failures.keys()]) {
      if (names.has(upstream)) continue;
      this.#failures.delete(upstream);
      for (const result of REFRESH_RESULTS) this.#metrics.specRefreshes.remove({ upstream, result });
      this.#metrics.specLastRefreshSuccessful.remove({ upstream });
      this.#metrics.specLastRefreshSuccessTimestamp.remove({ upstream });
      this.#metrics.specRefreshConsecutiveFailures.remove({ upstream });
    }
  }

  #succeeded(upstream: string): void {
    this.#metrics.specLastRefreshSuccessful.set({ upstream }, 1);
    this.#metrics.specLastRefreshSuccessTimestamp.set({ upstream }, Date.now() / 1000);
    this.#metrics.specRefreshConsecutiveFailures.set({ upstream }, 0);
  }
}
