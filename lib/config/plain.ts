import { type ConfigPath, formatPath } from './path.js';
import { type Problem, problemAt } from './problem.js';

const MAX_DEPTH = 100;
const UNSAFE_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * A copy of a config object that a program gave, with nothing in it that a file could not hold: no functions,
 * no class instances, no circles. Keys whose value is undefined are left out.
 */
export function plainCopy(input: object): { readonly value: unknown; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];

  function copy(value: unknown, path: ConfigPath): unknown {
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
    if (typeof value === 'number') return value;
    if (path.length > MAX_DEPTH) return refuse([path[0] ?? ''], `is nested deeper than ${MAX_DEPTH} levels`);
    if (Array.isArray(value)) return Array.from(value, (item, index) => copy(item, [...path, index]));
    if (typeof value !== 'object' || !isPlain(value)) {
      return refuse(
        path,
        `must be plain data, got ${typeof value === 'object' ? 'a class instance' : typeof value}`,
      );
    }
    const entries: [string, unknown][] = [];
    for (const [key, item] of Object.entries(value)) {
      if (UNSAFE_KEYS.has(key)) refuse(path, `has the key "${key}", which is not allowed`);
      else if (item !== undefined) entries.push([key, copy(item, [...path, key])]);
    }
    return Object.fromEntries(entries);
  }

  function refuse(path: ConfigPath, text: string): null {
    if (!problems.some((problem) => formatPath(problem.path) === formatPath(path))) {
      problems.push(problemAt(path, text));
    }
    return null;
  }

  return { value: copy(input, []), problems };
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}
