import { setImmediate as turn } from 'node:timers/promises';
import type { LoadedConfig } from '../config/config.js';
import { LoadError, McpAnythingError } from '../errors.js';
import { buildTable } from '../table/buildTable.js';
import type { RoutingTable, UpstreamClient } from '../table/routingTable.js';
import type { FetchedSources } from './reloadWork.js';
import {
  loadUpstream,
  type UpstreamLoad,
  type UpstreamLoadContext,
  type UpstreamState,
} from './upstreamLoad.js';
import type { ClientOptions } from './upstreamSnapshot.js';

/** A complete table that could serve, and everything to remember if it does. */
export interface Candidate {
  readonly loaded: LoadedConfig;
  readonly table: RoutingTable;
  readonly loads: ReadonlyMap<string, UpstreamLoad>;
  readonly states: ReadonlyMap<string, UpstreamState>;
  readonly warnings: readonly string[];
  /** Closes the clients that were made for this candidate; for one that will not serve. */
  discard(): void;
}

export interface CandidateContext
  extends Pick<UpstreamLoadContext, 'compile' | 'createClient' | 'readFile' | 'refetch' | 'signal'> {
  readonly former: RoutingTable | null;
  readonly states: ReadonlyMap<string, UpstreamState>;
  /** What refreshes have just brought. */
  readonly fetched: FetchedSources;
}

/**
 * Builds everything a config asks for, all upstreams at once. A failure leaves nothing behind.
 * @throws LoadError naming every upstream that failed; McpAnythingError for the table; the signal's reason.
 */
export async function buildCandidate(loaded: LoadedConfig, context: CandidateContext): Promise<Candidate> {
  const made: UpstreamClient[] = [];
  const createClient = (options: ClientOptions): UpstreamClient => {
    const client = context.createClient(options);
    made.push(client);
    return client;
  };
  const discard = (): void => {
    for (const client of made) void client.close().catch(() => {});
  };
  try {
    const loads = await loadUpstreams(loaded, { ...context, createClient });
    const states = new Map([...loads].map(([name, load]) => [name, load.state]));
    const snapshots = new Map([...states].map(([name, state]) => [name, state.snapshot]));
    // Requests get their turn before and after: of 1,000 tools a table takes a few milliseconds to build.
    await turn();
    const { table, warnings } = buildTable(loaded.config, snapshots, context.former);
    await turn();
    return {
      loaded,
      table,
      loads,
      states,
      warnings: [...loaded.warnings, ...compileWarnings(states, context.states), ...warnings],
      discard,
    };
  } catch (error) {
    discard();
    throw error;
  }
}

async function loadUpstreams(
  loaded: LoadedConfig,
  context: CandidateContext,
): Promise<Map<string, UpstreamLoad>> {
  const enabled = loaded.config.upstreams.filter((upstream) => upstream.enabled);
  const settled = await Promise.allSettled(
    enabled.map((upstream) =>
      loadUpstream(upstream, {
        ...context,
        config: loaded.config,
        former: context.states.get(upstream.name) ?? null,
        fetched: context.fetched.get(upstream.name) ?? new Map(),
      }),
    ),
  );
  context.signal.throwIfAborted();
  const failures = settled.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  if (failures.length > 0) {
    const unexpected = failures.find((failure) => !(failure instanceof McpAnythingError));
    throw unexpected ?? new LoadError(failures);
  }
  return new Map(
    settled.flatMap((outcome, index) => {
      const upstream = enabled[index];
      return outcome.status === 'fulfilled' && upstream !== undefined
        ? [[upstream.name, outcome.value] as const]
        : [];
    }),
  );
}

/** Only of what was compiled anew: an operation that was dropped last time is not news. */
function compileWarnings(
  states: ReadonlyMap<string, UpstreamState>,
  former: ReadonlyMap<string, UpstreamState>,
): string[] {
  return [...states].flatMap(([name, { snapshot }]) =>
    snapshot.compiled === former.get(name)?.snapshot.compiled
      ? []
      : snapshot.compiled.warnings.map((warning) => `upstream "${name}": ${warning}`),
  );
}
