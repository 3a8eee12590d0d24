import { isJsonObject, type Json } from '../json.js';
import { portablePattern } from './pattern.js';
import { COUNTS, typesOf } from './schemaKeywords.js';

const isNumber = (value: Json): boolean => typeof value === 'number';
const isCount = (value: Json): boolean => Number.isInteger(value) && Number(value) >= 0;
const isFlag = (value: Json): boolean => typeof value === 'boolean';
const isText = (value: Json): boolean => typeof value === 'string';
const isSchema = (value: Json): boolean => isJsonObject(value) || typeof value === 'boolean';
const isSchemaList = (value: Json): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(isSchema);
const isSchemaMap = (value: Json): boolean => isJsonObject(value) && Object.values(value).every(isSchema);

/** What JSON Schema 2020-12 allows as the value of a keyword. */
const SHAPES: ReadonlyMap<string, (value: Json) => boolean> = new Map([
  [
    'type',
    (value: Json) => typesOf(value).length === (Array.isArray(value) ? value.length : 1) && value !== 'file',
  ],
  ['enum', (value: Json) => Array.isArray(value) && value.length > 0],
  ['required', (value: Json) => Array.isArray(value) && value.every(isText)],
  ['pattern', (value: Json) => typeof value === 'string' && portablePattern(value) === value],
  ['uniqueItems', isFlag],
  ['format', isText],
  ['multipleOf', (value: Json) => typeof value === 'number' && value > 0],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'].map((key) => [key, isNumber] as const),
  ...COUNTS.map((key) => [key, isCount] as const),
  ...['allOf', 'anyOf', 'oneOf', 'prefixItems'].map((key) => [key, isSchemaList] as const),
  ...['properties', 'patternProperties', 'dependentSchemas', '$defs'].map(
    (key) => [key, isSchemaMap] as const,
  ),
  ...[
    'items',
    'additionalProperties',
    'unevaluatedItems',
    'unevaluatedProperties',
    'contains',
    'propertyNames',
    'not',
    'if',
    'then',
    'else',
  ].map((key) => [key, isSchema] as const),
]);

/** False if a validator would throw at the keyword. Unknown keywords are fine. */
export function isValidKeyword(keyword: string, value: Json): boolean {
  return SHAPES.get(keyword)?.(value) ?? true;
}
