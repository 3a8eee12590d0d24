import type { Group, RoutingTable } from './routingTable.js';

/** Tools that one endpoint gained, lost or changed (in what clients see of them), by name. */
export interface EndpointDiff {
  readonly endpoint: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** The endpoints whose listing differs, in order of path. An endpoint that came or went lists all its tools. */
export function diffTables(former: RoutingTable | null, next: RoutingTable): EndpointDiff[] {
  const endpoints = new Set([...(former?.groups.keys() ?? []), ...next.groups.keys()]);
  const diffs: EndpointDiff[] = [];
  for (const endpoint of [...endpoints].sort()) {
    const before = former?.groups.get(endpoint);
    const after = next.groups.get(endpoint);
    if (before?.fingerprint !== after?.fingerprint) diffs.push(diffGroups(endpoint, before, after));
  }
  return diffs;
}

function diffGroups(endpoint: string, before: Group | undefined, after: Group | undefined): EndpointDiff {
  const added: string[] = [];
  const changed: string[] = [];
  for (const entry of after?.tools ?? []) {
    const former = before?.lookup.get(entry.name);
    if (former === undefined) added.push(entry.name);
    else if (former.compiled.listedDigest !== entry.compiled.listedDigest) changed.push(entry.name);
  }
  const removed = (before?.tools ?? [])
    .map((entry) => entry.name)
    .filter((name) => after?.lookup.has(name) !== true);
  return { endpoint, added, removed, changed };
}
