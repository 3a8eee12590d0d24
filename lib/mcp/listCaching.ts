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
  settings: Pick<EndpointSettings, 'nextRefreshIn'>,
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
function untilRefresh({ nextRefreshIn }: Pick<EndpointSettings, 'nextRefreshIn'>, group: Group): number {
  const names = new Set(group.tools.map((entry) => entry.upstream.name));
  const waits = [...names].flatMap((name) => nextRefreshIn(name) ?? []);
  return waits.length === 0 ? 0 : Math.floor(Math.min(...waits));
}
