import { createHash } from 'node:crypto';
import { bounded } from '../bounded.js';
import type { Config, SourceLocation, UpstreamConfig } from '../config/config.js';
import { messageOf, SourceError, UpstreamLoadError } from '../errors.js';
import { readProblem } from '../spec/readSource.js';
import type { SourceSnapshot } from '../spec/source.js';
import type { UpstreamClient, UpstreamSnapshot } from '../table/routingTable.js';
import { keepObjects } from '../tools/packedTools.js';
import type { CompiledUpstream, CompileJob, CompileOptions } from '../tools/tool.js';
import { errorCode } from './entry.js';
import type { FetchedPart } from './reloadWork.js';
import { type ClientOptions, digestOf, makeSnapshot } from './upstreamSnapshot.js';
import {
  formerSource,
  type GatheredPart,
  gatherSources,
  outcomeOf,
  type PartOutcome,
  sourceRequests,
} from './upstreamSources.js';

/** An upstream that serves, and the sources it was made from: the document, then the overlays in order. */
export interface UpstreamState {
  readonly snapshot: UpstreamSnapshot;
  readonly sources: readonly SourceSnapshot[];
  /** Sources of which a newer version was there and was not usable. */
  readonly failedLocations: ReadonlySet<SourceLocation>;
}

export interface UpstreamLoadContext {
  readonly config: Config;
  /** Last known good; null = new in this config. */
  readonly former: UpstreamState | null;
  /** Parts that a refresh has just fetched, by index in `sources`. */
  readonly fetched: ReadonlyMap<number, FetchedPart>;
  /** Ask the servers of URL sources again, rather than go on with what is there. */
  readonly refetch: boolean;
  readonly readFile: (path: string) => Promise<Buffer>;
  readonly compile: (
    job: CompileJob,
    options: { readonly deadline: number; readonly signal: AbortSignal },
  ) => Promise<CompiledUpstream>;
  readonly createClient: (options: ClientOptions) => UpstreamClient;
  /** Aborts when a newer state of the world has overtaken this load. */
  readonly signal: AbortSignal;
}

export interface UpstreamLoad {
  readonly state: UpstreamState;
  readonly parts: readonly PartOutcome[];
  /** New input that was not usable; `state` is then made from the last good one. */
  readonly failure: UpstreamLoadError | null;
}

/**
 * Loads one upstream, reusing whatever its inputs leave as it is.
 * @throws UpstreamLoadError when it cannot be had and no last known good state fits this config.
 * @throws the signal's reason when overtaken.
 */
export async function loadUpstream(
  upstream: UpstreamConfig,
  context: UpstreamLoadContext,
): Promise<UpstreamLoad> {
  const limit = context.config.server.startup_validation_timeout;
  const started = performance.now();
  try {
    const gathering = {
      ...context,
      formerSources: context.former?.sources ?? null,
      failedLocations: context.former?.failedLocations ?? new Set<SourceLocation>(),
    };
    const gathered = await bounded({ signals: [context.signal], limit }, (signal) =>
      gatherSources(upstream, gathering, signal),
    );
    const { compiled, compileDigest, sources, rejected } = await compileNewest(
      upstream,
      context,
      gathered,
      () => Math.max(1, limit - (performance.now() - started)),
    );
    const snapshot = await makeSnapshot(
      upstream,
      { ...context, formerSnapshot: context.former?.snapshot ?? null },
      compiled,
      compileDigest,
    );
    const parts = gathered.flatMap((part, index) => outcomeOf(part, index, rejected !== null));
    const failed = parts.filter(({ result }) => result === 'failure');
    const failure = rejected ?? gathered.find((part) => part.failure !== null)?.failure ?? null;
    return {
      state: {
        snapshot,
        sources,
        failedLocations: new Set(failed.flatMap(({ part }) => sources[part]?.location ?? [])),
      },
      parts,
      failure: failure === null ? null : new UpstreamLoadError(upstream.name, failure),
    };
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof SourceError) throw new UpstreamLoadError(upstream.name, error);
    throw new UpstreamLoadError(
      upstream.name,
      new SourceError('compile', upstream.openapi.source, messageOf(error), { cause: error }),
    );
  }
}

