import type { Config, SourceLocation, UpstreamConfig } from '../config/config.js';
import { SourceError } from '../errors.js';
import type { RefreshResult } from '../observe/metrics.js';
import { isUrl, loadSource, type SourceRequest, type SourceSnapshot } from '../spec/source.js';
import type { FetchedPart } from './reloadWork.js';

/** What to read for each part of an upstream, in order. */
export function sourceRequests(upstream: UpstreamConfig, config: Config): SourceRequest[] {
  return [upstream.openapi, ...upstream.overlay].map((part) => ({
    location: part.source,
    authHeader: part.auth_header,
    maxSize: upstream.openapi.max_size,
    allowPrivate: config.egress.allow_private_spec_servers,
  }));
}

/** What came of asking for one part; parts that were not asked for have none. */
export interface PartOutcome {
  readonly part: number;
  readonly result: RefreshResult;
  readonly minimumInterval: number | null;
  /** For `failure`: the server's `Retry-After`. */
  readonly retryAfter: number | null;
}

export interface GatherContext {
  readonly config: Config;
  /** null = new in this config. */
  readonly formerSources: readonly SourceSnapshot[] | null;
  /** Where something else than `formerSources` was found last time, and was not usable. */
  readonly failedLocations: ReadonlySet<SourceLocation>;
  /** Parts that a refresh has just fetched. */
  readonly fetched: ReadonlyMap<number, FetchedPart>;
  /** Ask the servers of URL sources again, rather than go on with what is there. */
  readonly refetch: boolean;
  readonly readFile: (path: string) => Promise<Buffer>;
}

/** The newest of one part that could be had. */
export interface GatheredPart {
  readonly snapshot: SourceSnapshot;
  /** null = nobody asked, or there is nothing to tell. */
  readonly result: RefreshResult | null;
  readonly failure: SourceError | null;
}

/**
 * Reads or fetches every part; one that fails falls back to what was there before.
 * @throws SourceError where there was nothing before.
 */
export async function gatherSources(
  upstream: UpstreamConfig,
  context: GatherContext,
  signal: AbortSignal,
): Promise<GatheredPart[]> {
  return Promise.all(
    sourceRequests(upstream, context.config).map(async (request, part): Promise<GatheredPart> => {
      const former = formerSource(context.formerSources, request);
      const fetched = context.fetched.get(part);
      const isTimely = former === null || fetched?.replaces === former.sha256;
      if (fetched?.snapshot.location === request.location && isTimely) {
        return { snapshot: fetched.snapshot, result: 'changed', failure: null };
      }
      const remote = isUrl(request.location);
      if (remote && former !== null && !context.refetch) {
        return { snapshot: former, result: null, failure: null };
      }
      try {
        const outcome = await loadSource(request, former, signal, { readFile: context.readFile });
        // Files are read every time: that one is still what it was is news only after a failure.
        const isNews =
          remote || outcome.result === 'changed' || context.failedLocations.has(request.location);
        const result = context.formerSources !== null && isNews ? outcome.result : null;
        return { snapshot: outcome.snapshot, result, failure: null };
      } catch (error) {
        if (former === null || !(error instanceof SourceError)) throw error;
        return { snapshot: former, result: 'failure', failure: error };
      }
    }),
  );
}

/** What this part was before, if the config still reads it from the same place. */
export function formerSource(
  former: readonly SourceSnapshot[] | null,
  request: SourceRequest,
): SourceSnapshot | null {
  return former?.find((source) => source.location === request.location) ?? null;
}

/** What to tell of a part that was asked for. @param rejected Its new bytes were not usable. */
export function outcomeOf(part: GatheredPart, index: number, rejected: boolean): PartOutcome[] {
  if (part.result === null) return [];
  const result = rejected && part.result === 'changed' ? 'failure' : part.result;
  return [
    {
      part: index,
      result,
      minimumInterval: part.snapshot.minimumInterval,
      retryAfter: part.failure?.retryAfter ?? null,
    },
  ];
}
