import type { Bytes } from '../config/config.js';
import type { Json } from '../json.js';

/** Deeper values have no honest use, and recursion over them could exhaust the stack. */
const MAX_DEPTH = 64;
/** Validation time grows with the number of values; a body of the usual limit holds fewer unless it is made to. */
const MAX_NODES = 250_000;

const TOO_DEEP = 'arguments: must not be nested more than ';

/** How much there is in a value. */
export interface ArgumentSize {
  /** Values and keys, scalars included. */
  readonly nodes: number;
  /** What is wrong, as a sentence for the agent; null = within bounds. */
  readonly problem: string | null;
}

/**
 * Measures arguments without recursion and stops at the first bound that is passed.
 * @param limit Of the text in all keys and strings, in UTF-16 code units, which is close enough to bytes.
 */
export function measureArguments(args: Json, limit: Bytes): ArgumentSize {
  let nodes = 0;
  let size = 0;
  const pending: { readonly value: Json; readonly depth: number }[] = [{ value: args, depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, depth } = next;
    nodes += 1;
    size += typeof value === 'string' ? value.length + 2 : 4;
    if (typeof value === 'object' && value !== null) {
      if (depth >= MAX_DEPTH) return { nodes, problem: `${TOO_DEEP}${MAX_DEPTH} levels deep` };
      const keys = Array.isArray(value) ? [] : Object.keys(value);
      const items: readonly Json[] = Array.isArray(value) ? value : Object.values(value);
      if (nodes + pending.length + items.length > MAX_NODES) {
        return { nodes: MAX_NODES, problem: `arguments: must not hold more than ${MAX_NODES} values` };
      }
      for (const key of keys) size += key.length;
      for (const item of items) pending.push({ value: item, depth: depth + 1 });
    }
    if (size > limit) {
      return { nodes, problem: `arguments: must not exceed ${describeBytes(limit)} in all` };
    }
  }
  return { nodes, problem: null };
}

function describeBytes(bytes: Bytes): string {
  return bytes >= 1024 * 1024 ? `${Math.floor(bytes / 1024 / 1024)} MB` : `${Math.floor(bytes / 1024)} KB`;
}
