import type { CallerKeys } from './callerKeys.js';

/**
 * The config after loading: defaults filled in, `${VAR}` expanded, durations in milliseconds, sizes in bytes,
 * relative file paths made absolute, deeply frozen. Keys are those of the file, so that one name serves
 * the file, the code and the documentation.
 */

/** A duration in milliseconds; written `500ms`, `30s`, `5m`, `1h` in the file. */
export type Milliseconds = number;
/** A size in bytes; written `512KB`, `4MB` in the file (1 KB = 1,024 bytes). */
export type Bytes = number;
/** An absolute file path, or an `http:` / `https:` URL. */
export type SourceLocation = string;

export interface Config {
  readonly server: ServerConfig;
  readonly reload: ReloadConfig;
  readonly naming: NamingConfig;
  readonly tools: ToolsConfig;
  readonly upstreams: readonly UpstreamConfig[];
  /** Never empty: absent in the file means one group `default` at `/mcp` with every enabled upstream. */
  readonly groups: readonly GroupConfig[];
  readonly inbound_auth: InboundAuthConfig;
  readonly rate_limits: Readonly<Record<string, RateLimitConfig>>;
  readonly rate_limit_store: RateLimitStoreConfig;
  readonly circuit_breakers: Readonly<Record<string, CircuitBreakerConfig>>;
  readonly egress: EgressConfig;
}

/** The sidecar's listener. Static: a change is reported as needing a restart, except the limits marked (live). */
export interface ServerConfig {
  readonly host: string;
  readonly port: number;
  readonly read_timeout: Milliseconds;
  readonly write_timeout: Milliseconds;
  readonly shutdown_timeout: Milliseconds;
  readonly shutdown_delay: Milliseconds;
  /** (live) */
  readonly max_request_body: Bytes;
  /** (live) Per upstream: fetch + compile + dry run. */
  readonly startup_validation_timeout: Milliseconds;
  /** (live) Empty = localhost only when bound to loopback, any otherwise. */
  readonly allowed_hosts: readonly string[];
  /** (live) Browser Origins accepted; requests without Origin always pass. */
  readonly allowed_origins: readonly string[];
  readonly metrics_path: string;
  /** Port of its own for health, metrics and status; null = the same port. */
  readonly admin_port: number | null;
  /** Default: `host`. */
  readonly admin_host: string;
  /** Serve `POST /-/reload` on `admin_port`. */
  readonly admin_reload: boolean;
  /** (live) 0 = no limit. */
  readonly max_concurrent_requests: number;
  /** (live) Open event streams per client address; 0 = no limit. */
  readonly max_streams_per_address: number;
}

export interface ReloadConfig {
  readonly debounce: Milliseconds;
  /** 0 = off. */
  readonly poll_interval: Milliseconds;
  readonly drain_timeout: Milliseconds;
  /** A share, 0 to 1; null = no gate. */
  readonly max_tool_removal: number | null;
}

export type ConflictResolution = 'error' | 'first_wins' | 'skip';

export interface NamingConfig {
  readonly separator: string;
  readonly max_length: number;
  readonly conflict_resolution: ConflictResolution;
  /** 0 = no limit. */
  readonly description_max_length: number;
  readonly description_truncation_suffix: string;
}

export type SchemaProfile = 'portable' | 'verbatim';

export interface ToolsConfig {
  /** 0 = everything in one page. */
  readonly page_size: number;
  readonly output_schema: boolean;
  readonly schema_profile: SchemaProfile;
  /** `ttlMs` of 2026-07-28 lists; null = 0; `refresh` = until the next refresh is due. */
  readonly list_ttl: Milliseconds | 'refresh' | null;
}

export interface UpstreamConfig {
  readonly name: string;
  readonly type: 'http';
  readonly enabled: boolean;
  /** Default: the name; "" = no prefix. */
  readonly tool_prefix: string;
  /** null = the document's own server. */
  readonly base_url: string | null;
  readonly timeout: Milliseconds;
  readonly max_response_body: Bytes;
  readonly headers: Readonly<Record<string, string>>;
  readonly max_connections: number;
  readonly tls: TlsConfig;
  readonly openapi: OpenapiConfig;
  /** Always a list, in order of application; a single object in the file becomes a list of one. */
  readonly overlay: readonly OverlayConfig[];
  readonly outbound_auth: OutboundAuthConfig;
  readonly validation: ValidationConfig;
  /** Name of an entry of `rate_limits`. */
  readonly rate_limit: string | null;
  /** Name of an entry of `circuit_breakers`. */
  readonly circuit_breaker: string | null;
  /** null = what the group, then the root, says. */
  readonly inbound_auth: InboundAuthConfig | null;
}

export interface TlsConfig {
  readonly insecure_skip_verify: boolean;
  readonly ca_file: string | null;
  readonly cert_file: string | null;
  readonly key_file: string | null;
  readonly server_name: string | null;
}

export interface OpenapiConfig {
  readonly source: SourceLocation;
  /** The whole `Authorization` value, sent with fetches of the source only, same origin only; "" = none. */
  readonly auth_header: string;
  /** null = loaded once. URL sources only. */
  readonly refresh_interval: Milliseconds | null;
  /** Consecutive failures after which /readyz turns 503; 0 = never. */
  readonly max_refresh_failures: number;
  readonly allow_external_refs: boolean;
  readonly max_size: Bytes;
}

