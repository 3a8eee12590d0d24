import type { Bytes } from '../config/config.js';
import type { Json } from '../json.js';

/** Deeper values have no honest use, and recursion over them could exhaust the stack. */
const MAX_DEPTH = 64;
/** Validation time grows with the number of values; a body of the usual limit holds fewer unless it is made to. */
const MAX_NODES = 250_000;

/** How much there is in a value. */
export interface ArgumentSize {
  /** Values and keys, scalars included. */
  readonly nodes: number;
  /** What is wrong, as a sentence for the agent; null = within bounds. */
  readonly problem: string | null;
}

interface Pending {
  readonly value: Json;
  readonly depth: number;
  /** The argument it is in. */
  readonly argument: string;
}

/**
 * Measures arguments without recursion and stops at the first bound that is passed.
 * @param limit Of the text in all keys and strings, in UTF-16 code units, which is close enough to bytes.
 */
export function measureArguments(args: Json, limit: Bytes): ArgumentSize {
  let nodes = 0;
  let size = 0;
  // One argument is measured after the other, so its part is what was added since it began.
  let current = { argument: 'arguments', from: 0 };
  let largest = { argument: 'arguments', part: 0 };
  const pending: Pending[] = [{ value: args, depth: 0, argument: 'arguments' }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, depth, argument } = next;
    if (depth === 1) current = { argument, from: size };
    nodes += 1;
    size += typeof value === 'string' ? value.length + 2 : 4;
    if (typeof value === 'object' && value !== null) {
      if (depth >= MAX_DEPTH) {
        return { nodes, problem: `${argument}: must not be nested more than ${MAX_DEPTH} levels deep` };
      }
      const keys = Array.isArray(value) ? [] : Object.keys(value);
      const items: readonly Json[] = Array.isArray(value) ? value : Object.values(value);
      if (nodes + pending.length + items.length > MAX_NODES) {
        return {
          nodes: MAX_NODES,
          problem: `${argument}: must not hold more than ${MAX_NODES} values${TOGETHER}`,
        };
      }
      for (const key of keys) size += key.length;
      items.forEach((item, index) => {
        pending.push({
          value: item,
          depth: depth + 1,
          argument: depth === 0 ? (keys[index] ?? argument) : argument,
        });
      });
    }
    const part = size - current.from;
    if (part > largest.part && depth > 0) largest = { argument: current.argument, part };
    if (size > limit) {
      return { nodes, problem: `${largest.argument}: must not exceed ${describeBytes(limit)}${TOGETHER}` };
    }
  }
  return { nodes, problem: null };
}

/** The bounds are for all arguments; the one that is named has the most, or went past. */
const TOGETHER = ', together with the other arguments';

function describeBytes(bytes: Bytes): string {
  return bytes >= 1024 * 1024 ? `${Math.floor(bytes / 1024 / 1024)} MB` : `${Math.floor(bytes / 1024)} KB`;
}
