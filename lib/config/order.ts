import { isJsonObject } from '../json.js';
import { type ConfigPath, formatPath } from './path.js';
import type { Problem } from './problem.js';

/** Problems in the order in which their places stand in the file, each line once. */
export function inFileOrder(problems: readonly Problem[], raw: unknown): Problem[] {
  const positions = positionsOf(raw);
  const kept = new Map<string, { readonly problem: Problem; readonly position: number }>();
  for (const problem of problems) {
    const place = formatPath(problem.path);
    // The first to complain of a place knows best: what could not be expanded cannot be right either.
    if (!kept.has(place)) kept.set(place, { problem, position: positionOf(problem.path, positions) });
  }
  return [...kept.values()].sort((a, b) => a.position - b.position).map(({ problem }) => problem);
}

/** Every place of the file, numbered from top to bottom. */
function positionsOf(raw: unknown): ReadonlyMap<string, number> {
  const positions = new Map<string, number>();
  const visit = (value: unknown, path: ConfigPath): void => {
    positions.set(formatPath(path), positions.size);
    if (Array.isArray(value)) for (const [index, item] of value.entries()) visit(item, [...path, index]);
    else if (isJsonObject(value))
      for (const [key, item] of Object.entries(value)) visit(item, [...path, key]);
  };
  visit(raw, []);
  return positions;
}

/** What is missing stands where the mapping that misses it begins. */
function positionOf(path: ConfigPath, positions: ReadonlyMap<string, number>): number {
  for (let length = path.length; length > 0; length -= 1) {
    const position = positions.get(formatPath(path.slice(0, length)));
    if (position !== undefined) return position;
  }
  return 0;
}
