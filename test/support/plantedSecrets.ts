import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';

/** Text that a secret must not be in, and where it was shown. */
export interface Shown {
  readonly place: string;
  readonly text: string;
}

/** Secrets that nobody else has, and everything that was shown to somebody. */
export class PlantedSecrets {
  readonly #secrets = new Map<string, string>();
  readonly #shown: Shown[] = [];

  /** The secret of this name; made up on first use. */
  of(name: string): string {
    const secret = this.#secrets.get(name) ?? `planted-${name}-${randomBytes(12).toString('hex')}`;
    this.#secrets.set(name, secret);
    return secret;
  }

  /** Keeps what a place shows: a text as it is, anything else down to its hidden properties and causes. */
  show(place: string, value: unknown): void {
    const text =
      typeof value === 'string'
        ? value
        : inspect(value, { depth: 12, showHidden: true, maxStringLength: null, maxArrayLength: null });
    this.#shown.push({ place, text });
  }

  /** `secret at place`, for every secret that is anywhere, in whatever notation. */
  leaks(): string[] {
    const leaks = new Set<string>();
    for (const [name, secret] of this.#secrets) {
      for (const { place, text } of this.#shown) {
        if (notationsOf(secret).some((notation) => text.includes(notation))) leaks.add(`${name} at ${place}`);
      }
    }
    return [...leaks];
  }

  /** How many texts were looked at. */
  get places(): number {
    return this.#shown.length;
  }
}

/** As it is, and what Base64 makes of its middle at each of the three offsets it can have. */
function notationsOf(secret: string): string[] {
  const core = [0, 1, 2].map((offset) =>
    Buffer.from(secret.slice(offset), 'utf8').toString('base64').slice(0, 24),
  );
  return [secret, ...core];
}
