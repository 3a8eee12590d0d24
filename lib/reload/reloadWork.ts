import type { SourceSnapshot } from '../spec/source.js';
import type { ReloadReport, ReloadTrigger } from './report.js';

/** A version of a source that a refresh has fetched. */
export interface FetchedPart {
  readonly snapshot: SourceSnapshot;
  /** Digest of the version that the refresh set out to replace: where another one serves by now, it came too late. */
  readonly replaces: string | null;
}

/** What a refresh has fetched, by part: the document is 0, the overlays follow. */
export interface FetchedParts {
  readonly upstream: string;
  readonly parts: ReadonlyMap<number, FetchedPart>;
}

/** Upstream → part → what was fetched. */
export type FetchedSources = ReadonlyMap<string, ReadonlyMap<number, FetchedPart>>;

export interface ReloadRequest {
  readonly trigger: ReloadTrigger;
  /** Let a change through that the safety gate would hold. @default false */
  readonly force?: boolean;
  /** Ask the servers of URL sources, too. @default false */
  readonly refetch?: boolean;
  readonly fetched?: FetchedParts;
}

interface Waiter {
  resolve(report: ReloadReport): void;
  reject(error: unknown): void;
}

/** Requests that one run of the loop answers together. */
export class ReloadWork {
  readonly triggers = new Set<ReloadTrigger>();
  readonly fetched = new Map<string, Map<number, FetchedPart>>();
  readonly #waiters: Waiter[] = [];
  force = false;
  refetch = false;

  add(request: ReloadRequest): Promise<ReloadReport> {
    this.triggers.add(request.trigger);
    this.force ||= request.force === true;
    this.refetch ||= request.refetch === true;
    if (request.fetched !== undefined) this.#addFetched(request.fetched);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
  }

  /** Takes over what `newer` asks for; where both have fetched the same part, the newer one counts. */
  absorb(newer: ReloadWork): void {
    for (const trigger of newer.triggers) this.triggers.add(trigger);
    for (const [upstream, parts] of newer.fetched) this.#addFetched({ upstream, parts });
    this.#waiters.push(...newer.#waiters);
    this.force ||= newer.force;
    this.refetch ||= newer.refetch;
  }

  /** True where nothing but refreshes asked: the config need not be read again. */
  get onlyRefresh(): boolean {
    return [...this.triggers].every((trigger) => trigger === 'refresh');
  }

  settle(report: ReloadReport): void {
    for (const waiter of this.#waiters) waiter.resolve(report);
  }

  fail(error: unknown): void {
    for (const waiter of this.#waiters) waiter.reject(error);
  }

  #addFetched({ upstream, parts }: FetchedParts): void {
    const known = this.fetched.get(upstream) ?? new Map<number, FetchedPart>();
    for (const [part, fetched] of parts) known.set(part, fetched);
    this.fetched.set(upstream, known);
  }
}
