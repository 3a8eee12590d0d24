import type {
  ApiKeyConfig,
  BasicConfig,
  BearerConfig,
  Config,
  CredentialConfig,
  GroupConfig,
  InboundApiKeyConfig,
  InboundAuthConfig,
  IntrospectionConfig,
  JwtConfig,
  OAuth2Config,
  RateLimitConfig,
  ServerConfig,
  UpstreamConfig,
} from './config.js';

/** The config as the schema leaves it: converted, with defaults, but nothing chosen, resolved or derived yet. */
export interface Draft
  extends Omit<Config, 'server' | 'upstreams' | 'groups' | 'inbound_auth' | 'rate_limits'> {
  readonly server: Omit<ServerConfig, 'admin_host'> & { readonly admin_host: string | null };
  readonly upstreams: readonly UpstreamDraft[];
  readonly groups?: readonly GroupDraft[];
  readonly inbound_auth?: InboundDraft;
  readonly rate_limits: Readonly<Record<string, RateLimitDraft>>;
}

export interface UpstreamDraft
  extends Omit<UpstreamConfig, 'tool_prefix' | 'outbound_auth' | 'inbound_auth'> {
  readonly tool_prefix?: string;
  readonly outbound_auth: CredentialDraft & { readonly schemes: Readonly<Record<string, CredentialDraft>> };
  readonly inbound_auth?: InboundDraft;
}

export interface GroupDraft extends Omit<GroupConfig, 'inbound_auth'> {
  readonly inbound_auth?: InboundDraft;
}

export interface RateLimitDraft extends Omit<RateLimitConfig, 'burst'> {
  readonly burst?: number;
}

/** Sections of several strategies may be given; `strategy` chooses one. */
export interface CredentialDraft {
  readonly strategy?: CredentialConfig['strategy'];
  readonly bearer?: BearerConfig;
  readonly api_key?: ApiKeyConfig;
  readonly basic?: BasicConfig;
  readonly oauth2_client_credentials?: OAuth2Config;
}

export interface InboundDraft {
  readonly strategy: InboundAuthConfig['strategy'];
  readonly jwt?: JwtConfig;
  readonly introspection?: IntrospectionConfig;
  readonly apikey?: Omit<InboundApiKeyConfig, 'keys'>;
}

/** A value of which any part may be missing, because the schema has refused it. */
export type Loose<T> = T extends readonly (infer Item)[]
  ? readonly (Loose<Item> | undefined)[]
  : T extends object
    ? { readonly [Key in keyof T]?: Loose<T[Key]> | undefined }
    : T;
