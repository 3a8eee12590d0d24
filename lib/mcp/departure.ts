import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { hasLeft } from './wire.js';

/** Watches for a client that leaves before it was answered. */
export class Departure {
  readonly #res: ServerResponse;
  readonly #controller = new AbortController();
  readonly #onClose = (): void => {
    if (!this.#res.writableEnded) this.#controller.abort();
  };

  constructor(res: ServerResponse) {
    this.#res = res;
    if (hasLeft(res)) this.#controller.abort();
    else res.on('close', this.#onClose);
  }

  /** Aborted when the client has left. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Watches no longer. */
  stop(): void {
    this.#res.off('close', this.#onClose);
  }
}

const connections = new WeakMap<Socket, AbortController>();

/**
 * Aborted when the client has left, for those who take their listeners off again. An HTTP/1.1 connection has one
 * signal for all its requests, since its end is the end of each: a signal per request would cost more than most of
 * the rest, as Node makes every one an object of a shape of its own, which only full collections get rid of.
 */
export function departureSignal(
  { httpVersionMajor, socket }: IncomingMessage,
  res: ServerResponse,
): AbortSignal {
  if (httpVersionMajor > 1) return new Departure(res).signal;
  // Not the connection's to know: a host may have answered by itself, and the next request may come on it.
  if (hasLeft(res)) return AbortSignal.abort();
  let controller = connections.get(socket);
  if (controller === undefined) {
    const made = new AbortController();
    socket.once('close', () => made.abort());
    connections.set(socket, made);
    controller = made;
  }
  return controller.signal;
}
