import type { ServerResponse } from 'node:http';
import { EVENT_STREAM_HEADERS, isOpen, KEEP_ALIVE_COMMENT, messageEvent, sendJson } from './wire.js';

/** The answer to one request that may take long. */
export interface Answer {
  /**
   * Sends the JSON-RPC message that answers (an array for a batch): as the body, or as the last events once the
   * answer is a stream.
   */
  message(json: string): void;
  /** True once the headers of an event stream are out. */
  readonly streaming: boolean;
  /** Stops the timers; for an answer that something else sends. Idempotent. */
  cancel(): void;
}

export interface AnswerOptions {
  /** Milliseconds. */
  readonly longCallAfter: number;
  /** Milliseconds. */
  readonly keepAlive: number;
  /** Whether the client reads event streams. */
  readonly streamable: boolean;
}

/**
 * Answers with one JSON body, unless that takes longer than `longCallAfter`: then with an event stream whose comments
 * keep load balancers from cutting the connection. MCP 2025-11-25 and 2026-07-28 (Streamable HTTP) allow either.
 */
export function openAnswer(res: ServerResponse, options: AnswerOptions): Answer {
  let streaming = false;
  let comments: NodeJS.Timeout | null = null;
  let wait: NodeJS.Timeout | null = null;

  function becomeStream(): void {
    if (!isOpen(res) || res.headersSent) return;
    streaming = true;
    res.writeHead(200, EVENT_STREAM_HEADERS);
    res.write(KEEP_ALIVE_COMMENT);
    comments = setInterval(() => {
      if (isOpen(res)) res.write(KEEP_ALIVE_COMMENT);
      else cancel();
    }, options.keepAlive);
    comments.unref();
  }

  function cancel(): void {
    if (wait !== null) clearTimeout(wait);
    if (comments !== null) clearInterval(comments);
  }

  if (options.streamable) {
    wait = setTimeout(becomeStream, options.longCallAfter);
    wait.unref();
  }
  return {
    message(json) {
      cancel();
      if (!isOpen(res)) return;
      if (!streaming) {
        sendJson(res, 200, json);
        return;
      }
      for (const message of messagesOf(json)) res.write(messageEvent(message));
      res.end();
    },
    get streaming() {
      return streaming;
    },
    cancel,
  };
}

/** An event carries one message, a batch none. */
function messagesOf(json: string): string[] {
  if (json === '') return [];
  if (!json.startsWith('[')) return [json];
  const batch: unknown[] = JSON.parse(json);
  return batch.map((message) => JSON.stringify(message));
}
