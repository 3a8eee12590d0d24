import { Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createRequire } from 'node:module';
import { pipeline } from 'node:stream/promises';
import { type BrotliDecompress, createBrotliDecompress, createGunzip, type Gunzip } from 'node:zlib';
import axios from 'axios';
import type { Bytes, Milliseconds } from '../config/config.js';
import { ContentProblem, tooLarge } from './content.js';
import { assertPublicLiteral, EgressError, publicLookup } from './egress.js';
import { redactedLocation } from './location.js';

/** One GET with everything that can go wrong in it. */
export interface DownloadRequest {
  /** http(s), without credentials. */
  readonly url: URL;
  /** Sent to every hop: validators, cache directives. Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the operator configured; no longer sent once a redirect leads to another origin. */
  readonly ownHeaders: Readonly<Record<string, string>>;
  /** Of the decoded body. */
  readonly maxSize: Bytes;
  /** True for a URL that may lead to a private address. Asked for the URL itself and for every redirect. */
  readonly mayBePrivate: (url: URL) => boolean;
  /** The total deadline. */
  readonly signal: AbortSignal;
}

export interface Download {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Content-decoded; null unless the status is 200 or 203. */
  readonly body: Uint8Array | null;
  /** False for a body that ends with the connection: nothing says that all of it came. */
  readonly isProvenWhole: boolean;
}

/** No usable answer. The message is one line, without header values, body text or what a query holds. */
export class DownloadProblem extends Error {
  /** `Retry-After` of the answer. */
  readonly retryAfter: Milliseconds | null;

  constructor(message: string, retryAfter: Milliseconds | null = null) {
    super(message);
    this.name = 'DownloadProblem';
    this.retryAfter = retryAfter;
  }
}

const MAX_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const { version } = createRequire(import.meta.url)('mcp-anything/package.json') as { version: string };
/** An instance of its own: a host's interceptors and defaults on the shared one do not apply. */
const client = axios.create({
  responseType: 'stream',
  // Decoded here, so that the cap counts what a compressed body unfolds to.
  decompress: false,
  maxRedirects: 0,
  // An HTTP proxy would resolve names where no address check sees it.
  proxy: false,
  validateStatus: () => true,
  headers: {
    accept: 'application/json, application/yaml, text/yaml, text/x-yaml;q=0.9, */*;q=0.5',
    'accept-encoding': 'gzip, br',
    'user-agent': `mcp-anything/${version}`,
  },
});

/**
 * Asks, follows at most three redirects by hand, and reads the decoded body up to its cap.
 * @throws DownloadProblem; the signal's reason when it aborts for anything but a timeout.
 */
export async function download(request: DownloadRequest): Promise<Download> {
  const agents = new Agents();
  try {
    request.signal.throwIfAborted();
    const message = await follow(request, agents);
    return {
      status: message.statusCode ?? 0,
      headers: headersOf(message),
      body: hasBody(message) ? await readBody(message, request) : null,
      isProvenWhole: isDelimited(message),
    };
  } catch (error) {
    throw problemOf(error, request.signal);
  } finally {
    agents.destroy();
  }
}

async function follow(request: DownloadRequest, agents: Agents): Promise<IncomingMessage> {
  let { url, ownHeaders } = request;
  for (let hop = 0; ; hop += 1) {
    const message = await ask(url, { ...request.headers, ...ownHeaders }, request, agents);
    if (!REDIRECTS.has(message.statusCode ?? 0)) return message;
    message.destroy();
    if (hop === MAX_REDIRECTS) {
      throw new DownloadProblem(`must not be redirected more than ${MAX_REDIRECTS} times`);
    }
    const next = redirectTarget(url, message);
    if (next.origin !== url.origin) ownHeaders = {};
    url = next;
  }
}

async function ask(
  url: URL,
  headers: Readonly<Record<string, string>>,
  { mayBePrivate, signal }: DownloadRequest,
  agents: Agents,
): Promise<IncomingMessage> {
  const isChecked = !mayBePrivate(url);
  if (isChecked) assertPublicLiteral(url);
  const response = await client.get<IncomingMessage>(url.href, {
    headers,
    signal,
    ...agents.pair(isChecked),
  });
  const message = response.data;
  // An abort may come when nothing reads the stream any more.
  message.on('error', () => {});
  if (!hasBody(message)) message.destroy();
  return message;
}

