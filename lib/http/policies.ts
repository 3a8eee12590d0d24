import type { InboundAuthConfig } from '../config/config.js';
import type { Group, RoutingTable } from '../table/routingTable.js';

/** Every policy of a table: of its groups, and of upstreams that have one of their own. */
export function policiesOf({ groups, upstreams }: RoutingTable): InboundAuthConfig[] {
  const ofGroups = [...groups.values()].map((group) => group.inboundAuth);
  const ofUpstreams = [...upstreams.values()].flatMap(({ config }) => config.inbound_auth ?? []);
  return [...ofGroups, ...ofUpstreams];
}

/** The endpoints of both tables whose callers have to show anew who they are. */
export function endpointsWithChangedPolicy(former: RoutingTable | null, next: RoutingTable): string[] {
  return [...next.groups.values()]
    .filter((group) => {
      const before = former?.groups.get(group.endpoint);
      return before !== undefined && !samePolicy(before, group);
    })
    .map((group) => group.endpoint);
}

function samePolicy(before: Group, after: Group): boolean {
  if (before.inboundAuth === after.inboundAuth) return true;
  return JSON.stringify(before.inboundAuth) === JSON.stringify(after.inboundAuth);
}
