import { sample } from 'openapi-sampler';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { patternSample } from './patternSample.js';
import { typesOf } from './schemaKeywords.js';
import { childrenOf } from './schemaPositions.js';
import type { ListedTool } from './tool.js';

/** Schemas written out for one sample; beyond, the rest is left out. */
const MAX_NODES = 2_000;
const MAX_DEPTH = 12;
/** What a schema may ask for in a sample: `minItems: 1000000000` is a valid schema. */
const LONGEST = 200;
/** A sample where the schema itself gives none. */
const GIVEN = ['const', 'enum', 'examples', 'default'] as const;
const FORMATS: Readonly<Record<string, string>> = {
  duration: 'P1D',
  url: 'https://example.com',
  byte: 'c2FtcGxl',
};

/**
 * Arguments that a tool could be called with, from its input schema. Nearly always valid; what `not`, `if` or
 * parts of an `allOf` that contradict each other demand is not met.
 */
export function sampleArguments(tool: Pick<ListedTool, 'inputSchema'>): JsonObject {
  const definitions = isJsonObject(tool.inputSchema['$defs']) ? tool.inputSchema['$defs'] : {};
  const budget = { nodes: MAX_NODES };
  const written = writtenOut(tool.inputSchema, definitions, budget, []);
  const value = sample(written as Parameters<typeof sample>[0], { quiet: true }) as Json;
  return isJsonObject(value) ? withPresent(value, tool.inputSchema) : {};
}

/** A schema that says nothing is sampled as null, which a required argument is not given by. */
function withPresent(args: JsonObject, schema: JsonObject): JsonObject {
  const required = Array.isArray(schema['required']) ? (schema['required'] as readonly Json[]) : [];
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  const absent = required.filter((name): name is string => {
    if (typeof name !== 'string' || (args[name] ?? null) !== null || !Object.hasOwn(properties, name))
      return false;
    const property = properties[name] ?? null;
    return (
      isJsonObject(property) && typesOf(property['type']).length === 0 && !Object.hasOwn(property, '$ref')
    );
  });
  return absent.length === 0
    ? args
    : { ...args, ...Object.fromEntries(absent.map((name) => [name, 'string'])) };
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
  for (const [keyword, value] of Object.entries(withoutRecursion(own, inside))) {
    if (keyword === 'not' || keyword === 'contains') continue;
    const children = childrenOf(keyword, value);
    copy[keyword] =
      children === null || typeof value === 'boolean'
        ? value
        : children.map((child) => writtenOut(child, definitions, budget, [...inside, '']));
  }
  return withText(bounded(listedOnly(informed(joined(copy)))));
}

/** What may be left out is, where it would only repeat what it is in. */
function withoutRecursion(schema: JsonObject, inside: readonly string[]): JsonObject {
  const repeats = (child: Json | undefined): boolean =>
    isJsonObject(child) && inside.some((name) => child['$ref'] === `#/$defs/${name}`);
  const { properties, items, required } = schema;
  const ended = repeats(items) ? { ...schema, items: {}, maxItems: 0 } : schema;
  if (!isJsonObject(properties)) return ended;
  const needed = new Set(Array.isArray(required) ? required : []);
  const kept = Object.entries(properties).filter(([name, child]) => needed.has(name) || !repeats(child));
  return { ...ended, properties: Object.fromEntries(kept) };
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

/** Alternatives know what the schema around them says: its type, and its properties where they say nothing. */
function informed(schema: JsonObject): JsonObject {
  const around = isJsonObject(schema['properties']) ? schema['properties'] : {};
  const alternatives = (['anyOf', 'oneOf'] as const).flatMap((key) => {
    const members = schema[key];
    if (!Array.isArray(members)) return [];
    const told = (members as readonly JsonObject[]).map((member) => {
      const { properties, ...rest } = member;
      const type = schema['type'] ?? {};
      const typed = Object.hasOwn(member, 'type') || typeof type !== 'string' ? rest : { ...rest, type };
      if (!isJsonObject(properties)) return typed;
      const news = Object.entries(properties).filter(
        ([name, property]) => !(isEmpty(property) && Object.hasOwn(around, name)),
      );
      return { ...typed, properties: Object.fromEntries(news) };
    });
    return [[key, told] as const];
  });
  return alternatives.length === 0 ? schema : { ...schema, ...Object.fromEntries(alternatives) };
}

/** Where properties are listed, no others are invented, and of very many optional ones not all are given. */
function listedOnly(schema: JsonObject): JsonObject {
  const { properties, additionalProperties: _, ...rest } = schema;
  if (!isJsonObject(properties)) return schema;
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : []);
  const kept = Object.entries(properties).filter(([name], index) => required.has(name) || index < LONGEST);
  return { ...rest, properties: Object.fromEntries(kept) };
}

/** The sampler complains aloud about the length of a date, and takes other lengths at their word. */
function bounded(schema: JsonObject): JsonObject {
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

/** A text for what the sampler does not know: patterns, base64, some formats. */
function withText(schema: JsonObject): JsonObject {
  if (GIVEN.some((key) => Object.hasOwn(schema, key)) || !typesOf(schema['type']).includes('string'))
    return schema;
  const { format, pattern, minLength } = schema;
  const encoded = schema['contentEncoding'] === 'base64' ? 'byte' : format;
  if (typeof encoded === 'string' && Object.hasOwn(FORMATS, encoded))
    return { const: FORMATS[encoded] ?? '' };
  if (typeof pattern !== 'string' || typeof format === 'string') return schema;
  const text = patternSample(pattern, typeof minLength === 'number' ? minLength : 0);
  return text === null ? schema : { const: text };
}

function isLimit(key: string): boolean {
  return /^(?:min|max)(?:Items|Length|Properties)$/.test(key);
}

function isEmpty(schema: Json): boolean {
  return isJsonObject(schema) && Object.keys(schema).length === 0;
}

function typeOnly(schema: Json | undefined): JsonObject {
  const [type] = isJsonObject(schema) ? typesOf(schema['type']) : [];
  return type === undefined ? {} : { type };
}
