import { resolve } from 'node:path';
import type { CallerKeys } from './callerKeys.js';
import type {
  ApiKeyConfig,
  Config,
  CredentialConfig,
  GroupConfig,
  InboundAuthConfig,
  OutboundAuthConfig,
  ServerConfig,
  TlsConfig,
  UpstreamConfig,
} from './config.js';
import type { CredentialDraft, Draft, InboundDraft, UpstreamDraft } from './draft.js';
import { DEFAULT_KEYS_ENV } from './inboundRules.js';
import { isUrl } from './locationRules.js';
import type { Use } from './ruleContext.js';
import { LISTENER_KEYS } from './rules.js';
import { configSchema } from './schema.js';

type File = (path: string | null) => string | null;
type Inbound = (draft: InboundDraft) => InboundAuthConfig;

/** The keys of callers in a variable and in a file (absolute path). */
export type KeysOf = (places: {
  readonly keys_env: string | null;
  readonly keys_file: string | null;
}) => CallerKeys;

export interface AssemblyContext {
  /** Base of relative paths. */
  readonly directory: string;
  readonly use: Use;
  readonly keysOf: KeysOf;
}

/**
 * The config from a draft that broke no rule: strategies chosen, derived defaults filled in, paths of files made
 * absolute.
 */
export function assemble(draft: Draft, { directory, use, keysOf }: AssemblyContext): Config {
  const file: File = (path) => (path === null ? null : resolve(directory, path));
  const inbound = (auth: InboundDraft) => inboundAuth(auth, file, keysOf);
  const upstreams = draft.upstreams.map((upstream) => assembleUpstream(upstream, directory, file, inbound));
  return {
    server: assembleServer(draft.server, use),
    reload: draft.reload,
    naming: draft.naming,
    tools: draft.tools,
    upstreams,
    groups: assembleGroups(draft, upstreams, inbound),
    inbound_auth: draft.inbound_auth === undefined ? { strategy: 'none' } : inbound(draft.inbound_auth),
    rate_limits: mapValues(draft.rate_limits, (limit) => ({ ...limit, burst: limit.burst ?? limit.average })),
    rate_limit_store: draft.rate_limit_store,
    circuit_breakers: draft.circuit_breakers,
    egress: draft.egress,
  };
}

/** In middleware use the listener's keys mean nothing, so that changing them is no change of the config. */
function assembleServer(server: Draft['server'], use: Use): ServerConfig {
  const listener = use === 'sidecar' ? server : defaultServer();
  const listenerKeys = Object.fromEntries(LISTENER_KEYS.map((key) => [key, listener[key]]));
  return { ...server, ...listenerKeys, admin_host: listener.admin_host ?? listener.host };
}

function defaultServer(): Draft['server'] {
  const { value } = configSchema.validate({ upstreams: [] });
  return (value as Draft).server;
}

function assembleUpstream(
  upstream: UpstreamDraft,
  directory: string,
  file: File,
  inbound: Inbound,
): UpstreamConfig {
  const location = (source: string) => (isUrl(source) ? source : resolve(directory, source));
  const { openapi, outbound_auth: outbound, tls } = upstream;
  return {
    ...upstream,
    tool_prefix: upstream.tool_prefix ?? upstream.name,
    tls: {
      ...tls,
      ca_file: file(tls.ca_file),
      cert_file: file(tls.cert_file),
      key_file: file(tls.key_file),
    } satisfies TlsConfig,
    openapi: { ...openapi, source: location(openapi.source) },
    overlay: upstream.overlay.map((overlay) => ({ ...overlay, source: location(overlay.source) })),
    outbound_auth: {
      ...credential(outbound, file),
      schemes: mapValues(outbound.schemes, (scheme) => credential(scheme, file)),
    } satisfies OutboundAuthConfig,
    inbound_auth: upstream.inbound_auth === undefined ? null : inbound(upstream.inbound_auth),
  };
}

function assembleGroups(draft: Draft, upstreams: readonly UpstreamConfig[], inbound: Inbound): GroupConfig[] {
  const enabled = upstreams.filter((upstream) => upstream.enabled).map((upstream) => upstream.name);
  const everything = {
    name: 'default',
    endpoint: '/mcp',
    upstreams: enabled,
    filter: null,
    inbound_auth: null,
  };
  return (
    draft.groups?.map((group) => ({
      ...group,
      inbound_auth: group.inbound_auth === undefined ? null : inbound(group.inbound_auth),
    })) ?? [everything]
  );
}

function credential(draft: CredentialDraft, file: File): CredentialConfig {
  const strategy = draft.strategy ?? 'none';
  switch (strategy) {
    case 'none':
      return { strategy };
    case 'bearer': {
      const bearer = chosen(draft.bearer);
      return { strategy, bearer: { ...bearer, token_file: file(bearer.token_file) } };
    }
    case 'api_key':
      return { strategy, api_key: apiKey(chosen(draft.api_key), file) };
    case 'basic': {
      const basic = chosen(draft.basic);
      return {
        strategy,
        basic: {
          ...basic,
          username_file: file(basic.username_file),
          password_file: file(basic.password_file),
        },
      };
    }
    case 'oauth2_client_credentials':
      return { strategy, oauth2_client_credentials: chosen(draft.oauth2_client_credentials) };
  }
}

function apiKey(draft: ApiKeyConfig, file: File): ApiKeyConfig {
  const header = draft.header === null && draft.query === null ? 'X-API-Key' : draft.header;
  return { ...draft, header, value_file: file(draft.value_file) };
}

function inboundAuth(draft: InboundDraft, file: File, keysOf: KeysOf): InboundAuthConfig {
  const { strategy } = draft;
  switch (strategy) {
    case 'none':
      return { strategy };
    case 'jwt':
      return { strategy, jwt: chosen(draft.jwt) };
    case 'introspection':
      return { strategy, introspection: chosen(draft.introspection) };
    case 'apikey': {
      const apikey = draft.apikey ?? { header: 'X-API-Key', keys_env: null, keys_file: null };
      const keysEnv =
        apikey.keys_env === null && apikey.keys_file === null ? DEFAULT_KEYS_ENV : apikey.keys_env;
      const places = { keys_env: keysEnv, keys_file: file(apikey.keys_file) };
      return { strategy, apikey: { ...apikey, ...places, keys: keysOf(places) } };
    }
  }
}

/** The section of the strategy in force; the rules have made sure that it is there. */
function chosen<T>(section: T | undefined): T {
  if (section === undefined) throw new TypeError('the section of the chosen strategy is missing');
  return section;
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, change: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
