import type { OnToolCall } from '../../lib/call/hooks.js';
import { HttpServer } from '../support/httpServer.js';
import type { RequestValidator } from './requestValidator.js';

/**
 * An upstream for many documents at once: every request is checked against the operation that the proxy says it
 * is for. Valid ones get 200.
 */
export class ValidatingUpstream implements AsyncDisposable {
  readonly #server: HttpServer;
  readonly #validators: Map<string, RequestValidator>;

  private constructor(server: HttpServer, validators: Map<string, RequestValidator>) {
    this.#server = server;
    this.#validators = validators;
  }

  static async start(): Promise<ValidatingUpstream> {
    const validators = new Map<string, RequestValidator>();
    const server = await HttpServer.start((request, response) => {
      const upstream = String(request.headers['x-upstream']);
      const prefix = `/${upstream}`;
      const validator = validators.get(upstream);
      if (validator === undefined || !request.url?.startsWith(`${prefix}/`)) {
        response.writeHead(404).end(`no upstream ${upstream} at ${request.url}`);
        return;
      }
      request.url = request.url.slice(prefix.length);
      validator.handle(
        decodeURIComponent(String(request.headers['x-operation'])),
        request as never,
        response as never,
      );
    });
    return new ValidatingUpstream(server, validators);
  }

  /** For `base_url`. */
  urlOf(upstream: string): string {
    return `${this.#server.url}/${upstream}`;
  }

  add(upstream: string, validator: RequestValidator): void {
    this.#validators.set(upstream, validator);
  }

  /** Tells this upstream which operation a request is meant for. */
  readonly label: OnToolCall = ({ upstream, operation }) => ({
    headers: { 'x-upstream': upstream, 'x-operation': encodeURIComponent(operation) },
  });

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}