export interface OverlayConfig {
  readonly source: SourceLocation;
  readonly auth_header: string;
  /** null = with the spec. */
  readonly refresh_interval: Milliseconds | null;
}

/** One way to authenticate to an upstream. `*_env` names are checked to be set when the config loads. */
export type CredentialConfig =
  | { readonly strategy: 'none' }
  | { readonly strategy: 'bearer'; readonly bearer: BearerConfig }
  | { readonly strategy: 'api_key'; readonly api_key: ApiKeyConfig }
  | { readonly strategy: 'basic'; readonly basic: BasicConfig }
  | { readonly strategy: 'oauth2_client_credentials'; readonly oauth2_client_credentials: OAuth2Config };

/** The default credential, and one per security scheme name of the document where an upstream needs several. */
export type OutboundAuthConfig = CredentialConfig & {
  readonly schemes: Readonly<Record<string, CredentialConfig>>;
};

/** Exactly one of the two is set. */
export interface BearerConfig {
  readonly token_env: string | null;
  readonly token_file: string | null;
}

/** Exactly one of `header` and `query`, exactly one of `value_env` and `value_file`. */
export interface ApiKeyConfig {
  readonly header: string | null;
  readonly query: string | null;
  readonly value_env: string | null;
  readonly value_file: string | null;
  readonly prefix: string;
}

/** Each of the two by env or by file, exactly one. */
export interface BasicConfig {
  readonly username_env: string | null;
  readonly username_file: string | null;
  readonly password_env: string | null;
  readonly password_file: string | null;
}

export interface OAuth2Config {
  readonly token_url: string;
  readonly client_id: string;
  readonly client_secret: string;
  readonly scopes: readonly string[];
}

export interface ValidationConfig {
  /** Arguments against the input schema before calling. */
  readonly validate_request: boolean;
  /** `2xx`, `200`, `304` … */
  readonly success_status: readonly string[];
}

export interface GroupConfig {
  readonly name: string;
  /** Starts with `/`, has no trailing `/`. */
  readonly endpoint: string;
  /** Names of enabled upstreams, in order. */
  readonly upstreams: readonly string[];
  /** RFC 9535 JSONPath over the overlaid document; null = every operation. */
  readonly filter: string | null;
  /** null = what the root says. */
  readonly inbound_auth: InboundAuthConfig | null;
}

export type InboundAuthConfig =
  | { readonly strategy: 'none' }
  | { readonly strategy: 'jwt'; readonly jwt: JwtConfig }
  | { readonly strategy: 'introspection'; readonly introspection: IntrospectionConfig }
  | { readonly strategy: 'apikey'; readonly apikey: InboundApiKeyConfig };

export interface JwtConfig {
  readonly issuer: string;
  readonly audience: string;
  /** null = from the issuer's metadata. */
  readonly jwks_url: string | null;
  readonly required_scopes: readonly string[];
  /** Signatures with a public key only: never `none`, never HS*. */
  readonly algorithms: readonly string[];
  readonly clock_tolerance: Milliseconds;
}

export interface IntrospectionConfig {
  readonly issuer: string;
  /** null = from the issuer's metadata. */
  readonly endpoint: string | null;
  readonly client_id: string;
  readonly client_secret: string;
  readonly audience: string;
  readonly required_scopes: readonly string[];
}

/** Exactly one of `keys_env` (comma-separated) and `keys_file` (one per line). */
export interface InboundApiKeyConfig {
  readonly header: string;
  readonly keys_env: string | null;
  readonly keys_file: string | null;
  /** What the two held when the config was loaded: a rotated key is a new config. */
  readonly keys: CallerKeys;
}

export interface RateLimitConfig {
  readonly average: number;
  readonly period: Milliseconds;
  readonly burst: number;
  readonly source: 'user' | 'ip' | 'upstream';
}

export interface RateLimitStoreConfig {
  /** `redis:` or `rediss:`, may hold a password; null = in memory, each replica for itself. */
  readonly redis_url: string | null;
  readonly prefix: string;
}

export interface CircuitBreakerConfig {
  /** Share of failures that opens it, 0 to 1. */
  readonly threshold: number;
  readonly min_requests: number;
  readonly fallback_duration: Milliseconds;
  readonly recovery_duration: Milliseconds;
}

export interface EgressConfig {
  readonly allow_private_spec_servers: boolean;
}

/** A config, and what a reloader needs to know of where it came from. */
export interface LoadedConfig {
  readonly config: Config;
  /** Absolute path of the config file; null when an object was given. */
  readonly file: string | null;
  /**
   * Every file the config names that is not a spec or overlay: the config file itself, TLS files, credential
   * files, key files. Absolute, without duplicates.
   */
  readonly files: readonly string[];
  /**
   * SHA-256, hex, of the effective config (after defaults and expansion), the variables it names, and the bytes
   * of `files` but the config file's own: comments, key order and notation do not count.
   */
  readonly digest: string;
  /** Accepted, but worth a log line: `path: message`. */
  readonly warnings: readonly string[];
}
