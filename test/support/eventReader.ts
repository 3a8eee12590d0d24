import type { Socket } from 'node:net';
import { openSocket, type RawRequest, rawRequest } from './rawHttp.js';
import { until } from './until.js';

/** Reads an event stream over a connection of its own, as text. */
export class EventReader {
  #text = '';
  #ended = false;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => {
      this.#text += chunk.toString();
    });
    socket.on('close', () => {
      this.#ended = true;
    });
    socket.on('error', () => {});
  }

  static async open(port: number, request: RawRequest): Promise<EventReader> {
    const reader = new EventReader(await openSocket(port));
    reader.socket.write(rawRequest(request));
    return reader;
  }

  /** Everything that has arrived, head and chunk sizes included. */
  get text(): string {
    return this.#text;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get status(): number {
    return Number(this.#text.split(' ')[1]);
  }

  /** The JSON of every event so far. */
  get events(): unknown[] {
    return [...this.#text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? ''));
  }

  async sees(text: string | RegExp, within = 5_000): Promise<void> {
    const found = () => (typeof text === 'string' ? this.#text.includes(text) : text.test(this.#text));
    await until(found, { within, what: () => `${text} in ${JSON.stringify(this.#text)}` });
  }

  async over(within = 5_000): Promise<void> {
    await until(() => this.#ended, { within, what: () => `the end after ${JSON.stringify(this.#text)}` });
  }
}
