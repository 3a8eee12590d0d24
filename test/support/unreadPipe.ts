import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { TemporaryDirectory } from './temporaryDirectory.js';

/** A pipe without any room left: whoever writes to it waits, until somebody reads. Not on Windows. */
export class UnreadPipe implements Disposable {
  readonly #directory = new TemporaryDirectory();
  readonly #reader: number;
  /** To be passed to a child. */
  readonly writer: number;
  #filling = 0;

  constructor() {
    const path = join(this.#directory.path, 'pipe');
    execFileSync('mkfifo', [path]);
    this.#reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    // Of its own, for that it is blocking is a property of an open file.
    this.writer = openSync(path, constants.O_WRONLY);
    for (const size of [4_096, 1]) {
      const piece = Buffer.alloc(size, ' ');
      while (this.#written(piece)) this.#filling += size;
    }
  }

  /** What has been written to it since it was full, as far as it is there. */
  read(): string {
    const pieces: Buffer[] = [];
    for (;;) {
      const piece = Buffer.alloc(65_536);
      const size = this.#sizeRead(piece);
      if (size === 0) return Buffer.concat(pieces).toString('utf8');
      const filling = Math.min(this.#filling, size);
      this.#filling -= filling;
      pieces.push(piece.subarray(filling, size));
    }
  }

  #written(piece: Buffer): boolean {
    return unlessWaiting(() => writeSync(this.#reader, piece)) > 0;
  }

  #sizeRead(piece: Buffer): number {
    return unlessWaiting(() => readSync(this.#reader, piece));
  }

  [Symbol.dispose](): void {
    closeSync(this.writer);
    closeSync(this.#reader);
    this.#directory[Symbol.dispose]();
  }
}

/** 0 where it would have to wait. */
function unlessWaiting(use: () => number): number {
  try {
    return use();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}
