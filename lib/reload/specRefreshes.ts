import type { Config, Milliseconds } from '../config/config.js';
import { SourceError } from '../errors.js';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import { isUrl, type SourceSnapshot } from '../spec/source.js';
import { problemsOf } from './announce.js';
import { Refresher, type RefreshSchedule } from './refresher.js';
import { RefreshLedger } from './refreshLedger.js';
import type { FetchedParts, FetchedSources } from './reloadWork.js';
import { partsDue, type RemoteRefresh, refreshRemote } from './remoteRefresh.js';
import type { UpstreamLoad, UpstreamState } from './upstreamLoad.js';
import type { PartOutcome } from './upstreamSources.js';

export interface SpecRefreshesOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** What is in force now; null before the first table. */
  readonly current: () => {
    readonly config: Config;
    readonly states: ReadonlyMap<string, UpstreamState>;
  } | null;
  /** New bytes: the reload loop decides what becomes of them. */
  readonly onChanged: (fetched: FetchedParts) => void;
  /** The same bytes with newer validators, for the upstream in exactly this state. */
  readonly onSame: (
    upstream: string,
    state: UpstreamState,
    parts: ReadonlyMap<number, SourceSnapshot>,
  ) => void;
}

/** Asks the servers of URL sources on schedule, and keeps account of how every upstream's refreshes went. */
export class SpecRefreshes {
  readonly #options: SpecRefreshesOptions;
  readonly #ledger: RefreshLedger;
  readonly #refresher: Refresher;
  readonly #closing = new AbortController();

  constructor(options: SpecRefreshesOptions) {
    this.#options = options;
    this.#ledger = new RefreshLedger(options.metrics);
    this.#refresher = new Refresher({
      logger: options.logger,
      onDue: (upstream, part) => void this.#refresh(upstream, part),
    });
  }

  /** Starts, changes and stops timers so that they are those of this config. */
  schedule(config: Config, states: ReadonlyMap<string, UpstreamState>): void {
    this.#refresher.update(schedulesOf(config, states));
  }

  /** What the reload loop made of the sources of every upstream that serves now. */
  recordLoads(loads: ReadonlyMap<string, UpstreamLoad>, fetched: FetchedSources): void {
    for (const [upstream, load] of loads) {
      // What came too late, or for a source that the config no longer names, says nothing of the one that serves.
      for (const part of fetched.get(upstream)?.keys() ?? []) this.#refresher.abandoned(upstream, part);
      for (const { part, result, retryAfter, minimumInterval } of load.parts) {
        if (result === 'failure') this.#refresher.failed(upstream, part, retryAfter);
        else this.#refresher.succeeded(upstream, part, minimumInterval);
      }
      const result = worstResult(load.parts);
      if (result === null) this.#ledger.loaded(upstream);
      else this.#ledger.record(upstream, result);
    }
    this.#ledger.retain(new Set(loads.keys()));
  }

  /** Fetched, but the change as a whole was not taken. */
  recordRejected(fetched: FetchedSources): void {
    for (const [upstream, parts] of fetched) {
      this.#ledger.record(upstream, 'failure');
      for (const part of parts.keys()) this.#refresher.failed(upstream, part, null);
    }
  }

  /** Fetched and usable, but the safety gate holds what it would change. Asked for again at the usual time. */
  recordHeld(fetched: FetchedSources): void {
    for (const [upstream, parts] of fetched) {
      this.#ledger.record(upstream, 'held');
      for (const part of parts.keys()) this.#refresher.abandoned(upstream, part);
    }
  }

  /** Refresh failures of the upstream since its last success. */
  failures(upstream: string): number {
    return this.#ledger.failures(upstream);
  }

  /** Milliseconds until the next refresh of the upstream; null = none is planned. */
  nextIn(upstream: string): Milliseconds | null {
    return this.#refresher.nextIn(upstream);
  }

  close(): void {
    this.#closing.abort();
    this.#refresher.close();
  }

  async #refresh(name: string, due: number): Promise<void> {
    const current = this.#options.current();
    const state = current?.states.get(name);
    const upstream = current?.config.upstreams.find((candidate) => candidate.name === name);
    if (current === null || state === undefined || upstream === undefined) {
      this.#refresher.abandoned(name, due);
      return;
    }
    const parts = partsDue(upstream, due);
    let refresh: RemoteRefresh;
    try {
      refresh = await refreshRemote(upstream, current.config, state, parts, this.#closing.signal);
    } catch (error) {
      if (!this.#left(name)) this.#failed(name, due, error);
      return;
    }
    if (this.#left(name)) return;
    if (refresh.changed.size > 0) {
      const parts = new Map(
        [...refresh.same, ...refresh.changed].map(([part, snapshot]) => [
          part,
          { snapshot, replaces: state.sources[part]?.sha256 ?? null },
        ]),
      );
      this.#options.onChanged({ upstream: name, parts });
      return;
    }
    const failures = this.#ledger.failures(name);
    if (failures > 0) this.#options.logger.info({ upstream: name, failures }, 'spec refresh succeeds again');
    this.#options.onSame(name, state, refresh.same);
    this.#ledger.record(name, refresh.result);
    for (const [part, snapshot] of refresh.same) {
      this.#refresher.succeeded(name, part, snapshot.minimumInterval);
    }
  }

  /** Whether the upstream has gone while it was asked for: nothing is to be told of it then. */
  #left(upstream: string): boolean {
    return this.#closing.signal.aborted || this.#options.current()?.states.has(upstream) !== true;
  }

  #failed(upstream: string, due: number, error: unknown): void {
    this.#ledger.record(upstream, 'failure');
    const cause = error instanceof SourceError ? error : null;
    const { consecutiveFailures, nextIn } = this.#refresher.failed(upstream, due, cause?.retryAfter ?? null);
    this.#options.logger.warn(
      {
        upstream,
        stage: cause?.stage ?? 'fetch',
        source: cause?.source,
        problems: problemsOf(error),
        consecutiveFailures,
        nextIn,
      },
      'spec refresh failed, the last good version keeps serving',
    );
  }
}

function worstResult(parts: readonly PartOutcome[]): PartOutcome['result'] | null {
  for (const result of ['failure', 'changed', 'unchanged', 'not_modified'] as const) {
    if (parts.some((part) => part.result === result)) return result;
  }
  return null;
}

function schedulesOf(config: Config, states: ReadonlyMap<string, UpstreamState>): RefreshSchedule[] {
  return config.upstreams.flatMap(({ name, enabled, openapi, overlay }) => {
    const sources = states.get(name)?.sources;
    if (!enabled || sources === undefined) return [];
    return [openapi, ...overlay].flatMap((part, index) =>
      part.refresh_interval === null || !isUrl(part.source)
        ? []
        : [
            {
              upstream: name,
              part: index,
              interval: part.refresh_interval,
              minimumInterval: sources[index]?.minimumInterval ?? null,
            },
          ],
    );
  });
}
