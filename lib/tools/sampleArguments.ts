import { sample } from 'openapi-sampler';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { typesOf } from './schemaKeywords.js';
import { childrenOf } from './schemaPositions.js';
import type { ListedTool } from './tool.js';

/** Schemas written out for one sample; beyond, the rest is left out. */
const MAX_NODES = 2_000;
const MAX_DEPTH = 12;
/** What a schema may ask for in a sample: `minItems: 1000000000` is a valid schema. */
const LONGEST = 200;

/**
 * Arguments that a tool could be called with, from its input schema. Not always valid: `pattern` and what
 * `allOf`, `not` or `if` demand are not met.
 */
export function sampleArguments(tool: Pick<ListedTool, 'inputSchema'>): JsonObject {
  const definitions = isJsonObject(tool.inputSchema['$defs']) ? tool.inputSchema['$defs'] : {};
  const budget = { nodes: MAX_NODES };
  const written = writtenOut(tool.inputSchema, definitions, budget, []);
  const value = sample(written as Parameters<typeof sample>[0], { quiet: true }) as Json;
  return isJsonObject(value) ? value : {};
}

/** The schema without references: the sampler is given a tree of bounded size, so that it ends. */
function writtenOut(
  schema: Json,
  definitions: JsonObject,
  budget: { nodes: number },
  inside: readonly string[],
): JsonObject {
  budget.nodes -= 1;
  if (!isJsonObject(schema) || budget.nodes < 0 || inside.length > MAX_DEPTH) return {};
  const { $ref, $defs: _, ...own } = schema;
  if (typeof $ref === 'string') {
    const name = $ref.replace('#/$defs/', '');
    const definition = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
    if (inside.includes(name)) return typeOnly(definition);
    const target = writtenOut(definition ?? {}, definitions, budget, [...inside, name]);
    return { ...target, ...writtenOut(own, definitions, budget, inside) };
  }
  const copy: Record<string, Json> = {};
  for (const [keyword, value] of Object.entries(own)) {
    if (keyword === 'not' || keyword === 'contains') continue;
    const children = childrenOf(keyword, value);
    copy[keyword] =
      children === null || typeof value === 'boolean'
        ? value
        : children.map((child) => writtenOut(child, definitions, budget, [...inside, '']));
  }
  return leastProperties(bounded(joined(copy)), schema);
}

/** `allOf` in one: the sampler complains aloud about parts of different types. */
function joined(schema: JsonObject): JsonObject {
  const { allOf, ...own } = schema;
  if (!Array.isArray(allOf)) return schema;
  const parts: readonly JsonObject[] = [own, ...(allOf as readonly JsonObject[])];
  const properties = Object.assign({}, ...parts.map((part) => part['properties'] ?? {})) as JsonObject;
  const merged = Object.assign({}, ...[...parts].reverse()) as JsonObject;
  return Object.keys(properties).length === 0 ? merged : { ...merged, properties };
}

/** Optional properties of inner objects are left out where there are many; required ones never. */
function leastProperties(copy: JsonObject, schema: JsonObject): JsonObject {
  const { properties, additionalProperties: _, ...rest } = copy;
  if (!isJsonObject(properties)) return copy;
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : []);
  const names = Object.keys(properties);
  const kept = names.filter((name, index) => required.has(name) || index < LONGEST);
  return { ...rest, properties: Object.fromEntries(kept.map((name) => [name, properties[name] ?? {}])) };
}

/** The sampler complains aloud about the length of a date, and takes the others at their word. */
function bounded(schema: JsonObject): JsonObject {
  if (schema['contentEncoding'] === 'base64' || schema['format'] === 'byte') return { const: 'c2FtcGxl' };
  const dated = /^(?:date|time|date-time)$/.test(String(schema['format']));
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => !dated || (key !== 'minLength' && key !== 'maxLength'))
      .map(([key, value]) => [
        key,
        isLimit(key) && typeof value === 'number' ? Math.min(value, LONGEST) : value,
      ]),
  );
}

function isLimit(key: string): boolean {
  return /^(?:min|max)(?:Items|Length|Properties)$/.test(key);
}

function typeOnly(schema: Json | undefined): JsonObject {
  const [type] = isJsonObject(schema) ? typesOf(schema['type']) : [];
  return type === undefined ? {} : { type };
}
