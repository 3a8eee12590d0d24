import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { UsageError } from './usageError.js';

/** Milliseconds, from `server.*` of the config. */
export interface ListenerTimeouts {
  /** The whole request, head and body, must have arrived by then; 0 = no limit. */
  readonly read: number;
  /** An answer of which the client takes no byte for this long is cut off; 0 = no limit. */
  readonly write: number;
}

/** Above the 60 s after which load balancers commonly drop an idle connection, so that they close first. */
const KEEP_ALIVE = 75_000;

/** An HTTP listener with bounds on slow clients, which can drain. */
export class Listener {
  readonly #server: Server;
  /** Every connection, with its latest answer: answers of one connection end in order. */
  readonly #open = new Map<Socket, ServerResponse | null>();
  #draining = false;

  constructor(listener: RequestListener, timeouts: ListenerTimeouts) {
    this.#server = createServer(
      {
        requestTimeout: timeouts.read,
        headersTimeout: timeouts.read,
        keepAliveTimeout: KEEP_ALIVE,
        connectionsCheckingInterval: Math.min(5_000, Math.max(100, (timeouts.read || 60_000) / 4)),
      },
      (request, response) => {
        this.#open.set(request.socket, response);
        if (this.#draining) response.setHeader('Connection', 'close');
        listener(request, response);
      },
    );
    this.#server.on('connection', (socket: Socket) => {
      this.#open.set(socket, null);
      socket.once('close', () => this.#open.delete(socket));
    });
    this.#server.timeout = timeouts.write;
    // Silence alone is no fault: a stream may have nothing to say, a call may wait for its upstream. A client
    // that leaves bytes unread is one, and so is a connection without a request past keep-alive.
    this.#server.on('timeout', (socket: Socket) => {
      if (socket.writableLength > 0 || !isAnswering(this.#open.get(socket))) socket.destroy();
    });
  }

  /**
   * Port 0 takes a free one. Resolves to the URL that reaches this listener from the same machine.
   * @param setting What chooses the port, for the error of one that is taken.
   * @throws UsageError
   */
  listen(host: string, port: number, setting: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        reject(new UsageError(`cannot listen on ${host}:${port}: ${listenProblem(error, setting)}`));
      });
      this.#server.listen({ host, port }, () => {
        const address = this.#server.address() as AddressInfo;
        resolve(`http://${reachableHost(address.address)}:${address.port}`);
      });
    });
  }

  /** From now on every answer ends its connection, so that clients move elsewhere. */
  announceEnd(): void {
    this.#draining = true;
  }

  /** Stops accepting; resolves when the last answer is sent. */
  drain(): Promise<void> {
    this.announceEnd();
    // An answer begun before keeps its connection alive; it counts as idle only once it is done.
    const sweep = setInterval(() => this.#closeIdle(), 50);
    return new Promise((resolve) => {
      this.#server.close(() => {
        clearInterval(sweep);
        resolve();
      });
    });
  }

  #closeIdle(): void {
    this.#server.closeIdleConnections();
    // Node counts a connection that never asked for anything, as pools keep in reserve, as a busy one.
    for (const socket of this.#open.keys()) if (socket.bytesRead === 0) socket.destroy();
  }

  /** Stops accepting and cuts off whatever is still open. */
  destroy(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function isAnswering(latest: ServerResponse | null | undefined): boolean {
  return latest != null && !latest.writableFinished && !latest.destroyed;
}

function reachableHost(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  if (address === '::') return '[::1]';
  return address.includes(':') ? `[${address}]` : address;
}

function listenProblem(error: NodeJS.ErrnoException, setting: string): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `the port is in use; choose another with ${setting}`;
    case 'EACCES':
      return `this user may not use the port; choose another with ${setting}`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'this machine has no such address';
    default:
      return error.code ?? error.message;
  }
}
