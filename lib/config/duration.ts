import type { Milliseconds } from './config.js';

const UNITS: ReadonlyMap<string, Milliseconds> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

const PART = /(\d+(?:\.\d+)?)(ms|s|m|h)/gy;

/** What a duration looks like in the file, for the JSON Schema. */
export const DURATION_PATTERN = '^(\\d+(\\.\\d+)?(ms|s|m|h))+$';

/** `500ms`, `30s`, `5m`, `1h`, `1h30m` → milliseconds, rounded; null if the text is no duration. */
export function parseDuration(text: string): Milliseconds | null {
  let milliseconds = 0;
  let end = 0;
  for (const [part, amount, unit] of text.matchAll(PART)) {
    milliseconds += Number(amount) * (UNITS.get(unit ?? '') ?? Number.NaN);
    end += part.length;
  }
  return end > 0 && end === text.length && Number.isFinite(milliseconds) ? Math.round(milliseconds) : null;
}

/** The shortest way to write a duration in one unit: 90,000 → `90s`. */
export function formatDuration(milliseconds: Milliseconds): string {
  for (const [unit, length] of [...UNITS].reverse()) {
    if (milliseconds >= length && milliseconds % length === 0) return `${milliseconds / length}${unit}`;
  }
  return `${milliseconds}ms`;
}