interface Compilation {
  readonly compiled: CompiledUpstream;
  readonly compileDigest: string;
  readonly sources: readonly SourceSnapshot[];
  /** Why the newest sources were not usable, when older ones are what was compiled. */
  readonly rejected: SourceError | null;
}

/** Compiles the newest sources; where they are not usable, the last good ones under the same config. */
async function compileNewest(
  upstream: UpstreamConfig,
  context: UpstreamLoadContext,
  gathered: readonly GatheredPart[],
  remaining: () => number,
): Promise<Compilation> {
  const newest = gathered.map((part) => part.snapshot);
  try {
    return {
      ...(await compileSources(upstream, context, newest, remaining())),
      sources: newest,
      rejected: null,
    };
  } catch (error) {
    context.signal.throwIfAborted();
    const lastGood = sourceRequests(upstream, context.config).map((request) =>
      formerSource(context.former?.sources ?? null, request),
    );
    const differs = lastGood.some((source, index) => source?.sha256 !== newest[index]?.sha256);
    if (!(error instanceof SourceError) || !differs) throw error;
    const usable = lastGood.filter((source) => source !== null);
    if (usable.length !== newest.length) throw error;
    return {
      ...(await compileSources(upstream, context, usable, remaining())),
      sources: usable,
      rejected: error,
    };
  }
}

async function compileSources(
  upstream: UpstreamConfig,
  context: UpstreamLoadContext,
  sources: readonly SourceSnapshot[],
  deadline: number,
): Promise<{ compiled: CompiledUpstream; compileDigest: string }> {
  const options = compileOptions(upstream, context.config);
  const compileDigest = digestOf(
    options,
    sources.map(({ location, sha256 }) => [location, sha256]),
  );
  const former = context.former?.snapshot;
  if (former?.compileDigest === compileDigest && (await referencedFilesUnchanged(former.compiled, context))) {
    return { compiled: former.compiled, compileDigest };
  }
  const [document, ...overlays] = sources;
  if (document === undefined) throw new SourceError('compile', upstream.openapi.source, 'has no document');
  const job: CompileJob = { upstream: upstream.name, document, overlays, options };
  const compiled = await context.compile(job, { deadline, signal: context.signal });
  if (former !== undefined) keepObjects(compiled.tools, former.compiled.tools);
  return { compiled, compileDigest };
}

async function referencedFilesUnchanged(
  compiled: CompiledUpstream,
  context: UpstreamLoadContext,
): Promise<boolean> {
  for (const { path, sha256 } of compiled.files) {
    const content = await context.readFile(path).catch((error: unknown) => {
      // To compile would be to read it again, and not to end either.
      if (errorCode(error) === 'ETIMEDOUT') {
        throw new SourceError('read', path, readProblem(error), { cause: error });
      }
      return null;
    });
    const found = content === null ? '' : createHash('sha256').update(content).digest('hex');
    if (found !== sha256) return false;
  }
  return true;
}

function compileOptions(upstream: UpstreamConfig, config: Config): CompileOptions {
  const filters = config.groups
    .filter((group) => group.upstreams.includes(upstream.name))
    .flatMap((group) => group.filter ?? []);
  return {
    tool_prefix: upstream.tool_prefix,
    separator: config.naming.separator,
    max_length: config.naming.max_length,
    description_max_length: config.naming.description_max_length,
    description_truncation_suffix: config.naming.description_truncation_suffix,
    output_schema: config.tools.output_schema,
    schema_profile: config.tools.schema_profile,
    base_url: upstream.base_url,
    allow_external_refs: upstream.openapi.allow_external_refs,
    max_size: upstream.openapi.max_size,
    allow_private_spec_servers: config.egress.allow_private_spec_servers,
    filters: [...new Set(filters)].sort(),
  };
}
