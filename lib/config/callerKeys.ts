import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Of this process only, so that a printed config tells nothing about the keys in it. */
const SALT = randomBytes(32);

/**
 * The keys that callers may present, as they were when the config was loaded. Only hashes are kept, and they never
 * leave this object: printed, logged or serialized it is a word that differs when the keys do.
 */
export class CallerKeys {
  readonly #digests: readonly Buffer[];

  constructor(keys: Iterable<string>) {
    this.#digests = [...new Set(keys)].map(digestOf);
  }

  /**
   * The key's fingerprint (12 hexadecimal digits of its SHA-256) if it is one of these; null otherwise. Takes as long
   * for a key that is nearly right as for any other.
   */
  match(key: string): string | null {
    const given = digestOf(key);
    let found = false;
    for (const digest of this.#digests) found = timingSafeEqual(digest, given) || found;
    return found ? given.toString('hex').slice(0, 12) : null;
  }

  toJSON(): string {
    const hash = createHmac('sha256', SALT);
    for (const digest of this.#digests) hash.update(digest);
    return `[redacted ${hash.digest('hex').slice(0, 16)}]`;
  }
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** The keys in the value of a variable: separated by commas. */
export function keysInVariable(value: string): string[] {
  return presentIn(value.split(','));
}

/** The keys in a file: one per line; empty lines and lines that begin with `#` are none. */
export function keysInFile(text: string): string[] {
  return presentIn(text.replace(/^\uFEFF/, '').split(/\r?\n/)).filter((line) => !line.startsWith('#'));
}

function presentIn(parts: readonly string[]): string[] {
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}
