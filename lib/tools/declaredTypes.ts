import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { typesOf } from './schemaKeywords.js';
import type { DeclaredType } from './tool.js';

const MAX_HOPS = 8;

/** What a converted schema lets a value be, where it says so plainly; empty = anything. */
export function declaredTypes(
  schema: Json,
  definition: (name: string) => JsonObject,
  hops = 0,
): DeclaredType[] {
  if (!isJsonObject(schema) || hops > MAX_HOPS) return [];
  const stated = typesOf(schema['type']) as DeclaredType[];
  if (stated.length > 0) return stated;
  const { $ref } = schema;
  if (typeof $ref === 'string' && $ref.startsWith('#/$defs/')) {
    return declaredTypes(definition($ref.slice('#/$defs/'.length)), definition, hops + 1);
  }
  for (const key of ['anyOf', 'oneOf'] as const) {
    const members = schema[key];
    if (!Array.isArray(members)) continue;
    const each = members.map((member: Json) => declaredTypes(member, definition, hops + 1));
    return each.every((types) => types.length > 0) ? [...new Set(each.flat())] : [];
  }
  const parts = Array.isArray(schema['allOf']) ? (schema['allOf'] as readonly Json[]) : [];
  for (const part of parts) {
    const types = declaredTypes(part, definition, hops + 1);
    if (types.length > 0) return types;
  }
  const values = Object.hasOwn(schema, 'const') ? [schema['const'] ?? null] : schema['enum'];
  return Array.isArray(values) ? [...new Set(values.map(typeOf))] : [];
}

function typeOf(value: Json): DeclaredType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value as 'string' | 'boolean' | 'object';
}
