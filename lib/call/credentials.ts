import type { OutboundAuthConfig } from '../config/config.js';
import type { SecurityRequirement } from '../tools/tool.js';
import { type Credential, credentialOf } from './credential.js';
import type { SecretStore } from './secret.js';

/** What an operation's `security` says: alternatives (OR) of requirements (AND); null = nothing. */
export type SecurityAlternatives = readonly (readonly SecurityRequirement[])[] | null;

/**
 * The configured credentials of one upstream. Secrets are read when this is made; rotation makes a new one.
 */
export class Credentials {
  readonly #default: Credential | null;
  readonly #schemes: ReadonlyMap<string, Credential | null>;

  /** @throws SourceError stage `client` when a secret is missing or unusable. */
  constructor(config: OutboundAuthConfig, store: SecretStore, tokens: Parameters<typeof credentialOf>[3]) {
    this.#default = credentialOf(config, 'outbound_auth', store, tokens);
    this.#schemes = new Map(
      Object.entries(config.schemes).map(([name, scheme]) => [
        name,
        credentialOf(scheme, `outbound_auth.schemes.${name}`, store, tokens),
      ]),
    );
  }

  /**
   * What to send with an operation: the first alternative whose members all have a credential; else nothing if
   * the operation allows anonymous calls; else the default credential. Without any credential per scheme, the
   * default one stands for every scheme.
   */
  choose(security: SecurityAlternatives): readonly Credential[] {
    const fallback = this.#default === null ? [] : [this.#default];
    if (security === null) return fallback;
    for (const alternative of security) {
      if (alternative.length === 0) continue;
      if (this.#schemes.size === 0) return fallback;
      if (!alternative.every(({ scheme }) => this.#schemes.has(scheme))) continue;
      return alternative.flatMap(({ scheme }) => this.#schemes.get(scheme) ?? []);
    }
    const anonymous = security.length === 0 || security.some((alternative) => alternative.length === 0);
    return anonymous ? [] : fallback;
  }
}
