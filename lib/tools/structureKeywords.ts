import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { isReference } from '../spec/reference.js';
import { ANYTHING, type Fragment, fragment, union } from './fragment.js';
import { aliasOf } from './propertyAlias.js';
import type { SchemaBuilder } from './schemaBuilder.js';

/** What the keywords of objects and arrays need of the conversion around them. */
export interface StructureContext {
  readonly direction: 'input' | 'output';
  /** Gains an entry for every property that is listed under another key. */
  readonly aliases: Map<string, string>;
  readonly scope: Json;
  convert(schema: Json): Fragment;
  resolve(reference: string, scope: Json): Json | undefined;
}

/** `properties`, `required`, `items` and their like. */
export function addStructure(source: JsonObject, builder: SchemaBuilder, context: StructureContext): void {
  addProperties(source, builder, context);
  addOtherProperties(source, builder, context);
  addItems(source, builder, context);
}

function addProperties(source: JsonObject, builder: SchemaBuilder, context: StructureContext): void {
  if (isJsonObject(source['properties'])) {
    const properties = new Map<string, Fragment>();
    for (const [name, schema] of Object.entries(source['properties'])) {
      const key = keyOf(name, context);
      if (schema === false || key === null || isOmitted(schema, context.scope, context, 0))
        builder.omit(key ?? name);
      else properties.set(key, context.convert(schema));
    }
    builder.putMap('properties', properties);
  }
  if (!Array.isArray(source['required'])) return;
  const names = (source['required'] as readonly Json[]).filter((name) => typeof name === 'string');
  const keys = [...new Set(names)].map((name) => keyOf(name, context)).filter((key) => key !== null);
  if (keys.length > 0) builder.keywords['required'] = keys;
}

/** The key a property is listed under; null = not at all. What an answer calls it cannot be changed. */
function keyOf(name: string, context: StructureContext): string | null {
  const alias = aliasOf(name);
  if (alias === name) return name;
  if (context.direction === 'output') return null;
  context.aliases.set(alias, name);
  return alias;
}

/** True for a `readOnly` property of input and a `writeOnly` one of output, wherever the word stands. */
function isOmitted(schema: Json, scope: Json, context: StructureContext, hops: number): boolean {
  if (!isJsonObject(schema) || hops > 8) return false;
  if (schema[context.direction === 'input' ? 'readOnly' : 'writeOnly'] === true) return true;
  if (isReference(schema)) {
    const target = context.resolve(schema.$ref, scope);
    return target !== undefined && isOmitted(target, target, context, hops + 1);
  }
  const members = schema['allOf'];
  return (
    Array.isArray(members) && members.some((member: Json) => isOmitted(member, scope, context, hops + 1))
  );
}

/**
 * `additionalProperties`, and `patternProperties` as part of it: few clients know the latter. Answers gain
 * properties over time, so an output schema never closes an object.
 */
function addOtherProperties(source: JsonObject, builder: SchemaBuilder, context: StructureContext): void {
  const { additionalProperties: additional, patternProperties: patterns, propertyNames } = source;
  const patterned = isJsonObject(patterns)
    ? Object.values(patterns).map((schema) => context.convert(schema))
    : [];
  if (additional === true) builder.keywords['additionalProperties'] = true;
  else if (isJsonObject(additional) || patterned.length > 0) {
    const own = isJsonObject(additional) ? [context.convert(additional)] : [];
    builder.put('additionalProperties', anyOf([...patterned, ...own]));
  } else if (additional === false && context.direction === 'input')
    builder.keywords['additionalProperties'] = false;
  if (isJsonObject(propertyNames)) builder.put('propertyNames', context.convert(propertyNames));
}

function anyOf(parts: readonly Fragment[]): Fragment {
  const distinct = [...new Map(parts.map((part) => [JSON.stringify(part.schema), part])).values()];
  const [only = ANYTHING, ...others] = distinct;
  if (others.length === 0) return only;
  return fragment(
    { anyOf: distinct.map(({ schema }) => schema) },
    union(...distinct.map(({ definitions }) => definitions)),
  );
}

/** Tuples keep their positions, and say what the items beyond may be, as clients demand. */
function addItems(source: JsonObject, builder: SchemaBuilder, context: StructureContext): void {
  const { items, contains } = source;
  const tuple = Array.isArray(items) ? (items as readonly Json[]) : source['prefixItems'];
  if (Array.isArray(tuple) && tuple.length > 0) {
    builder.putList(
      'prefixItems',
      tuple.map((item: Json) => context.convert(item)),
    );
  }
  const rest = Array.isArray(items) ? source['additionalItems'] : items;
  if (rest === false) builder.keywords['maxItems'] = Array.isArray(tuple) ? tuple.length : 0;
  if (isJsonObject(rest)) builder.put('items', context.convert(rest));
  else if (items !== undefined) builder.put('items', ANYTHING);
  if (isJsonObject(contains)) builder.put('contains', context.convert(contains));
}
