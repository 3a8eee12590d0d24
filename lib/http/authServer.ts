import { Agent, request } from 'undici';
import { codeOf } from '../call/upstreamFailure.js';
import type { Bytes, Milliseconds } from '../config/config.js';

/**
 * An authorization server cannot be asked, or does not answer as it must. Requests that need it are refused. Neither
 * the message nor anything else of it holds a token or a secret.
 */
export class AuthServerError extends Error {
  constructor(url: string, problem: string) {
    super(`${withoutQuery(url)}: ${problem}`);
    this.name = 'AuthServerError';
  }
}

export interface AuthServerAnswer {
  readonly status: number;
  readonly text: string;
}

export interface AuthServerOptions {
  /** From the request to the last byte of the answer. @default 5 s */
  readonly timeout?: Milliseconds;
}

const MAX_ANSWER: Bytes = 1024 * 1024;
/** How long a server that could not be reached is left alone. */
const REST: Milliseconds = 1_000;

/** Asks authorization servers: bounded in time and size, redirects not followed, compression not offered. */
export class AuthServers {
  readonly #agent = new Agent({ connections: 16, pipelining: 1 });
  readonly #timeout: Milliseconds;
  readonly #resting = new Map<string, { readonly until: number; readonly error: AuthServerError }>();

  constructor({ timeout = 5_000 }: AuthServerOptions = {}) {
    this.#timeout = timeout;
  }

  /**
   * What has just failed is not asked again at once, so that callers of a server that is down do not wait one by one.
   * @throws AuthServerError
   */
  async get(url: string): Promise<AuthServerAnswer> {
    const resting = this.#resting.get(url);
    if (resting !== undefined) {
      if (performance.now() < resting.until) throw resting.error;
      this.#resting.delete(url);
    }
    try {
      return await this.#ask(url, { method: 'GET', headers: { accept: 'application/json' } });
    } catch (error) {
      if (error instanceof AuthServerError) {
        this.#resting.set(url, { until: performance.now() + REST, error });
      }
      throw error;
    }
  }

  /** @throws AuthServerError */
  post(url: string, form: URLSearchParams, authorization: string): Promise<AuthServerAnswer> {
    const headers = {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      authorization,
    };
    return this.#ask(url, { method: 'POST', headers, body: form.toString() });
  }

  close(): void {
    this.#agent.destroy().catch(() => {});
  }

  async #ask(url: string, options: RequestParts): Promise<AuthServerAnswer> {
    try {
      const signal = AbortSignal.timeout(this.#timeout);
      const { statusCode, body } = await request(url, { ...options, dispatcher: this.#agent, signal });
      return { status: statusCode, text: await textOf(body, url) };
    } catch (error) {
      if (error instanceof AuthServerError) throw error;
      const late = error instanceof Error && error.name === 'TimeoutError';
      // The error itself may hold the request, and with it the token.
      throw new AuthServerError(url, late ? 'did not answer in time' : codeOf(error) || 'cannot be asked');
    }
  }
}

interface RequestParts {
  readonly method: 'GET' | 'POST';
  readonly headers: Record<string, string>;
  readonly body?: string;
}

async function textOf(body: AsyncIterable<Uint8Array>, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_ANSWER) throw new AuthServerError(url, 'answered with more than 1 MB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** @throws AuthServerError unless the answer is a JSON object with status 200. */
export function jsonIn({ status, text }: AuthServerAnswer, url: string): Readonly<Record<string, unknown>> {
  if (status !== 200) throw new AuthServerError(url, `answered with status ${status}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AuthServerError(url, 'did not answer with JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AuthServerError(url, 'did not answer with a JSON object');
  }
  return value as Record<string, unknown>;
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}
