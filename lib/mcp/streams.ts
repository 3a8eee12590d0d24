import type { ServerResponse } from 'node:http';
import type { EndpointSettings } from './endpointOptions.js';
import { type Message, openLegacyStream } from './era2025.js';
import type { ModernEra } from './era2026.js';
import { sendEvents } from './eventStream.js';
import type { Exchange } from './exchange.js';
import { isEventStream, sendResponse } from './webExchange.js';
import { cutOff, isOpen, sendRpcError } from './wire.js';

/** Opens the streams that hear list changes. Once open they know nothing of the table they began under. */
export interface Streams {
  /** A standalone `GET` of the 2025 era. */
  open(exchange: Exchange): Promise<void>;
  /** `subscriptions/listen` of the 2026 era. */
  listen(exchange: Exchange, message: Message): Promise<void>;
}

/** An SDK's stream of either era. */
interface SdkStream {
  readonly response: Response;
  notify(): void;
  /** Ends it for good. */
  end(): void;
}

export function createStreams(settings: EndpointSettings, modern: ModernEra): Streams {
  const { listeners, maxStreamQueue } = settings;

  /** Says why not, when not. */
  function admit({ req, res, table }: Exchange): boolean {
    if (listeners.admits(addressOf(req.socket), table.config.server.max_streams_per_address)) return true;
    if (listeners.closed) {
      sendRpcError(res, 503, -32_000, 'The server is shutting down', { 'retry-after': '1' });
    } else {
      const headers = { 'retry-after': '30' };
      sendRpcError(res, 429, -32_000, 'Too many open streams from this address', headers);
    }
    return false;
  }

  async function attach(exchange: Exchange, stream: SdkStream): Promise<void> {
    const { res, req, group, table } = exchange;
    const { response } = stream;
    if (!isEventStream(response) || response.body === null) {
      await sendResponse(res, response);
      stream.end();
      return;
    }
    // The text of a stream that nobody reads would never end.
    if (!isOpen(res)) {
      stream.end();
      return;
    }
    if (listeners.outdated(group.endpoint, table.generation)) {
      stream.end();
      sendRpcError(res, 503, -32_000, 'The endpoint has changed meanwhile', { 'retry-after': '1' });
      return;
    }
    exchange.settle();
    register(group.endpoint, addressOf(req.socket), res, stream, response.body);
  }

  // On its own, so that what lives as long as the stream keeps no exchange, and by it no table, alive.
  function register(
    endpoint: string,
    address: string,
    res: ServerResponse,
    stream: SdkStream,
    body: ReadableStream<Uint8Array>,
  ): void {
    const remove = listeners.add(endpoint, {
      address,
      notify: () => stream.notify(),
      end(manner) {
        if (manner === 'graceful') stream.end();
        else cutOff(res);
      },
    });
    sendEvents(body, res, {
      maxQueue: maxStreamQueue,
      onEnd() {
        remove();
        stream.end();
      },
    });
  }

  return {
    async open(exchange) {
      if (admit(exchange)) await attach(exchange, await openLegacyStream(settings, exchange));
    },
    async listen(exchange, message) {
      if (admit(exchange)) await attach(exchange, await modern.listen(exchange, message));
    },
  };
}

function addressOf(socket: { readonly remoteAddress?: string | undefined }): string {
  return socket.remoteAddress ?? 'unknown';
}
