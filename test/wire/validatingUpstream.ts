import type { Express } from 'express';
import type { OnToolCall } from '../../lib/call/hooks.js';
import { HttpServer } from '../support/httpServer.js';
import { RequestValidator } from './requestValidator.js';
import type { ValidatedOperation } from './validatorDocument.js';

/**
 * An upstream for many documents at once: every request is checked against the operation that the proxy says it
 * is for. Valid ones get 200.
 */
export class ValidatingUpstream implements AsyncDisposable {
  readonly #server: HttpServer;
  readonly #validator: RequestValidator;

  private constructor(server: HttpServer, validator: RequestValidator) {
    this.#server = server;
    this.#validator = validator;
  }

  static async start(): Promise<ValidatingUpstream> {
    const validator = new RequestValidator();
    const server = await HttpServer.start((request, response) => {
      const base = `/${request.headers['x-upstream']}`;
      const label = decodeURIComponent(String(request.headers['x-operation']));
      validator.handle(base, label, ...([request, response] as unknown as Parameters<Express>));
    });
    return new ValidatingUpstream(server, validator);
  }

  /** Of all servers: their bases follow. */
  get url(): string {
    return this.#server.url;
  }

  add(operations: readonly ValidatedOperation[]): void {
    for (const operation of operations) this.#validator.add(operation);
  }

  /** Tells this upstream which operation a request is meant for. */
  readonly label: OnToolCall = ({ upstream, operation }) => ({
    headers: { 'x-upstream': upstream, 'x-operation': encodeURIComponent(operation) },
  });

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}
