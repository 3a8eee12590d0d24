import { messageOf } from '../errors.js';
import { type Logger, silentLogger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';

/** One open stream that hears list changes, of either era. */
export interface ListenerStream {
  /** Of the client, as the socket sees it. */
  readonly address: string;
  /** Tells the client that the tool list has changed. */
  notify(): void;
  /**
   * `graceful` tells the client that the stream is over for good; `abrupt` only cuts it, so that the client may come
   * back when it likes.
   */
  end(manner: 'graceful' | 'abrupt'): void;
}

/** How many streams are notified before other work gets its turn. */
const NOTIFY_BATCH = 64;

/** Every open stream of every endpoint. Streams outlive tables and pin none. */
export class Listeners {
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  readonly #byEndpoint = new Map<string, Set<ListenerStream>>();
  readonly #byAddress = new Map<string, number>();
  /** Null before the first table. */
  #served: ReadonlySet<string> | null = null;
  /** Endpoint → the table from which on its callers had to show anew who they are. */
  readonly #changedIn = new Map<string, number>();
  #closed = false;

  constructor(deps: { readonly metrics: Metrics; readonly logger?: Logger }) {
    this.#metrics = deps.metrics;
    this.#logger = deps.logger ?? silentLogger;
  }

  /** @param limit Open streams per address; 0 = no limit. */
  admits(address: string, limit: number): boolean {
    return !this.#closed && (limit === 0 || (this.#byAddress.get(address) ?? 0) < limit);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * True for a stream that was asked for under a table that has been replaced, and would have been cut with it. Streams
   * are admitted in several turns of the event loop, and a swap may fall between.
   * @param generation Of the table that it was asked for under.
   */
  outdated(endpoint: string, generation: number): boolean {
    return this.#served?.has(endpoint) === false || generation < (this.#changedIn.get(endpoint) ?? 0);
  }

  /** @returns The call that takes the stream out again. Idempotent. */
  add(endpoint: string, stream: ListenerStream): () => void {
    const streams = this.#byEndpoint.get(endpoint) ?? new Set();
    this.#byEndpoint.set(endpoint, streams);
    streams.add(stream);
    this.#byAddress.set(stream.address, (this.#byAddress.get(stream.address) ?? 0) + 1);
    this.#metrics.listeners.set({ endpoint }, streams.size);
    return () => {
      if (!streams.delete(stream)) return;
      const left = (this.#byAddress.get(stream.address) ?? 1) - 1;
      if (left === 0) this.#byAddress.delete(stream.address);
      else this.#byAddress.set(stream.address, left);
      if (this.#byEndpoint.get(endpoint) === streams) this.#metrics.listeners.set({ endpoint }, streams.size);
    };
  }

  /** Tells every stream of these endpoints that its list has changed. Thousands of streams do not stall the process. */
  notify(endpoints: Iterable<string>): void {
    for (const endpoint of endpoints) {
      const streams = this.#byEndpoint.get(endpoint);
      if (streams !== undefined) this.#notifyFrom([...streams], 0, streams);
    }
  }

  /** Cuts the streams of endpoints that are no longer served. */
  retain(endpoints: ReadonlySet<string>): void {
    this.#served = endpoints;
    for (const endpoint of this.#changedIn.keys()) {
      if (!endpoints.has(endpoint)) this.#changedIn.delete(endpoint);
    }
    for (const [endpoint, streams] of this.#byEndpoint) {
      if (endpoints.has(endpoint)) continue;
      this.#byEndpoint.delete(endpoint);
      this.#metrics.listeners.remove({ endpoint });
      for (const stream of [...streams]) this.#end(stream, 'abrupt');
    }
  }

  /**
   * Cuts the streams of endpoints whose callers have to show anew who they are.
   * @param generation Of the table that brought this.
   */
  cut(endpoints: Iterable<string>, generation: number): void {
    for (const endpoint of endpoints) {
      this.#changedIn.set(endpoint, generation);
      for (const stream of [...(this.#byEndpoint.get(endpoint) ?? [])]) this.#end(stream, 'abrupt');
    }
  }

  /** Open streams of one endpoint. */
  count(endpoint: string): number {
    return this.#byEndpoint.get(endpoint)?.size ?? 0;
  }

  /** Ends every stream for good and admits no more. For the end of the process, never for a reload. */
  close(): void {
    this.#closed = true;
    for (const streams of this.#byEndpoint.values()) {
      for (const stream of [...streams]) this.#end(stream, 'graceful');
    }
  }

  #notifyFrom(streams: readonly ListenerStream[], start: number, open: ReadonlySet<ListenerStream>): void {
    const end = Math.min(start + NOTIFY_BATCH, streams.length);
    for (const stream of streams.slice(start, end)) {
      if (!open.has(stream)) continue;
      try {
        stream.notify();
      } catch (error) {
        this.#logger.debug({ error: messageOf(error) }, 'a listener could not be notified');
        this.#end(stream, 'abrupt');
      }
    }
    if (end < streams.length) setImmediate(() => this.#notifyFrom(streams, end, open));
  }

  #end(stream: ListenerStream, manner: 'graceful' | 'abrupt'): void {
    try {
      stream.end(manner);
    } catch (error) {
      this.#logger.debug({ error: messageOf(error) }, 'a listener could not be ended');
    }
  }
}
