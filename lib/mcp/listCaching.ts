import type { UpstreamConfig } from '../config/config.js';
import type { Group, RoutingTable } from '../table/routingTable.js';
import type { EndpointSettings } from './endpointOptions.js';

/** How long and for whom a list may be kept (MCP 2026-07-28, caching). */
export interface ListCaching {
  /** Milliseconds. */
  readonly ttlMs: number;
  readonly cacheScope: 'public' | 'private';
}

/** The scope is the same for every page of a group, as the revision asks for. */
export function listCaching(
  settings: Pick<EndpointSettings, 'nextRefresh'>,
  table: RoutingTable,
  group: Group,
): ListCaching {
  const { list_ttl: ttl } = table.config.tools;
  return {
    ttlMs: ttl === 'refresh' ? untilRefresh(settings, group) : (ttl ?? 0),
    cacheScope: group.inboundAuth.strategy === 'none' ? 'public' : 'private',
  };
}

/** Milliseconds until a list can change by a refresh; 0 when none is planned: it may change at any time then. */
function untilRefresh({ nextRefresh }: Pick<EndpointSettings, 'nextRefresh'>, group: Group): number {
  let soonest = Number.POSITIVE_INFINITY;
  for (const upstream of new Set(group.tools.map((entry) => entry.upstream))) {
    const due = nextRefresh?.(upstream.name);
    const wait = typeof due === 'number' ? due - Date.now() : shortestInterval(upstream.config);
    soonest = Math.min(soonest, wait);
  }
  return Number.isFinite(soonest) ? Math.max(0, Math.floor(soonest)) : 0;
}

function shortestInterval({ openapi, overlay }: UpstreamConfig): number {
  const intervals = [openapi, ...overlay].flatMap(({ refresh_interval }) => refresh_interval ?? []);
  return Math.min(Number.POSITIVE_INFINITY, ...intervals);
}
