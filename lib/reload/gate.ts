import type { EndpointDiff } from '../table/diff.js';
import type { RoutingTable } from '../table/routingTable.js';

/**
 * The safety gate: why a change must wait for somebody's word; empty = it may pass.
 * The stricter of the two configs counts, so that a truncated config cannot remove the gate with the tools.
 */
export function gateProblems(
  former: RoutingTable,
  next: RoutingTable,
  diff: readonly EndpointDiff[],
): string[] {
  const shares = [former, next].flatMap((table) => table.config.reload.max_tool_removal ?? []);
  if (shares.length === 0) return [];
  const limit = Math.min(...shares);
  return diff.flatMap(({ endpoint, removed }) => {
    const total = former.groups.get(endpoint)?.tools.length ?? 0;
    if (total === 0 || removed.length / total <= limit) return [];
    return [
      `endpoint ${endpoint}: would remove ${removed.length} of ${total} tools, more than reload.max_tool_removal ${percent(limit)} allows`,
    ];
  });
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10}%`;
}
