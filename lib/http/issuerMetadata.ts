import type { Logger } from '../observe/logger.js';
import { AuthServerError, type AuthServers, jsonIn } from './authServer.js';

/** How long an issuer's metadata is taken as it was. Keys are asked for more often, and by themselves. */
const MAX_AGE = 3_600_000;

type Metadata = Readonly<Record<string, unknown>>;

/** What an issuer says of itself: RFC 8414, or OpenID Connect Discovery 1.0. */
export class IssuerMetadata {
  readonly #issuer: string;
  readonly #servers: AuthServers;
  readonly #logger: Logger;
  #known: { readonly metadata: Metadata; readonly at: number } | null = null;
  #pending: Promise<Metadata> | null = null;

  constructor(issuer: string, servers: AuthServers, logger: Logger) {
    this.#issuer = issuer;
    this.#servers = servers;
    this.#logger = logger;
  }

  /**
   * The URL of one of the issuer's endpoints.
   * @throws AuthServerError
   */
  async endpoint(name: 'jwks_uri' | 'introspection_endpoint'): Promise<string> {
    const metadata = await this.#current();
    const value = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
    if (typeof value !== 'string' || !/^https?:\/\//i.test(value) || !URL.canParse(value)) {
      throw new AuthServerError(this.#issuer, `has no ${name} in its metadata`);
    }
    if (this.#issuer.startsWith('https:') && !/^https:/i.test(value)) {
      throw new AuthServerError(this.#issuer, `names an ${name} that is not https`);
    }
    return value;
  }

  #current(): Promise<Metadata> {
    const known = this.#known;
    if (known !== null && performance.now() - known.at < MAX_AGE) return Promise.resolve(known.metadata);
    this.#pending ??= this.#discover()
      .then((metadata) => {
        this.#known = { metadata, at: performance.now() };
        return metadata;
      })
      .catch((error: unknown) => {
        // Where the keys are hardly ever changes; what they are is checked elsewhere.
        if (known === null) throw error;
        this.#logger.warn({ err: error }, 'the metadata of an issuer could not be renewed');
        return known.metadata;
      })
      .finally(() => {
        this.#pending = null;
      });
    return this.#pending;
  }

  async #discover(): Promise<Metadata> {
    const places = metadataUrls(this.#issuer);
    for (const url of places) {
      const answer = await this.#servers.get(url);
      if (answer.status >= 400 && answer.status < 500) continue;
      const metadata = jsonIn(answer, url);
      this.#check(metadata, url);
      return metadata;
    }
    throw new AuthServerError(this.#issuer, 'has no metadata (RFC 8414, OpenID Connect Discovery)');
  }

  /** RFC 8414, section 3.3: the issuer must be the very one that was asked for. */
  #check(metadata: Metadata, url: string): void {
    if (metadata['issuer'] !== this.#issuer) {
      throw new AuthServerError(url, `is not the metadata of the configured issuer ${this.#issuer}`);
    }
  }
}

/** RFC 8414, section 3.1; OpenID Connect Discovery 1.0, section 4. */
function metadataUrls(issuer: string): string[] {
  const url = new URL(issuer);
  const path = url.pathname.replace(/\/$/, '');
  return [
    `${url.origin}/.well-known/oauth-authorization-server${path}`,
    `${url.origin}${path}/.well-known/openid-configuration`,
    `${url.origin}/.well-known/openid-configuration${path}`,
  ].filter((place, index, all) => all.indexOf(place) === index);
}
