import type { ServerResponse } from 'node:http';
import { cutOff, EVENT_STREAM_HEADERS, queueLength } from './wire.js';

/** TCP probes find clients that vanished without a word. */
const TCP_KEEP_ALIVE = 30_000;

export interface EventStreamOptions {
  /** Bytes that may wait for the client; past it the connection is cut. */
  readonly maxQueue: number;
  /** Called once, when the stream is over for whatever reason. */
  readonly onEnd: () => void;
}

/**
 * Sends an SDK's event stream. What the client does not read waits in the response's own queue, whose length is
 * bounded: a client that stopped reading is cut off, never buffered without end.
 */
export function sendEvents(
  body: ReadableStream<Uint8Array>,
  res: ServerResponse,
  options: EventStreamOptions,
): void {
  const reader = body.getReader();
  let over = false;

  function finish(): void {
    if (over) return;
    over = true;
    reader.cancel().catch(() => {});
    options.onEnd();
  }

  async function pump(): Promise<void> {
    for (;;) {
      const { done, value } = await reader.read();
      // A host may have ended it.
      if (over || res.writableEnded) return;
      if (done) break;
      res.write(value);
      if (queueLength(res) > options.maxQueue) {
        cutOff(res);
        return;
      }
    }
    res.end();
  }

  res.on('close', finish);
  // HTTP/2 keeps its connections itself, and lets nobody near their sockets.
  if (res.req.httpVersionMajor < 2) res.socket?.setKeepAlive(true, TCP_KEEP_ALIVE);
  res.writeHead(200, EVENT_STREAM_HEADERS);
  res.flushHeaders();
  pump().catch(() => cutOff(res));
}
