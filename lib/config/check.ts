import type joi from 'joi';
import { isJsonObject } from '../json.js';
import type { Draft, Loose } from './draft.js';
import { type ConfigPath, formatPath, valueAt } from './path.js';
import { type Problem, printValue, problemAt } from './problem.js';
import { configSchema, group, VALIDATION } from './schema.js';
import { suggestionFor } from './suggestion.js';
import { upstream } from './upstreamSchema.js';

export interface Checked {
  /** What the schema accepts; what it refuses is left out, so that the rules between keys can still be checked. */
  readonly draft: Loose<Draft>;
  readonly problems: readonly Problem[];
}

/** Checks every key by itself and fills in defaults. */
export function check(value: unknown, origins: ReadonlyMap<string, readonly string[]>): Checked {
  const result = configSchema.validate(value, VALIDATION);
  const draft: unknown = result.value;
  const problems = new Map<string, Problem>();
  const programs = new Set<number>();
  const refused = result.error?.details ?? [];
  for (const detail of refused) {
    const path = pathOf(detail);
    // A value can break several checks of one rule; the rule is said once.
    const place = formatPath(path);
    if (!problems.has(place)) problems.set(place, problemAt(path, textOf(detail, path, origins)));
    remove(draft, detail.path);
    if (path[0] === 'upstreams' && path[2] === 'type' && typeof path[1] === 'number') programs.add(path[1]);
  }
  if (refused.length > 0) {
    convertItems(draft);
    // A default in place of what was refused would be taken for the operator's word.
    for (const { path } of refused) remove(draft, path);
  }
  return {
    draft: (isJsonObject(draft) ? draft : {}) as Loose<Draft>,
    // Of an upstream that is a program every other key is wrong too, and none is worth a line.
    problems: [...problems.values()].filter(
      ({ path }) => !(path[0] === 'upstreams' && programs.has(Number(path[1])) && path[2] !== 'type'),
    ),
  };
}

/** The index of an item that stands alone in place of a list of one is not in the file. */
function pathOf(detail: joi.ValidationErrorItem): ConfigPath {
  const steps: readonly unknown[] = detail.path;
  return steps.filter((step) => typeof step === 'string' || typeof step === 'number');
}

function textOf(
  detail: joi.ValidationErrorItem,
  path: ConfigPath,
  origins: ReadonlyMap<string, readonly string[]>,
): string {
  switch (detail.type) {
    case 'any.required':
      return 'is required';
    case 'array.sparse':
      return 'is empty';
    case 'object.unknown': {
      const suggestion = suggestionFor(String(path.at(-1)), detail.message.split(' '));
      return 'is not a known key' + (suggestion === null ? '' : `, did you mean "${suggestion}"?`);
    }
    default:
      return `${detail.message}, got ${printValue(detail.context?.value, path, origins)}`;
  }
}

/** joi leaves list items in which anything was refused as they were written: converts what is left of them. */
function convertItems(draft: unknown): void {
  for (const [key, schema] of [
    ['upstreams', upstream],
    ['groups', group],
  ] as const) {
    const items = valueAt(draft, [key]);
    if (!Array.isArray(items)) continue;
    for (const [index, item] of items.entries()) {
      if (item !== undefined) items[index] = schema.validate(item, VALIDATION).value;
    }
  }
}

/** Takes a refused value out. List items keep their place, so that the paths of the others stay true. */
function remove(root: unknown, path: readonly unknown[]): void {
  const parent = valueAt(root, path.slice(0, -1));
  const last = path.at(-1);
  if (Array.isArray(parent)) parent[Number(last)] = undefined;
  else if (isJsonObject(parent)) Reflect.deleteProperty(parent, String(last));
}
