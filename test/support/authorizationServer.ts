import type { IncomingMessage, ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import Provider from 'oidc-provider';
import { HttpServer } from './httpServer.js';

/** What a token is for, and how it is made. */
export interface ResourceServer {
  readonly audience: string;
  readonly accessTokenFormat: 'jwt' | 'opaque';
  /** Seconds. */
  readonly accessTokenTTL: number;
}

/** By the `resource` that a client asks a token for (RFC 8707). */
export type ResourceServers = (resource: string) => ResourceServer;

/** The proxy's own client, for introspection; machines get tokens with it, too. */
export const CLIENT = { id: 'proxy', secret: 'a-secret-of-the-proxy' };
/** The scopes there are. */
const SCOPES = 'mcp admin';

/** A real authorization server (oidc-provider), where everybody is Ada, and Ada agrees to everything. */
export class AuthorizationServer implements AsyncDisposable {
  /** What tokens are signed with; private. */
  key: JWK = {};
  /** As if it were down. */
  down = false;
  readonly #resourceServers: ResourceServers;
  #server: HttpServer | null = null;
  #provider: Provider | null = null;

  private constructor(resourceServers: ResourceServers) {
    this.#resourceServers = resourceServers;
  }

  /** @param key To sign with. @default a new one */
  static async start(resourceServers: ResourceServers, key?: JWK): Promise<AuthorizationServer> {
    const made = new AuthorizationServer(resourceServers);
    made.#server = await HttpServer.start((request, response) => void made.#answer(request, response));
    await made.rotate(key);
    return made;
  }

  get url(): string {
    return this.#server?.url ?? '';
  }

  /** Signs with another key from now on, and publishes no other. */
  async rotate(key?: JWK): Promise<void> {
    this.key = key ?? (await newKey());
    this.#provider = new Provider(this.url, {
      clients: [
        {
          client_id: CLIENT.id,
          client_secret: CLIENT.secret,
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
        },
      ],
      jwks: { keys: [this.key] },
      scopes: ['openid', 'offline_access', ...SCOPES.split(' ')],
      cookies: { keys: ['for tests'] },
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        introspection: { enabled: true, allowedPolicy: () => true },
        revocation: { enabled: true },
        registration: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_context: unknown, resource: string) => ({
            scope: SCOPES,
            jwt: { sign: { alg: 'RS256' } },
            ...this.#resourceServers(resource),
          }),
          useGrantedResource: () => true,
        },
      },
      findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
      loadExistingGrant: (context: GrantContext) => this.#grant(context),
      interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    });
  }

  /** A token for a machine. */
  async token(resource: string, scope = 'mcp'): Promise<string> {
    const answer = await this.#post('/token', { grant_type: 'client_credentials', resource, scope });
    return (JSON.parse(answer) as { access_token: string }).access_token;
  }

  /** RFC 7009. */
  async revoke(token: string): Promise<void> {
    await this.#post('/token/revocation', { token });
  }

  /**
   * What a browser does: follows an authorization URL through the login, cookies kept.
   * @returns What the redirect URL gets: the code, and who gives it.
   */
  async authorize(start: URL): Promise<URLSearchParams> {
    const cookies = new Map<string, string>();
    let url = start;
    for (let hops = 0; hops < 10; hops += 1) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
      for (const line of response.headers.getSetCookie()) {
        const [pair = ''] = line.split(';');
        cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
      }
      const location = response.headers.get('location');
      if (location === null) throw new Error(`no redirect: ${response.status} ${await response.text()}`);
      url = new URL(location, url);
      if (url.searchParams.has('code')) return url.searchParams;
      if (url.searchParams.has('error')) throw new Error(`refused: ${url.search}`);
    }
    throw new Error('redirects without end');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.down || this.#provider === null) return void request.socket.destroy();
    if (!request.url?.startsWith('/interaction/')) return void this.#provider.callback()(request, response);
    await this.#provider.interactionFinished(request, response, { login: { accountId: 'ada' } });
  }

  /** Ada has agreed before. */
  async #grant({ oidc: { client, session, params } }: GrantContext): Promise<unknown> {
    if (this.#provider === null) return undefined;
    const grant = new this.#provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    for (const resource of [params.resource ?? []].flat()) grant.addResourceScope(resource, SCOPES);
    grant.addOIDCScope(SCOPES);
    await grant.save();
    return grant;
  }

  async #post(path: string, form: Readonly<Record<string, string>>): Promise<string> {
    const credentials = Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64');
    const response = await fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Basic ${credentials}` },
      body: new URLSearchParams(form),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`);
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }
}

interface GrantContext {
  readonly oidc: {
    readonly client: { readonly clientId: string };
    readonly session: { readonly accountId: string };
    readonly params: { readonly resource?: string | readonly string[] };
  };
}

async function newKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), alg: 'RS256', use: 'sig' };
}
