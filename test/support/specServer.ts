import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { HttpServer } from './httpServer.js';

/** What one request to a spec server looked like. */
export interface SpecRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * A server of OpenAPI documents that keeps to RFC 9110: strong `ETag`, `Last-Modified`, conditional requests.
 * `next` gives it other manners, one request each.
 */
export class SpecServer implements AsyncDisposable {
  /** Every request so far, oldest first. */
  readonly requests: SpecRequest[] = [];
  /** Response headers of the regular answer, over its own; null leaves one out. */
  headers: Readonly<Record<string, string | null>> = {};
  /** The regular answer's bytes. */
  document: string | Buffer;
  readonly #queue: RequestListener[] = [];
  #server: HttpServer | null = null;

  private constructor(document: string | Buffer) {
    this.document = document;
  }

  static async start(document: string | Buffer): Promise<SpecServer> {
    const server = new SpecServer(document);
    server.#server = await HttpServer.start((request, response) => server.#answer(request, response));
    return server;
  }

  /** `http://127.0.0.1:…`, no trailing slash. */
  get origin(): string {
    return this.#server?.url ?? '';
  }

  /** Of the document; any path answers with it. */
  get url(): string {
    return `${this.origin}/openapi.json`;
  }

  get last(): SpecRequest | undefined {
    return this.requests.at(-1);
  }

  /** Answers the next requests, one listener each; after them the regular answer again. */
  next(...listeners: readonly RequestListener[]): void {
    this.#queue.push(...listeners);
  }

  /** As `next`, bytes written to the socket as they are, which is then closed. */
  nextRaw(...answers: readonly string[]): void {
    this.next(
      ...answers.map(
        (answer): RequestListener =>
          (_, response) =>
            response.socket?.end(answer),
      ),
    );
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push({ path: request.url ?? '', headers: request.headers });
    const scripted = this.#queue.shift();
    if (scripted !== undefined) return void scripted(request, response);
    const bytes = Buffer.from(this.document);
    const headers = Object.entries({
      ETag: `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"`,
      'Last-Modified': 'Mon, 06 Jan 2025 10:00:00 GMT',
      ...this.headers,
    });
    for (const [name, value] of headers) if (value !== null) response.setHeader(name, value);
    if (isFresh(request.headers, response)) return void response.writeHead(304).end();
    response.writeHead(200, { 'Content-Length': bytes.length }).end(bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }
}

/** RFC 9110 §13.2.2: `If-Modified-Since` counts only without `If-None-Match`; entity tags compare weakly. */
function isFresh(asked: IncomingHttpHeaders, response: ServerResponse): boolean {
  const opaque = (tag: unknown): string => String(tag).replace(/^W\//, '');
  const etag = response.getHeader('ETag');
  const ifNoneMatch = asked['if-none-match'];
  if (ifNoneMatch !== undefined) return etag !== undefined && opaque(ifNoneMatch) === opaque(etag);
  const modified = response.getHeader('Last-Modified');
  return modified !== undefined && asked['if-modified-since'] === modified;
}
