import { jsonPathProblem } from '../jsonPath.js';
import type { Draft, GroupDraft, Loose } from './draft.js';
import { canSelectOperation } from './filterReach.js';
import { checkInboundAuth } from './inboundRules.js';
import type { ConfigPath } from './path.js';
import type { RuleContext } from './ruleContext.js';
import { suggestionFor } from './suggestion.js';

/** Rules of every group by itself, between groups, and between groups and upstreams. */
export function checkGroups(draft: Loose<Draft>, context: RuleContext): void {
  const names = new Map<string, number>();
  const endpoints = new Map<string, number>();
  const { groups } = draft;
  if (groups?.length === 0)
    context.refused(['groups'], 'must have at least one group, or be left out', groups);
  for (const [index, group] of (groups ?? []).entries()) {
    if (group === undefined) continue;
    const path = ['groups', index];
    unique(group.name, [...path, 'name'], names, index, context);
    unique(group.endpoint, [...path, 'endpoint'], endpoints, index, context);
    checkEndpoint(group.endpoint, [...path, 'endpoint'], draft, context);
    checkMembers(group, [...path, 'upstreams'], draft, context);
    checkFilter(group.filter, [...path, 'filter'], context);
    checkInboundAuth(group.inbound_auth, [...path, 'inbound_auth'], context);
  }
}

function unique(
  value: string | undefined,
  path: ConfigPath,
  seen: Map<string, number>,
  index: number,
  context: RuleContext,
): void {
  if (value === undefined) return;
  const twin = seen.get(value);
  if (twin !== undefined)
    context.refused(path, `must differ from the ${path.at(-1)} of groups[${twin}]`, value);
  else seen.set(value, index);
}

function checkEndpoint(
  endpoint: string | undefined,
  path: ConfigPath,
  draft: Loose<Draft>,
  context: RuleContext,
): void {
  if (endpoint === undefined) return;
  if (endpoint.split('/').some((segment) => segment === '.' || segment === '..')) {
    context.refused(path, 'must have no "." and ".." between slashes', endpoint);
  }
  if (endpoint.startsWith('/.well-known/') || endpoint === '/.well-known') {
    context.refused(path, 'must not be below /.well-known', endpoint);
  }
  if (context.use === 'middleware' || draft.server?.admin_port !== null) return;
  const taken = ['/healthz', '/readyz', draft.server.metrics_path];
  if (taken.includes(endpoint) || endpoint.startsWith('/-/') || endpoint === '/-') {
    context.refused(path, "must not be a path of the sidecar's own (health, metrics, status)", endpoint);
  }
}

function checkMembers(
  group: Loose<GroupDraft>,
  path: ConfigPath,
  draft: Loose<Draft>,
  context: RuleContext,
): void {
  const { upstreams } = draft;
  if (group.upstreams?.length === 0) {
    context.refused(path, 'must name at least one upstream', group.upstreams);
  }
  // Where a name could not be read, nobody can tell which names are unknown.
  if (upstreams === undefined || upstreams.some((upstream) => upstream?.name === undefined)) return;
  const names = upstreams.map((upstream) => upstream?.name ?? '');
  const seen = new Set<string>();
  for (const [index, name] of (group.upstreams ?? []).entries()) {
    if (name === undefined) continue;
    const place = [...path, index];
    if (seen.has(name)) context.refused(place, 'must be named once', name);
    seen.add(name);
    const upstream = upstreams.find((candidate) => candidate?.name === name);
    if (upstream === undefined) {
      const suggestion = suggestionFor(name, names);
      const hint = suggestion === null ? '' : `, did you mean "${suggestion}"?`;
      context.broken(place, `must name an upstream, got ${context.print(name, place)}${hint}`);
    } else if (upstream.enabled === false) {
      context.refused(place, 'must name an enabled upstream', name);
    }
  }
}

function checkFilter(filter: string | null | undefined, path: ConfigPath, context: RuleContext): void {
  if (filter === null || filter === undefined) return;
  const problem = jsonPathProblem(filter);
  if (problem !== null) {
    // The reason quotes parts of the query, which may have come from a variable.
    const reason = context.isFromVariable(path) ? '' : `: ${problem}`;
    context.refused(path, `must be a JSONPath query (RFC 9535)${reason}`, filter);
  } else if (!canSelectOperation(filter)) {
    context.warned(path, `selects no operation in any document, got ${context.print(filter, path)}`);
  }
}
