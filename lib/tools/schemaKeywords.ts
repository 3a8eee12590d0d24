import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { visibleText } from './description.js';
import { sizeOf } from './fragment.js';
import { portablePattern } from './pattern.js';

/** Keywords under construction. */
export type Keywords = Record<string, Json>;

const TYPES: ReadonlySet<string> = new Set([
  'string',
  'number',
  'integer',
  'boolean',
  'array',
  'object',
  'null',
]);
const NUMBERS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'] as const;
/** Keywords whose value is a whole number from 0. */
export const COUNTS = [
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'minContains',
  'maxContains',
] as const;
const FLAGS = ['uniqueItems', 'deprecated'] as const;
const TEXTS = ['format', 'contentEncoding', 'contentMediaType'] as const;
/** Characters of a default or an example; beyond, it says less than it costs. */
const LONGEST_SAMPLE = 1_000;

/**
 * The keywords of a schema that hold no schemas, as valid 2020-12: whatever has the wrong type is left out
 * (ajv throws on it, and clients drop the whole list).
 * @param warn Told what was left out and would be missed.
 */
export function valueKeywords(source: JsonObject, warn: (text: string) => void): Keywords {
  const keywords: Keywords = {};
  const own = (key: string): Json | undefined => (Object.hasOwn(source, key) ? source[key] : undefined);
  const types = typesOf(own('type'));
  if (types.length > 0) keywords['type'] = types.length === 1 ? (types[0] ?? 'string') : types;
  if (own('type') === 'file') keywords['format'] = 'binary';

  const title = own('title');
  const description = own('description');
  if (typeof description === 'string' && description !== '')
    keywords['description'] = visibleText(description);
  else if (typeof title === 'string' && title !== '') keywords['title'] = visibleText(title);

  for (const key of NUMBERS) {
    const value = own(key);
    if (typeof value === 'number' && (key !== 'multipleOf' || value > 0)) keywords[key] = value;
  }
  exclusiveBounds(source, keywords);
  for (const key of COUNTS) {
    const value = own(key);
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0) keywords[key] = value;
  }
  for (const key of FLAGS) if (own(key) === true) keywords[key] = true;
  for (const key of TEXTS) {
    const value = own(key);
    if (typeof value === 'string' && value !== '') keywords[key] = value;
  }
  const pattern = own('pattern');
  if (typeof pattern === 'string') {
    const portable = portablePattern(pattern);
    if (portable !== null) keywords['pattern'] = portable;
    else warn(`the pattern ${JSON.stringify(pattern)} is no ECMAScript regular expression and was left out`);
  }
  values(source, types, keywords);
  return keywords;
}

/** The valid names in a `type`, each once; empty if it says nothing. */
export function typesOf(type: Json | undefined): string[] {
  if (type === 'file') return ['string'];
  const names = Array.isArray(type) ? type : [type];
  return [...new Set(names)].filter((name): name is string => typeof name === 'string' && TYPES.has(name));
}

/** Draft 4 (OpenAPI 3.0, Swagger 2.0): `exclusiveMinimum: true` beside `minimum`. */
function exclusiveBounds(source: JsonObject, keywords: Keywords): void {
  for (const [bound, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    const value = keywords[bound];
    if (source[exclusive] !== true || value === undefined) continue;
    keywords[exclusive] = value;
    delete keywords[bound];
  }
}

/** `enum`, `const`, `default` and examples, made to fit the type: YAML turns `[yes, 1.0]` into other types. */
function values(source: JsonObject, types: readonly string[], keywords: Keywords): void {
  const choices = Object.hasOwn(source, 'enum') ? source['enum'] : undefined;
  if (Array.isArray(choices)) {
    const fitted = choices.map((value: Json) => fitting(value, types)).filter((value) => value !== undefined);
    const distinct = [...new Map(fitted.map((value) => [JSON.stringify(value), value])).values()];
    if (distinct.length > 0) keywords['enum'] = distinct;
  }
  if (Object.hasOwn(source, 'const')) {
    const value = fitting(source['const'] ?? null, types);
    if (value !== undefined) keywords['const'] = value;
  }
  const fits = (value: Json | undefined): value is Json =>
    value !== undefined &&
    value !== null &&
    hasType(value, types) &&
    sizeOf(value) <= LONGEST_SAMPLE &&
    allowedBy(keywords, value);
  if (Object.hasOwn(source, 'default') && fits(source['default'])) keywords['default'] = source['default'];
  const examples = Array.isArray(source['examples']) ? source['examples'] : [source['example']];
  const usable = (examples as readonly (Json | undefined)[]).filter(fits).slice(0, 3);
  if (usable.length > 0) keywords['examples'] = usable;
}

function allowedBy(keywords: Keywords, value: Json): boolean {
  const choices = keywords['enum'];
  return (
    !Array.isArray(choices) ||
    choices.some((choice: Json) => JSON.stringify(choice) === JSON.stringify(value))
  );
}

/** The value in one of the types; undefined if it cannot be. */
function fitting(value: Json, types: readonly string[]): Json | undefined {
  if (hasType(value, types) || value === null) return value;
  if (types.includes('string') && typeof value !== 'object') return String(value);
  if (
    (types.includes('number') || types.includes('integer')) &&
    typeof value === 'string' &&
    value.trim() !== ''
  ) {
    const number = Number(value);
    if (hasType(number, types)) return number;
  }
  if (types.includes('boolean') && (value === 'true' || value === 'false')) return value === 'true';
  return undefined;
}

function hasType(value: Json, types: readonly string[]): boolean {
  if (types.length === 0) return true;
  if (value === null) return types.includes('null');
  if (Array.isArray(value)) return types.includes('array');
  if (isJsonObject(value)) return types.includes('object');
  if (typeof value === 'number') {
    return types.includes('number') || (types.includes('integer') && Number.isInteger(value));
  }
  return types.includes(typeof value);
}
