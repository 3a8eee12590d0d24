import { isDeepStrictEqual } from 'node:util';
import type { Json, JsonObject } from '../json.js';
import { type Fragment, fragment, union } from './fragment.js';
import { type Keywords, typesOf } from './schemaKeywords.js';

/** Say nothing about a value's validity: the later one counts. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'format',
  'contentEncoding',
  'contentMediaType',
]);
const LARGEST: ReadonlySet<string> = new Set([
  'minimum',
  'exclusiveMinimum',
  'minLength',
  'minItems',
  'minProperties',
  'minContains',
]);
const SMALLEST: ReadonlySet<string> = new Set([
  'maximum',
  'exclusiveMaximum',
  'maxLength',
  'maxItems',
  'maxProperties',
  'maxContains',
]);

/** True if the schema accepts whatever there is, whatever it says about it. */
export function onlyAnnotates(schema: JsonObject): boolean {
  return Object.keys(schema).every((key) => ANNOTATIONS.has(key));
}

/**
 * One schema that accepts what both accept; null where that cannot be written as one. Annotations of `second`
 * win. `additionalProperties: false` in one of the two is dropped, because with it the other's properties
 * could never be given, which no author means.
 */
export function intersection(first: Fragment, second: Fragment): Fragment | null {
  const schema = intersect(first.schema, second.schema);
  return schema === null
    ? null
    : fragment(schema, union(first.definitions, second.definitions), union(first.omitted, second.omitted));
}

function intersect(first: JsonObject, second: JsonObject): JsonObject | null {
  if (first === second || Object.keys(second).length === 0) return first;
  if (Object.keys(first).length === 0) return second;
  if (Object.hasOwn(first, '$ref') || Object.hasOwn(second, '$ref')) {
    if (isDeepStrictEqual(first, second)) return first;
    return onlyAnnotates(first) || onlyAnnotates(second) ? { ...first, ...second } : null;
  }
  const merged: Keywords = { ...first };
  for (const [key, value] of Object.entries(second)) {
    const former = Object.hasOwn(first, key) ? first[key] : undefined;
    const both = former === undefined ? value : bothOf(key, former, value);
    if (both === null) return null;
    merged[key] = both;
  }
  closedness(first, second, merged);
  return consistentChoices(merged) ? merged : null;
}

function bothOf(key: string, first: Json, second: Json): Json | null {
  if (ANNOTATIONS.has(key) || isDeepStrictEqual(first, second)) return second;
  if (LARGEST.has(key)) return Math.max(Number(first), Number(second));
  if (SMALLEST.has(key)) return Math.min(Number(first), Number(second));
  switch (key) {
    case 'type':
      return sharedTypes(typesOf(first), typesOf(second));
    case 'required':
      return [...new Set([...(first as string[]), ...(second as string[])])];
    case 'enum':
      return shared(first as Json[], second as Json[]);
    case 'uniqueItems':
      return true;
    case 'properties':
    case 'patternProperties':
      return members(first as JsonObject, second as JsonObject);
    case 'items':
      return intersect(first as JsonObject, second as JsonObject);
    case 'additionalProperties':
      if (typeof first !== 'object') return second;
      return typeof second !== 'object' ? first : intersect(first as JsonObject, second as JsonObject);
    default:
      return null;
  }
}

/** Types that exclude each other are a contradiction nobody means: either is taken. */
function sharedTypes(first: readonly string[], second: readonly string[]): Json {
  const types = first.flatMap((type) => {
    if (second.includes(type)) return [type];
    if (type === 'number' && second.includes('integer')) return ['integer'];
    return type === 'integer' && second.includes('number') ? ['integer'] : [];
  });
  const distinct = [...new Set(types.length === 0 ? [...first, ...second] : types)];
  return distinct.length === 1 ? (distinct[0] ?? null) : distinct;
}

function shared(first: readonly Json[], second: readonly Json[]): Json[] | null {
  const texts = new Set(second.map((value) => JSON.stringify(value)));
  const values = first.filter((value) => texts.has(JSON.stringify(value)));
  return values.length === 0 ? null : values;
}

/** Properties of both; what both have must meet both. */
function members(first: JsonObject, second: JsonObject): JsonObject {
  const merged = new Map(Object.entries(first));
  for (const [name, schema] of Object.entries(second)) {
    const former = merged.get(name);
    merged.set(
      name,
      former === undefined
        ? schema
        : (intersect(former as JsonObject, schema as JsonObject) ?? { allOf: [former, schema] }),
    );
  }
  return Object.fromEntries(merged);
}

function closedness(first: JsonObject, second: JsonObject, merged: Keywords): void {
  if (merged['additionalProperties'] !== false) return;
  if (first['additionalProperties'] === false && second['additionalProperties'] === false) return;
  const open = first['additionalProperties'] === false ? second : first;
  if (Object.hasOwn(open, 'properties') || Object.hasOwn(open, 'additionalProperties')) {
    delete merged['additionalProperties'];
  }
}

/** `const` against `enum`: one of the choices, then the only one. */
function consistentChoices(merged: Keywords): boolean {
  const choices = merged['enum'];
  if (!Array.isArray(choices) || !Object.hasOwn(merged, 'const')) return true;
  const text = JSON.stringify(merged['const']);
  if (!choices.some((choice: Json) => JSON.stringify(choice) === text)) return false;
  delete merged['enum'];
  return true;
}