function redirectTarget(from: URL, message: IncomingMessage): URL {
  const { location } = message.headers;
  if (location === undefined) {
    throw new DownloadProblem(`must redirect to somewhere, answered ${message.statusCode} without Location`);
  }
  if (!URL.canParse(location, from.href)) throw new DownloadProblem('must redirect to a valid URL');
  const to = new URL(location, from);
  to.username = '';
  to.password = '';
  const shown = redactedLocation(to.href);
  if (to.protocol !== 'http:' && to.protocol !== 'https:') {
    throw new DownloadProblem(`must redirect to http or https, got ${to.protocol}`);
  }
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw new DownloadProblem(`must not be redirected from https to http, got ${shown}`);
  }
  return to;
}

function hasBody(message: IncomingMessage): boolean {
  return message.statusCode === 200 || message.statusCode === 203;
}

function headersOf(message: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  );
}

/** RFC 9112 §6.3: by length or by chunks; else the body ends where the connection does. */
function isDelimited({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || /\bchunked\s*$/i.test(headers['transfer-encoding'] ?? '');
}

async function readBody(message: IncomingMessage, { maxSize, signal }: DownloadRequest): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  const collect = async (source: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of source) {
      size += chunk.length;
      if (size > maxSize) throw tooLarge(maxSize);
      chunks.push(chunk);
    }
  };
  const decoder = decoderOf(message);
  try {
    await (decoder === null
      ? pipeline(message, collect, { signal })
      : pipeline(message, decoder, collect, { signal }));
  } catch (error) {
    // A pipeline may report the stop of its other parts instead of why one of them stopped.
    if (size > maxSize) throw tooLarge(maxSize);
    const isCut = CUT_CODES.has((error as NodeJS.ErrnoException).code ?? '');
    throw isCut ? new DownloadProblem('must be sent whole, the body ended early') : error;
  }
  return Buffer.concat(chunks);
}

const CUT_CODES: ReadonlySet<string> = new Set(['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE']);

/** null for a body that needs none. */
function decoderOf(message: IncomingMessage): Gunzip | BrotliDecompress | null {
  switch ((message.headers['content-encoding'] ?? '').trim().toLowerCase()) {
    case '':
    case 'identity':
      return null;
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'br':
      return createBrotliDecompress();
    default:
      message.destroy();
      throw new DownloadProblem('must be sent as gzip, br or without Content-Encoding');
  }
}

/** Never with the error itself as `cause`: axios keeps the request's headers in it. */
function problemOf(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) {
    return signal.reason?.name === 'TimeoutError'
      ? new DownloadProblem('must answer within the time limit')
      : signal.reason;
  }
  if (error instanceof DownloadProblem) return error;
  const cause = axios.isAxiosError(error) && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof EgressError || cause instanceof ContentProblem)
    return new DownloadProblem(cause.message);
  const code = (cause as NodeJS.ErrnoException | null)?.code ?? 'no answer';
  if (code.startsWith('Z_') || code.startsWith('ERR_BROTLI') || code.startsWith('ERR__ERROR_')) {
    return new DownloadProblem(`must be whole and validly compressed (${code})`);
  }
  return new DownloadProblem(`cannot be fetched: ${code}`);
}

/**
 * Connections of one download, checked and unchecked ones apart, so that a connection made without the
 * address check is never used where the check is due.
 */
class Agents {
  readonly #trusted = agentPair({ keepAlive: true });
  readonly #checked = agentPair({ keepAlive: true, lookup: publicLookup });

  pair(isChecked: boolean): AgentPair {
    return isChecked ? this.#checked : this.#trusted;
  }

  destroy(): void {
    for (const { httpAgent, httpsAgent } of [this.#trusted, this.#checked]) {
      httpAgent.destroy();
      httpsAgent.destroy();
    }
  }
}

interface AgentPair {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

function agentPair(options: ConstructorParameters<typeof HttpsAgent>[0]): AgentPair {
  return { httpAgent: new HttpAgent(options), httpsAgent: new HttpsAgent(options) };
}
