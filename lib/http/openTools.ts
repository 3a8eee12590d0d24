import { narrowGroup } from '../table/groups.js';
import type { Group, RoutingTable, ToolEntry } from '../table/routingTable.js';

/** A tool that may be called without credentials: the document says so, or the policy of its own upstream. */
export function isOpenTool({ compiled, upstream }: ToolEntry): boolean {
  if (compiled.authRequired !== null) return !compiled.authRequired;
  return upstream.config.inbound_auth?.strategy === 'none' && compiled.requiredScopes.length === 0;
}

const openGroups = new WeakMap<Group, Group | null>();

/** What callers without credentials see of a guarded endpoint: its open tools; null = there are none. */
export function openGroupOf(group: Group, { config }: RoutingTable): Group | null {
  const known = openGroups.get(group);
  if (known !== undefined) return known;
  const open = group.tools.some(isOpenTool) ? narrowGroup(group, isOpenTool, config.tools.page_size) : null;
  openGroups.set(group, open);
  return open;
}
