import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DocumentSize, documentText, ITEM_ARGUMENTS } from './documents.js';
import { HEADERS, message } from './message.js';

const NAMES = ['getItem', 'getItemAgain'] as const;
/** Milliseconds that a change may take at most. */
const LIMIT = 60_000;

/** A document whose operation changes its name with every version, so that a call tells which version serves. */
export class ChangingDocument {
  readonly path: string;
  readonly #texts: readonly Buffer[];
  #version = 0;

  constructor(folder: string, size: DocumentSize) {
    this.path = join(folder, `changing-${size}.json`);
    this.#texts = NAMES.map((name) => Buffer.from(documentText(size, name)));
    this.#write();
  }

  /**
   * Puts the next version in place, as one rename, and calls its tool until that is answered.
   * @returns Milliseconds from the rename to the answer.
   */
  async change(url: string): Promise<number> {
    this.#version = (this.#version + 1) % NAMES.length;
    const body = message('tools/call', { name: NAMES[this.#version], arguments: ITEM_ARGUMENTS });
    const start = this.#write();
    while (performance.now() - start < LIMIT) {
      const response = await fetch(url, { method: 'POST', headers: HEADERS, body });
      const text = await response.text();
      if (text.startsWith('{"result"')) return performance.now() - start;
      await sleep(2);
    }
    throw new Error(`the change was not answered within ${LIMIT / 1_000} s`);
  }

  /** @returns When it was in place. */
  #write(): number {
    writeFileSync(`${this.path}.next`, this.#texts[this.#version] ?? '');
    renameSync(`${this.path}.next`, this.path);
    return performance.now();
  }
}
