import type { Milliseconds } from '../config/config.js';
import type { Logger } from '../observe/logger.js';
import { AuthServerError, type AuthServers, jsonIn } from './authServer.js';

/** After it an issuer's metadata is asked for anew. Keys are asked for more often, and by themselves. */
const MAX_AGE: Milliseconds = 3_600_000;
/** How long an issuer that did not give it anew is left alone. */
const REST: Milliseconds = 60_000;

type Metadata = Readonly<Record<string, unknown>>;

/** What an issuer says of itself: RFC 8414, or OpenID Connect Discovery 1.0. */
export class IssuerMetadata {
  readonly #issuer: string;
  readonly #servers: AuthServers;
  readonly #logger: Logger;
  readonly #now: () => Milliseconds;
  #known: Metadata | null = null;
  #renewAt: Milliseconds = 0;
  #pending: Promise<Metadata> | null = null;

  /** @param now A monotonic clock in milliseconds. @default performance.now */
  constructor(
    issuer: string,
    servers: AuthServers,
    logger: Logger,
    now: () => Milliseconds = () => performance.now(),
  ) {
    this.#issuer = issuer;
    this.#servers = servers;
    this.#logger = logger;
    this.#now = now;
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

  /** Only who is first waits for the issuer: an issuer that hangs must not hold up every request. */
  async #current(): Promise<Metadata> {
    const known = this.#known;
    if (known === null) return this.#renewed();
    if (this.#pending === null && this.#now() >= this.#renewAt) {
      this.#renewed().catch((error: unknown) => {
        // Where the keys are hardly ever changes; what they are is checked elsewhere.
        this.#renewAt = this.#now() + REST;
        this.#logger.warn({ err: error }, 'the metadata of an issuer could not be renewed');
      });
    }
    return known;
  }

  #renewed(): Promise<Metadata> {
    this.#pending ??= this.#discover()
      .then((metadata) => {
        this.#known = metadata;
        this.#renewAt = this.#now() + MAX_AGE;
        return metadata;
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
