import { isJsonObject, type Json, type JsonObject } from '../json.js';

/** How a keyword holds schemas: as its value, in a list, by name, or as a value or list. */
type Holder = 'one' | 'list' | 'map' | 'oneOrList';

/** The keywords that judge the same value as the schema around them. */
const IN_PLACE: ReadonlyMap<string, Holder> = new Map([
  ['allOf', 'list'],
  ['anyOf', 'list'],
  ['oneOf', 'list'],
  ['not', 'one'],
  ['if', 'one'],
  ['then', 'one'],
  ['else', 'one'],
  ['dependentSchemas', 'map'],
]);
/** The keywords that judge a part of that value, or (`$defs`) nothing until something refers to them. */
const INSIDE: ReadonlyMap<string, Holder> = new Map([
  ['properties', 'map'],
  ['patternProperties', 'map'],
  ['additionalProperties', 'one'],
  ['unevaluatedProperties', 'one'],
  ['propertyNames', 'one'],
  ['items', 'oneOrList'],
  ['prefixItems', 'list'],
  ['additionalItems', 'one'],
  ['unevaluatedItems', 'one'],
  ['contains', 'one'],
  ['contentSchema', 'one'],
  ['$defs', 'map'],
  ['definitions', 'map'],
]);

/** The schemas that one keyword holds, and how to put others in their place. */
export interface Children {
  readonly schemas: readonly Json[];
  map(convert: (schema: Json) => Json): Json;
}

/** null where the keyword holds no schemas: its value is data, whatever it looks like. */
export function childrenOf(keyword: string, value: Json): Children | null {
  const holder = IN_PLACE.get(keyword) ?? INSIDE.get(keyword);
  if (holder === undefined) return null;
  if (Array.isArray(value)) {
    const list = value as readonly Json[];
    return holder === 'list' || holder === 'oneOrList'
      ? { schemas: list, map: (convert) => list.map(convert) }
      : null;
  }
  if (holder === 'map') {
    if (!isJsonObject(value)) return null;
    const entries = Object.entries(value);
    return {
      schemas: entries.map(([, schema]) => schema),
      map: (convert) => Object.fromEntries(entries.map(([name, schema]) => [name, convert(schema)])),
    };
  }
  return holder === 'list' ? null : { schemas: [value], map: (convert) => convert(value) };
}

/** A schema directly inside another one. */
export interface Position {
  readonly keyword: string;
  readonly schema: Json;
  readonly inPlace: boolean;
}

/**
 * The schemas directly inside `schema`, found by where schemas stand: examples, defaults and enums are data,
 * and a property may have any name, `$ref` included. Definitions are left to what refers to them.
 */
export function positionsIn(schema: JsonObject): Position[] {
  const positions: Position[] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === '$defs' || keyword === 'definitions') continue;
    for (const child of childrenOf(keyword, value)?.schemas ?? []) {
      positions.push({ keyword, schema: child, inPlace: IN_PLACE.has(keyword) });
    }
  }
  return positions;
}
