import type { Json, JsonObject } from '../json.js';

/** A converted schema. Fragments are shared between tools and never changed. */
export interface Fragment {
  readonly schema: JsonObject;
  /** Names of `$defs` that `schema` itself refers to, not what these refer to in turn. */
  readonly definitions: ReadonlySet<string>;
  /** Properties of the document's schema that are left out on purpose (`readOnly` in input, `writeOnly` in output). */
  readonly omitted: ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();

/** Accepts every value. */
export const ANYTHING: Fragment = { schema: {}, definitions: NONE, omitted: NONE };

export function fragment(
  schema: JsonObject,
  definitions: ReadonlySet<string> = NONE,
  omitted: ReadonlySet<string> = NONE,
): Fragment {
  return { schema, definitions, omitted };
}

/** The union; an existing set where it already is one. */
export function union(...sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  const filled = sets.filter((set) => set.size > 0);
  const [first = NONE, ...rest] = filled;
  return rest.every((set) => set === first) ? first : new Set(filled.flatMap((set) => [...set]));
}

/** Everything the fragments refer to, directly or through other definitions, by name in code unit order. */
export function closure(
  names: ReadonlySet<string>,
  definition: (name: string) => Fragment,
): ReadonlyMap<string, Fragment> {
  const found = new Map<string, Fragment>();
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    const next = definition(name);
    found.set(name, next);
    open.push(...next.definitions);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const sizes = new WeakMap<object, number>();

/** Roughly the characters of `JSON.stringify(value)`; quick for what shares parts that were measured before. */
export function sizeOf(value: Json | undefined): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 5;
  const known = sizes.get(value);
  if (known !== undefined) return known;
  let size = 2;
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) size += sizeOf(item) + 1;
  } else {
    for (const [key, item] of Object.entries(value as JsonObject)) size += key.length + 4 + sizeOf(item);
  }
  sizes.set(value, size);
  return size;
}
