import { createHash } from 'node:crypto';
import type { Config } from '../config/config.js';
import { McpAnythingError } from '../errors.js';
import { buildGroup } from './groups.js';
import type { Group, RoutingTable, UpstreamSnapshot } from './routingTable.js';

/** A table that may serve, and what is worth a log line about it. */
export interface TableOutcome {
  readonly table: RoutingTable;
  readonly warnings: readonly string[];
}

/**
 * Puts loaded upstreams and the config's groups together.
 * @throws McpAnythingError `MCP_ANYTHING_ERR_TABLE` naming every conflict.
 */
export function buildTable(
  config: Config,
  upstreams: ReadonlyMap<string, UpstreamSnapshot>,
  former: RoutingTable | null,
): TableOutcome {
  const outcomes = config.groups.map((group) => buildGroup(group, config, upstreams, former));
  const problems = outcomes.flatMap((outcome) => outcome.problems);
  if (problems.length > 0) {
    throw new McpAnythingError('MCP_ANYTHING_ERR_TABLE', problems.join('\n'), { problems });
  }
  const groups = new Map(outcomes.map(({ group }) => [group.endpoint, group]));
  return {
    table: Object.freeze({
      generation: (former?.generation ?? 0) + 1,
      fingerprint: fingerprintOf(groups),
      config,
      groups,
      upstreams,
    }),
    warnings: outcomes.flatMap((outcome) => outcome.warnings),
  };
}

function fingerprintOf(groups: ReadonlyMap<string, Group>): string {
  const hash = createHash('sha256');
  for (const endpoint of [...groups.keys()].sort()) {
    hash.update(`${endpoint}\n${groups.get(endpoint)?.fingerprint}\n`);
  }
  return hash.digest('hex').slice(0, 32);
}
