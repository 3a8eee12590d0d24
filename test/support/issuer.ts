import { createHmac, KeyObject, sign } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose';
import { HttpServer } from './httpServer.js';

/** What is to differ from a good token. */
export interface TokenDraft {
  /** Over good claims; undefined leaves one out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** @default the issuer's current key */
  readonly key?: SigningKey;
}

export interface SigningKey {
  readonly algorithm: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
  readonly publicPem: string;
}

/** The audience of good tokens. */
export const AUDIENCE = 'https://mcp.example/mcp';

let serial = 0;

/** A key pair with an id of its own. */
export async function signingKey(algorithm = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  serial += 1;
  const publicJwk = { ...(await exportJWK(publicKey)), kid: `key-${serial}`, alg: algorithm, use: 'sig' };
  return { algorithm, privateKey, publicJwk, publicPem: await exportSPKI(publicKey) };
}

/** An authorization server whose every answer a test can decide: metadata, keys, introspection. */
export class Issuer implements AsyncDisposable {
  /** `GET /jwks`, oldest first. */
  readonly requests: string[] = [];
  /** Bodies and `Authorization` headers of introspection requests. */
  readonly introspections: { readonly form: URLSearchParams; readonly authorization: string | undefined }[] =
    [];
  /** Introspection answers by token; any other token is inactive. */
  readonly tokens = new Map<string, object>();
  /** Over the metadata. */
  metadata: Readonly<Record<string, unknown>> = {};
  /** What is published. */
  keys: readonly SigningKey[] = [];
  /** Takes the place of every answer. */
  manner: RequestListener | null = null;
  #server: HttpServer | null = null;

  static async start(...keys: readonly SigningKey[]): Promise<Issuer> {
    const issuer = new Issuer();
    issuer.keys = keys.length === 0 ? [await signingKey()] : keys;
    issuer.#server = await HttpServer.start((request, response) => void issuer.#answer(request, response));
    return issuer;
  }

  get url(): string {
    return this.#server?.url ?? '';
  }

  /** How often a path was asked for. */
  count(path: string): number {
    return this.requests.filter((request) => request.endsWith(` ${path}`)).length;
  }

  get key(): SigningKey {
    const [key] = this.keys;
    if (key === undefined) throw new Error('the issuer has no key');
    return key;
  }

  claims(): Record<string, unknown> {
    const now = Math.floor(Date.now() / 1_000);
    return { iss: this.url, aud: AUDIENCE, sub: 'ada', scope: 'read write', iat: now, exp: now + 600 };
  }

  token({ claims = {}, header = {}, key = this.key }: TokenDraft = {}): Promise<string> {
    return new SignJWT({ ...this.claims(), ...claims })
      .setProtectedHeader({ alg: key.algorithm, kid: String(key.publicJwk.kid), typ: 'at+jwt', ...header })
      .sign(key.privateKey);
  }

  /** A good signature over a header that jose would not sign. */
  signedByHand(header: Readonly<Record<string, unknown>>): string {
    const { algorithm: alg, privateKey, publicJwk } = this.key;
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const input = `${encode({ alg, kid: publicJwk.kid, ...header })}.${encode(this.claims())}`;
    const key = KeyObject.from(privateKey);
    const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
    return `${input}.${signature.toString('base64url')}`;
  }

  /** A token that was put together by hand, with a signature that is none or a keyed hash. */
  forgedToken(header: Readonly<Record<string, unknown>>, secret: string | null): string {
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const input = `${encode({ typ: 'at+jwt', ...header })}.${encode(this.claims())}`;
    const signature = secret === null ? '' : createHmac('sha256', secret).update(input).digest('base64url');
    return `${input}.${signature}`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    this.requests.push(`${request.method} ${path}`);
    if (this.manner !== null) return void this.manner(request, response);
    if (path === '/.well-known/oauth-authorization-server') {
      const metadata = {
        issuer: this.url,
        jwks_uri: `${this.url}/jwks`,
        introspection_endpoint: `${this.url}/introspect`,
        ...this.metadata,
      };
      return void response.end(JSON.stringify(metadata));
    }
    if (path === '/jwks') {
      return void response.end(JSON.stringify({ keys: this.keys.map(({ publicJwk }) => publicJwk) }));
    }
    if (path === '/introspect') {
      const form = new URLSearchParams(await bodyOf(request));
      this.introspections.push({ form, authorization: request.headers.authorization });
      return void response.end(JSON.stringify(this.tokens.get(form.get('token') ?? '') ?? { active: false }));
    }
    response.writeHead(404).end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}
