import type { ServerResponse } from 'node:http';
import { EVENT_STREAM_HEADERS, isOpen, KEEP_ALIVE_COMMENT, messageEvent, sendJson } from './wire.js';

export interface AnswerOptions {
  /** Milliseconds. */
  readonly longCallAfter: number;
  /** Milliseconds. */
  readonly keepAlive: number;
  /** Whether the client reads event streams. */
  readonly streamable: boolean;
}

/**
 * The answer to one request that may take long: one JSON body, unless that takes longer than `longCallAfter`; then an
 * event stream whose comments keep load balancers from cutting the connection. MCP 2025-11-25 and 2026-07-28
 * (Streamable HTTP) allow either.
 */
export class Answer {
  readonly #res: ServerResponse;
  readonly #keepAlive: number;
  #wait: NodeJS.Timeout | null = null;
  #comments: NodeJS.Timeout | null = null;
  #streaming = false;

  constructor(res: ServerResponse, { longCallAfter, keepAlive, streamable }: AnswerOptions) {
    this.#res = res;
    this.#keepAlive = keepAlive;
    if (!streamable) return;
    this.#wait = setTimeout(() => this.#becomeStream(), longCallAfter);
    this.#wait.unref();
  }

  /** True once the headers of an event stream are out. */
  get streaming(): boolean {
    return this.#streaming;
  }

  /** Sends the JSON-RPC message that answers (an array for a batch): as the body, or as the last events of the stream. */
  message(json: string): void {
    this.cancel();
    const res = this.#res;
    if (!isOpen(res)) return;
    if (!this.#streaming) {
      sendJson(res, 200, json);
      return;
    }
    for (const message of messagesOf(json)) res.write(messageEvent(message));
    res.end();
  }

  /** Stops the timers; for an answer that something else sends. Idempotent. */
  cancel(): void {
    if (this.#wait !== null) clearTimeout(this.#wait);
    if (this.#comments !== null) clearInterval(this.#comments);
  }

  #becomeStream(): void {
    const res = this.#res;
    if (!isOpen(res) || res.headersSent) return;
    this.#streaming = true;
    res.writeHead(200, EVENT_STREAM_HEADERS);
    res.write(KEEP_ALIVE_COMMENT);
    this.#comments = setInterval(() => {
      if (isOpen(res)) res.write(KEEP_ALIVE_COMMENT);
      else this.cancel();
    }, this.#keepAlive);
    this.#comments.unref();
  }
}

/** An event carries one message, a batch none. */
function messagesOf(json: string): string[] {
  if (json === '') return [];
  if (!json.startsWith('[')) return [json];
  const batch: unknown[] = JSON.parse(json);
  return batch.map((message) => JSON.stringify(message));
}
