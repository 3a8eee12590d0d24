import type { Draft, Loose } from './draft.js';
import { checkGroups } from './groupRules.js';
import { checkInboundAuth } from './inboundRules.js';
import type { RuleContext } from './ruleContext.js';
import { checkUpstreams } from './upstreamRules.js';

/** What `server` says of a listener that only the sidecar has. */
export const LISTENER_KEYS = [
  'host',
  'port',
  'read_timeout',
  'write_timeout',
  'shutdown_timeout',
  'shutdown_delay',
  'metrics_path',
  'admin_port',
  'admin_host',
  'admin_reload',
] as const;

/**
 * The rules between keys, and those of single keys that no schema can state. Works on what the schema left, so
 * that one attempt tells every problem there is.
 */
export function checkRules(draft: Loose<Draft>, context: RuleContext): void {
  if (context.use === 'sidecar') checkListener(draft, context);
  else warnOfListener(context);
  checkReload(draft, context);
  checkTools(draft, context);
  checkUpstreams(draft, context);
  checkGroups(draft, context);
  checkInboundAuth(draft.inbound_auth, ['inbound_auth'], context);
  checkPolicies(draft, context);
  const upstreams = draft.upstreams ?? [];
  if (draft.upstreams !== undefined && upstreams.every((upstream) => upstream?.enabled === false)) {
    context.warned(['upstreams'], 'has no enabled upstream: there are no tools to offer');
  }
}

function checkListener({ server }: Loose<Draft>, context: RuleContext): void {
  if (server === undefined) return;
  if (server.metrics_path === '/healthz' || server.metrics_path === '/readyz') {
    context.refused(['server', 'metrics_path'], 'must differ from /healthz and /readyz', server.metrics_path);
  }
  if (server.admin_port === null) {
    if (typeof server.admin_host === 'string') {
      context.broken(['server', 'admin_host'], 'would do nothing without admin_port');
    }
    if (server.admin_reload === true) context.broken(['server', 'admin_reload'], 'needs admin_port');
  } else if (server.admin_port === server.port && server.port !== 0) {
    const sameHost = server.admin_host === null || server.admin_host === server.host;
    if (sameHost) {
      context.refused(['server', 'admin_port'], 'must differ from port, or be left out', server.admin_port);
    }
  }
}

function warnOfListener(context: RuleContext): void {
  for (const key of LISTENER_KEYS) {
    const path = ['server', key];
    if (context.given(path) !== undefined) {
      context.warned(path, 'is ignored in middleware use, where the host application listens');
    }
  }
}

function checkReload({ reload }: Loose<Draft>, context: RuleContext): void {
  if (reload?.max_tool_removal === 1) {
    context.broken(['reload', 'max_tool_removal'], 'would do nothing: no change removes more than 100%');
  }
}

function checkTools(draft: Loose<Draft>, context: RuleContext): void {
  const { naming, tools, upstreams } = draft;
  const length = naming?.description_max_length;
  const suffix = naming?.description_truncation_suffix;
  if (length !== undefined && length > 0 && suffix !== undefined && suffix.length >= length) {
    context.refused(
      ['naming', 'description_truncation_suffix'],
      `must be shorter than description_max_length (${length})`,
      suffix,
    );
  }
  if (tools?.list_ttl === 'refresh' && upstreams !== undefined) {
    const refreshes = upstreams.some(
      (upstream) => upstream?.enabled !== false && upstream?.openapi?.refresh_interval !== null,
    );
    if (!refreshes) {
      context.broken(['tools', 'list_ttl'], 'must be a duration: no enabled upstream has refresh_interval');
    }
  }
}

function checkPolicies(draft: Loose<Draft>, context: RuleContext): void {
  const upstreams = draft.upstreams ?? [];
  const uses = {
    rate_limits: new Set(upstreams.map((upstream) => upstream?.rate_limit)),
    circuit_breakers: new Set(upstreams.map((upstream) => upstream?.circuit_breaker)),
  };
  for (const kind of ['rate_limits', 'circuit_breakers'] as const) {
    for (const name of Object.keys(draft[kind] ?? {})) {
      if (!uses[kind].has(name)) context.warned([kind, name], 'is named by no upstream');
    }
  }
  checkRateLimitStore(draft.rate_limit_store, context);
  for (const [name, breaker] of Object.entries(draft.circuit_breakers ?? {})) {
    if (breaker?.threshold === 0) {
      context.refused(['circuit_breakers', name, 'threshold'], 'must be above 0', 0);
    }
  }
}

function checkRateLimitStore(store: Loose<Draft>['rate_limit_store'], context: RuleContext): void {
  const place = ['rate_limit_store', 'redis_url'];
  if (store?.redis_url === null && context.given(['rate_limit_store', 'prefix']) !== undefined) {
    context.broken(['rate_limit_store', 'prefix'], 'would do nothing without redis_url');
  }
  if (typeof store?.redis_url === 'string' && !isReadable(store.redis_url)) {
    context.refused(place, 'must be a URL whose user name and password are percent-encoded', store.redis_url);
  }
}

/** What the client makes of a URL: it is parsed, and its credentials are decoded. */
function isReadable(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  try {
    return decodeURIComponent(username + password) !== null;
  } catch {
    return false;
  }
}
