import { createHash } from 'node:crypto';
import type { Config, ConflictResolution, GroupConfig, RateLimitConfig } from '../config/config.js';
import type { Group, ListPage, RoutingTable, ToolEntry, UpstreamSnapshot } from './routingTable.js';

/** What building one group found out besides the group. */
export interface GroupOutcome {
  readonly group: Group;
  /** Accepted, but worth a log line. */
  readonly warnings: readonly string[];
  /** Not acceptable; the table must not serve. */
  readonly problems: readonly string[];
}

/**
 * Collects the tools of a group's upstreams, filtered, in list order, and serializes the list pages.
 * @param former The table that serves now: its pages are reused where clients see the same.
 */
export function buildGroup(
  groupConfig: GroupConfig,
  config: Config,
  upstreams: ReadonlyMap<string, UpstreamSnapshot>,
  former: RoutingTable | null,
): GroupOutcome {
  const warnings: string[] = [];
  const selected = groupConfig.upstreams.flatMap((name) => {
    const upstream = upstreams.get(name);
    return upstream === undefined ? [] : selectTools(groupConfig, config, upstream);
  });
  if (groupConfig.filter !== null && selected.length === 0) {
    warnings.push(
      `groups "${groupConfig.name}": filter ${groupConfig.filter} selects no operation of any document`,
    );
  }
  const { tools, lookup, problems } = resolveConflicts(
    groupConfig.name,
    selected,
    config.naming.conflict_resolution,
    warnings,
  );
  const fingerprint = fingerprintOf(tools);
  const pageSize = config.tools.page_size;
  const formerGroup = former?.groups.get(groupConfig.endpoint);
  const reusable = formerGroup?.fingerprint === fingerprint && former?.config.tools.page_size === pageSize;
  const pages =
    formerGroup !== undefined && reusable ? formerGroup.pages : paginate(tools, fingerprint, pageSize);
  return {
    group: {
      name: groupConfig.name,
      endpoint: groupConfig.endpoint,
      tools,
      lookup,
      fingerprint,
      pages,
      inboundAuth: groupConfig.inbound_auth ?? config.inbound_auth,
    },
    warnings,
    problems,
  };
}

/**
 * The same endpoint with fewer tools: a list of its own, with cursors of its own.
 * @param pageSize `tools.page_size` of the group's config.
 */
export function narrowGroup(group: Group, keep: (entry: ToolEntry) => boolean, pageSize: number): Group {
  const tools = group.tools.filter(keep);
  const fingerprint = fingerprintOf(tools);
  return {
    ...group,
    tools,
    lookup: new Map(tools.map((entry) => [entry.name, entry])),
    fingerprint,
    pages: paginate(tools, fingerprint, pageSize),
  };
}

function selectTools(group: GroupConfig, config: Config, upstream: UpstreamSnapshot): ToolEntry[] {
  const selection = group.filter === null ? null : upstream.compiled.selections.get(group.filter);
  const rateLimit = rateLimitOf(upstream.name, config);
  const rateLimitStore = config.rate_limit_store;
  return upstream.compiled.tools
    .filter((compiled) => selection === null || selection?.has(compiled) === true)
    .map((compiled) => ({ name: compiled.name, compiled, upstream, rateLimit, rateLimitStore }));
}

function rateLimitOf(upstream: string, config: Config): RateLimitConfig | null {
  const name = config.upstreams.find((candidate) => candidate.name === upstream)?.rate_limit ?? '';
  return Object.hasOwn(config.rate_limits, name) ? (config.rate_limits[name] ?? null) : null;
}

function resolveConflicts(
  group: string,
  selected: readonly ToolEntry[],
  resolution: ConflictResolution,
  warnings: string[],
): { tools: ToolEntry[]; lookup: Map<string, ToolEntry>; problems: string[] } {
  const byName = new Map<string, ToolEntry[]>();
  for (const entry of selected) {
    const rivals = byName.get(entry.name);
    if (rivals === undefined) byName.set(entry.name, [entry]);
    else rivals.push(entry);
  }
  const tools: ToolEntry[] = [];
  const problems: string[] = [];
  for (const [name, rivals] of byName) {
    const [first] = rivals;
    if (first === undefined) continue;
    if (rivals.length === 1) {
      tools.push(first);
      continue;
    }
    const owners = rivals.map((rival) => `"${rival.upstream.name}"`).join(' and ');
    const conflict = `groups "${group}": tool name "${name}" is offered by upstreams ${owners}`;
    switch (resolution) {
      case 'error':
        problems.push(
          `${conflict}: give them different tool_prefix values, or set naming.conflict_resolution`,
        );
        break;
      case 'first_wins':
        warnings.push(`${conflict}: the one of "${first.upstream.name}" is listed`);
        tools.push(first);
        break;
      case 'skip':
        warnings.push(`${conflict}: none is listed`);
        break;
    }
  }
  return { tools, lookup: new Map(tools.map((entry) => [entry.name, entry])), problems };
}

function fingerprintOf(tools: readonly ToolEntry[]): string {
  const hash = createHash('sha256');
  for (const { compiled } of tools) hash.update(compiled.listedDigest);
  return hash.digest('hex').slice(0, 32);
}

function paginate(tools: readonly ToolEntry[], fingerprint: string, pageSize: number): ListPage[] {
  const size = pageSize === 0 ? Math.max(tools.length, 1) : pageSize;
  const pages: ListPage[] = [];
  for (let start = 0; start === 0 || start < tools.length; start += size) {
    const end = start + size;
    pages.push({
      tools: jsonArray(tools.slice(start, end)),
      nextCursor:
        end < tools.length ? Buffer.from(`${fingerprint}.${end}`, 'latin1').toString('base64url') : null,
    });
  }
  return pages;
}

function jsonArray(tools: readonly ToolEntry[]): Uint8Array {
  const comma = Buffer.from(',');
  const parts: Uint8Array[] = [];
  for (const entry of tools) parts.push(comma, entry.compiled.listed);
  return Buffer.concat([Buffer.from('['), ...parts.slice(1), Buffer.from(']')]);
}
