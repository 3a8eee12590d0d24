/** What a share looks like in the file, for the JSON Schema. */
export const SHARE_PATTERN = '^(100(\\.0+)?|\\d{1,2}(\\.\\d+)?)%$';

/** `50%`, or a number from 0 to 1 → a number from 0 to 1; null if it is neither. */
export function parseShare(value: unknown): number | null {
  const share = typeof value === 'string' ? shareOfText(value) : value;
  return typeof share === 'number' && share >= 0 && share <= 1 ? share : null;
}

function shareOfText(text: string): number | null {
  const match = /^(\d{1,3}(?:\.\d+)?)(%?)$/.exec(text);
  if (match === null) return null;
  return Number(match[1]) / (match[2] === '%' ? 100 : 1);
}
