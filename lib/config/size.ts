import type { Bytes } from './config.js';

const UNITS: ReadonlyMap<string, Bytes> = new Map([
  ['b', 1],
  ['kb', 1_024],
  ['mb', 1_024 ** 2],
  ['gb', 1_024 ** 3],
]);

/** What a size looks like in the file, for the JSON Schema. */
export const SIZE_PATTERN = '^\\d+(\\.\\d+)?([kKmMgG]i?)?[bB]$';

/** `512KB`, `4MB`, `1.5GB` → bytes, rounded down (1 KB = 1 KiB = 1,024 bytes); null if the text is no size. */
export function parseSize(text: string): Bytes | null {
  const match = /^(\d+(?:\.\d+)?)([kmg]i?)?b$/i.exec(text);
  if (match === null) return null;
  const unit = UNITS.get((match[2] ?? '').toLowerCase().replace('i', '') + 'b') ?? Number.NaN;
  const bytes = Math.floor(Number(match[1]) * unit);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** The shortest way to write a size in one unit: 4,194,304 → `4MB`. */
export function formatSize(bytes: Bytes): string {
  for (const [unit, length] of [...UNITS].reverse()) {
    if (bytes >= length && bytes % length === 0) return `${bytes / length}${unit.toUpperCase()}`;
  }
  return `${bytes}B`;
}
