import { writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

/** Of lines that wait for their reader; more than any burst that a reader at work is slower than. */
const MOST_WAITING = 4_000_000;
/** How often the reader is asked whether it has room again, milliseconds. */
const RETRY = 20;
/** How long an exit waits for the reader, milliseconds. */
const PATIENCE_AT_EXIT = 1_000;

const NOTHING = Buffer.alloc(0);

/**
 * Standard output or error, for lines. A reader that has stalled costs lines, never the service: what it has no room
 * for waits, and is dropped beyond a limit. Everything else is written at once, so that an exit loses nothing.
 */
export class LogOutput implements DestinationStream {
  readonly #fd: number;
  readonly #onGap: (lines: number) => void;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onGap Told when there is room again, where lines had to be dropped: how many. May write. */
  constructor(fd: 1 | 2, onGap: (lines: number) => void) {
    // Node makes pipes and sockets non-blocking with the stream: to write to a full one fails from then on.
    this.#fd = (fd === 1 ? process.stdout : process.stderr).fd;
    this.#onGap = onGap;
    process.once('exit', () => this.#finish());
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > MOST_WAITING) this.#drain();
    if (this.#waiting.length === 0) this.#tellOfGap();
    const rest = this.#waiting.length === 0 ? this.#written(bytes) : bytes;
    if (rest.length === 0) return;
    if (this.#waitingBytes + rest.length > MOST_WAITING) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(rest);
    this.#waitingBytes += rest.length;
    this.#timer ??= setInterval(() => this.#drain(), RETRY).unref();
  }

  /** @returns What there was no room for. */
  #written(bytes: Buffer): Buffer {
    try {
      return bytes.subarray(writeSync(this.#fd, bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return bytes;
      // The reader has gone, or the disk is full.
      this.#dropped += 1;
      return NOTHING;
    }
  }

  #drain(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const rest = this.#written(first);
      this.#waitingBytes -= first.length - rest.length;
      if (rest.length > 0) {
        this.#waiting[0] = rest;
        return;
      }
      this.#waiting.shift();
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#tellOfGap();
  }

  #tellOfGap(): void {
    const lines = this.#dropped;
    if (lines === 0) return;
    this.#dropped = 0;
    this.#onGap(lines);
    // The line about it counts for nothing where it was dropped itself.
    if (this.#dropped > 0) this.#dropped = lines;
  }

  #finish(): void {
    const pause = new Int32Array(new SharedArrayBuffer(4));
    const deadline = performance.now() + PATIENCE_AT_EXIT;
    for (this.#drain(); this.#waiting.length > 0 && performance.now() < deadline; this.#drain()) {
      Atomics.wait(pause, 0, 0, RETRY);
    }
  }
}
