import type { Milliseconds, OAuth2Config } from '../config/config.js';
import { isJsonObject, type JsonObject } from '../json.js';
import type { Logger } from '../observe/logger.js';
import { basicAuthorization, type TokenSource } from './credential.js';
import type { Deadline } from './deadline.js';
import { codeOf, UpstreamFailure } from './upstreamFailure.js';

/** Sends a form to the token endpoint. */
export type PostForm = (
  url: string,
  form: string,
  headers: Readonly<Record<string, string>>,
) => Promise<{ readonly status: number; readonly body: Uint8Array }>;

/** A token without `expires_in` is used this long. */
const UNSTATED_LIFETIME: Milliseconds = 5 * 60_000;
/** A token is renewed this long before it expires, or when a tenth of its life is left if that is less. */
const RENEWAL_MARGIN: Milliseconds = 60_000;
/** After a failed renewal, while the old token still serves. */
const RENEWAL_PAUSE: Milliseconds = 5_000;

interface Token {
  readonly value: string;
  /** On the monotonic clock. */
  readonly renewAt: Milliseconds;
  readonly expiresAt: Milliseconds;
}

/**
 * The access token of one client (RFC 6749 §4.4): cached, renewed before it expires, fetched once for however
 * many callers wait for it. While a renewal fails, a token that is still valid serves on.
 */
export class ClientCredentialsToken implements TokenSource {
  readonly #config: OAuth2Config;
  readonly #post: PostForm;
  readonly #logger: Logger;
  readonly #now: () => Milliseconds;
  #token: Token | null = null;
  #fetching: Promise<Token> | null = null;
  /** Most servers take the client's secret as HTTP Basic; those that refuse it get it in the form. */
  #secretInForm = false;
  #renewalPausedUntil = 0;
  /** Told once, not with every call. */
  #failing = false;

  /** @param now A monotonic clock in milliseconds. @default performance.now */
  constructor(
    config: OAuth2Config,
    post: PostForm,
    logger: Logger,
    now: () => Milliseconds = () => performance.now(),
  ) {
    this.#config = config;
    this.#post = post;
    this.#logger = logger;
    this.#now = now;
  }

  token(deadline: Deadline): string | Promise<string> {
    const token = this.#token;
    const now = this.#now();
    if (token !== null && now < token.expiresAt) {
      if (now >= token.renewAt && now >= this.#renewalPausedUntil) this.#fetch().catch(() => undefined);
      return token.value;
    }
    return deadline.race(this.#fetch()).then(({ value }) => value);
  }

  discard(token: string): void {
    if (this.#token?.value === token) this.#token = null;
  }

  #fetch(): Promise<Token> {
    this.#fetching ??= this.#request()
      .then((token) => {
        this.#token = token;
        this.#failing = false;
        return token;
      })
      .catch((error: unknown) => {
        const reason = error instanceof TokenRefused ? error.message : codeOf(error) || 'no answer';
        this.#renewalPausedUntil = this.#now() + RENEWAL_PAUSE;
        const level = this.#failing ? 'debug' : 'warn';
        this.#failing = true;
        this.#logger[level]({ reason }, 'the token endpoint gave no access token');
        throw new TokenFailure(error);
      })
      .finally(() => {
        this.#fetching = null;
      });
    return this.#fetching;
  }

  async #request(): Promise<Token> {
    const first = await this.#send();
    if (first.token !== null) return first.token;
    // RFC 6749 §2.3.1 obliges servers to take Basic; those that do not answer 400 or 401.
    if (!this.#secretInForm && (first.status === 401 || first.status === 400)) {
      this.#secretInForm = true;
      const second = await this.#send();
      if (second.token !== null) return second.token;
      this.#secretInForm = false;
    }
    throw new TokenRefused(first.status, first.error);
  }

  async #send(): Promise<{ readonly status: number; readonly token: Token | null; readonly error: string }> {
    const { client_id, client_secret, scopes, token_url } = this.#config;
    const form = new URLSearchParams({ grant_type: 'client_credentials' });
    if (scopes.length > 0) form.set('scope', scopes.join(' '));
    const headers: Record<string, string> = {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
    };
    if (this.#secretInForm) {
      form.set('client_id', client_id);
      form.set('client_secret', client_secret);
    } else {
      headers['authorization'] = basicAuthorization(formEncoded(client_id), formEncoded(client_secret));
    }
    const asked = this.#now();
    const { status, body } = await this.#post(token_url, form.toString(), headers);
    const answer = parsed(body);
    return { status, token: status === 200 ? tokenOf(answer, asked) : null, error: errorOf(answer) };
  }
}

/** No token, so nothing was sent. */
export class TokenFailure extends UpstreamFailure {
  constructor(cause: unknown) {
    super('connect', 'The proxy could not get an access token for this API.', { cause });
  }
}

/** Carries the status and the registered error code only: descriptions may quote what was sent. */
class TokenRefused extends Error {
  constructor(status: number, error: string) {
    super(`status ${status}${error === '' ? '' : `, ${error}`}`);
  }
}

function tokenOf(answer: JsonObject, asked: Milliseconds): Token | null {
  const value = answer['access_token'];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (typeof value !== 'string' || value === '' || /[\u0000-\u001f\u007f]/.test(value)) return null;
  const stated = Number(answer['expires_in'] ?? Number.NaN) * 1_000;
  const lifetime = stated > 0 ? stated : UNSTATED_LIFETIME;
  const margin = Math.min(RENEWAL_MARGIN, lifetime / 10);
  return { value, renewAt: asked + lifetime - margin, expiresAt: asked + lifetime };
}

function errorOf(answer: JsonObject): string {
  const error = answer['error'];
  return typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? error : '';
}

function parsed(body: Uint8Array): JsonObject {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    return isJsonObject(value) ? Object.assign(Object.create(null), value) : {};
  } catch {
    return {};
  }
}

/** RFC 6749 §2.3.1: both are form-encoded before they become Basic credentials. */
function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
