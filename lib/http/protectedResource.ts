import type { IncomingMessage, ServerResponse } from 'node:http';
import type { InboundAuthConfig, IntrospectionConfig, JwtConfig } from '../config/config.js';
import { sendJson } from '../mcp/wire.js';
import type { Group, RoutingTable } from '../table/routingTable.js';
import { mountOf, originOf } from './resource.js';

/** Of protected-resource metadata (RFC 9728, section 3). */
export const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/** What OAuth clients need to know of an endpoint, whoever asks. */
interface OAuthNeeds {
  readonly issuers: readonly string[];
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
}

const needsOfGroups = new WeakMap<Group, OAuthNeeds>();

/** Of the endpoint's own policy first, then of the policies that upstreams have of their own. */
function needsOf(group: Group): OAuthNeeds {
  const known = needsOfGroups.get(group);
  if (known !== undefined) return known;
  const own = group.tools.flatMap(({ upstream, compiled }) =>
    compiled.authRequired === false ? [] : (upstream.config.inbound_auth ?? []),
  );
  const policies = [...new Set<InboundAuthConfig>([group.inboundAuth, ...own])].flatMap(tokenPolicy);
  const scopes = [
    ...policies.flatMap((policy) => policy.required_scopes),
    ...group.tools.flatMap(({ compiled }) => compiled.requiredScopes),
  ];
  const needs: OAuthNeeds = {
    issuers: distinct(policies.map(({ issuer }) => issuer)),
    audiences: distinct(policies.map(({ audience }) => audience)),
    scopes: distinct(scopes),
  };
  needsOfGroups.set(group, needs);
  return needs;
}

/** Whether the endpoint has such metadata: somebody must be there to give out tokens. */
export function hasMetadata(group: Group): boolean {
  return needsOf(group).issuers.length > 0;
}

/** The absolute URL of an endpoint as the client sees it. */
export function resourceOf(req: IncomingMessage, { endpoint }: Group, { config }: RoutingTable): string {
  return `${originOf(req, config.server)}${mountOf(req)}${endpoint}`;
}

/** Where this handler serves the endpoint's metadata: under its own mount path; null = it has none. */
export function metadataUrlOf(req: IncomingMessage, group: Group, { config }: RoutingTable): string | null {
  if (!hasMetadata(group)) return null;
  return `${originOf(req, config.server)}${mountOf(req)}${WELL_KNOWN}${group.endpoint}`;
}

/** A group, and where the host application has put it. */
export interface FoundResource {
  readonly group: Group;
  readonly mount: string;
}

/**
 * The endpoint that a well-known path is about.
 * @param path Without a query.
 * @param mount Where this handler is; null = the path was taken from the host's root, and the mount path is whatever
 * precedes an endpoint's own.
 */
export function findResource(table: RoutingTable, path: string, mount: string | null): FoundResource | null {
  if (!path.startsWith(`${WELL_KNOWN}/`)) return null;
  const target = path.slice(WELL_KNOWN.length);
  if (mount !== null) return foundAt(table, target, mount);
  // The longest endpoint first: `/ai/mcp` before `/mcp`.
  for (let start = 0; start >= 0; start = target.indexOf('/', start + 1)) {
    const found = foundAt(table, target.slice(start), target.slice(0, start));
    if (found !== null) return found;
  }
  return null;
}

function foundAt(table: RoutingTable, endpoint: string, mount: string): FoundResource | null {
  const group = table.groups.get(endpoint);
  return group === undefined || !hasMetadata(group) ? null : { group, mount };
}

/** Answers with the metadata. Never to be stored: it names the server as this client sees it. */
export function answerMetadata(
  req: IncomingMessage,
  res: ServerResponse,
  { group, mount }: FoundResource,
  { config }: RoutingTable,
): void {
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    sendJson(res, 405, JSON.stringify({ error: 'Method not allowed' }), { allow: 'GET, HEAD' });
    return;
  }
  const needs = needsOf(group);
  const url = `${originOf(req, config.server)}${mount}${group.endpoint}`;
  const metadata = {
    resource: needs.audiences.find((audience) => covers(audience, url)) ?? url,
    authorization_servers: needs.issuers,
    ...(needs.scopes.length === 0 ? {} : { scopes_supported: needs.scopes }),
    bearer_methods_supported: ['header'],
  };
  sendJson(res, 200, JSON.stringify(metadata), { 'cache-control': 'no-store' });
}

/**
 * Whether tokens for this audience are tokens for this URL: MCP clients ask for a token for the `resource` that they
 * read here, if it is the endpoint or a parent of it.
 */
function covers(audience: string, url: string): boolean {
  if (!/^https?:\/\//i.test(audience) || !URL.canParse(audience)) return false;
  const wide = new URL(audience);
  const narrow = new URL(url);
  const parent = wide.pathname.endsWith('/') ? wide.pathname : `${wide.pathname}/`;
  return wide.origin === narrow.origin && `${narrow.pathname}/`.startsWith(parent);
}

function tokenPolicy(policy: InboundAuthConfig): readonly (JwtConfig | IntrospectionConfig)[] {
  if (policy.strategy === 'jwt') return [policy.jwt];
  return policy.strategy === 'introspection' ? [policy.introspection] : [];
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values)].filter((value) => value !== '');
}
