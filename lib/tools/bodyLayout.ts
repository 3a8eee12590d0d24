import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { safeKey } from './argumentKeys.js';
import type { BodySource } from './bodySource.js';
import { declaredTypes } from './declaredTypes.js';
import { visibleText } from './description.js';
import { type Fragment, fragment } from './fragment.js';
import { typesOf } from './schemaKeywords.js';
import { childrenOf } from './schemaPositions.js';
import type { Schemas } from './schemas.js';
import type { BodyPlan, BodyProperty } from './tool.js';

export interface BodyLayout {
  readonly plan: BodyPlan;
  /** Argument key → its schema. */
  readonly properties: ReadonlyMap<string, Fragment>;
  /** The body's schema where it is the root of the tool's own, as it is. */
  readonly root: Fragment | null;
}

/** The argument that holds a body which is not flattened. */
const WHOLE = 'body';
/** An object whose keywords are among these says nothing that is lost when its properties become arguments. */
const PLAIN: ReadonlySet<string> = new Set([
  'type',
  'properties',
  'required',
  'additionalProperties',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'minProperties',
  'maxProperties',
]);

/** @param taken Argument keys of parameters. */
export function layOutBody(
  source: BodySource,
  schemas: Schemas,
  profile: 'portable' | 'verbatim',
  taken: ReadonlySet<string>,
): BodyLayout {
  const whole = schemas.expand(source.schema);
  const structured =
    source.encoding === 'json' || source.encoding === 'form' || source.encoding === 'multipart';
  if (structured && isComplete(source, whole.schema)) {
    const flat =
      profile === 'portable' ? flattened(source, whole, schemas) : atRoot(source, whole, schemas, taken);
    if (flat !== null && ![...flat.properties.keys()].some((key) => taken.has(key))) return flat;
  }
  return asOneArgument(source, whole, schemas);
}

/** An optional body with required properties is all or nothing, which single arguments cannot say. */
function isComplete(source: BodySource, schema: JsonObject): boolean {
  return source.required || !Array.isArray(schema['required']) || schema['required'].length === 0;
}

function flattened(source: BodySource, whole: Fragment, schemas: Schemas): BodyLayout | null {
  const { schema } = whole;
  const plain = Object.keys(schema).every((key) => PLAIN.has(key)) && schema['type'] === 'object';
  const open = schema['additionalProperties'] !== undefined && schema['additionalProperties'] !== false;
  const members = isJsonObject(schema['properties']) ? Object.entries(schema['properties']) : [];
  if (!plain || open || members.length === 0) return null;
  const planned = members.map(([key, member]) => planProperty(source, whole, key, member, schemas, true));
  const properties = new Map(planned.map(({ property, part }) => [property.argument, part]));
  if (properties.size < planned.length) return null;
  return { plan: planOf(source, null, ['object'], planned), properties, root: null };
}

/** `verbatim`: the body's own schema, if every property it speaks of is listed at its root. */
function atRoot(
  source: BodySource,
  whole: Fragment,
  schemas: Schemas,
  taken: ReadonlySet<string>,
): BodyLayout | null {
  const { schema } = whole;
  const { properties, additionalProperties: additional } = schema;
  const types = typesOf(schema['type']);
  const object = types.length === 1 ? types[0] === 'object' : types.length === 0 && properties !== undefined;
  if (!object || !isJsonObject(properties) || Object.keys(properties).length === 0) return null;
  if (Object.hasOwn(schema, '$ref') || (additional !== undefined && additional !== false)) return null;
  const extended =
    taken.size > 0 && Object.keys(schema).some((key) => !PLAIN.has(key) && !key.startsWith('$'));
  if (extended || !mentions(schema).every((name) => Object.hasOwn(properties, name))) return null;
  const planned = Object.entries(properties).map(([key, member]) =>
    planProperty(source, whole, key, member, schemas, false),
  );
  const parts = new Map(planned.map(({ property, part }) => [property.argument, part]));
  return { plan: planOf(source, null, ['object'], planned), properties: parts, root: whole };
}

/** Properties that the schemas beside the root's own properties name; `$ref`s could name any. */
function mentions(schema: JsonObject): string[] {
  return ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas'].flatMap((keyword) => {
    const value = Object.hasOwn(schema, keyword) ? schema[keyword] : undefined;
    return (value === undefined ? [] : (childrenOf(keyword, value)?.schemas ?? [])).flatMap((child) => {
      if (!isJsonObject(child)) return [];
      const own = isJsonObject(child['properties']) ? Object.keys(child['properties']) : [];
      return [...(Object.hasOwn(child, '$ref') ? ['$ref'] : []), ...own, ...mentions(child)];
    });
  });
}

function asOneArgument(source: BodySource, whole: Fragment, schemas: Schemas): BodyLayout {
  const { encoding } = source;
  const structured = encoding === 'form' || encoding === 'multipart';
  const members =
    structured && isJsonObject(whole.schema['properties']) ? Object.entries(whole.schema['properties']) : [];
  const planned = members.map(([key, member]) => planProperty(source, whole, key, member, schemas, false));
  const part =
    encoding === 'binary'
      ? bytes(source)
      : encoding === 'text'
        ? text(source, whole)
        : schemas.convert(source.schema);
  const files = planned.filter(({ property }) => property.binary);
  const shown =
    files.length === 0
      ? part
      : fragment(
          {
            ...whole.schema,
            properties: Object.fromEntries(planned.map(({ key, part: { schema } }) => [key, schema])),
          },
          whole.definitions,
        );
  const description = visibleText(source.description);
  const described =
    description === '' ? shown : fragment({ ...shown.schema, description }, shown.definitions);
  const types = declaredTypes(described.schema, (name) => schemas.definition(name).schema);
  return {
    plan: planOf(source, WHOLE, types, planned),
    properties: new Map([[WHOLE, described]]),
    root: null,
  };
}

function bytes(source: BodySource): Fragment {
  return fragment({
    type: 'string',
    contentEncoding: 'base64',
    description: `The ${source.mediaType} content, base64.`,
  });
}

function text(source: BodySource, whole: Fragment): Fragment {
  return whole.schema['type'] === 'string'
    ? whole
    : fragment({ type: 'string', description: `The text of the ${source.mediaType} document.` });
}

function planOf(
  source: BodySource,
  argument: string | null,
  types: BodyPlan['types'],
  planned: readonly PlannedProperty[],
): BodyPlan {
  const { mediaType, encoding, required } = source;
  return {
    mediaType,
    encoding,
    required,
    argument,
    types,
    properties: planned.map(({ property }) => property),
  };
}

interface PlannedProperty {
  /** Key in the body's converted schema. */
  readonly key: string;
  readonly property: BodyProperty;
  readonly part: Fragment;
}

function planProperty(
  source: BodySource,
  whole: Fragment,
  key: string,
  member: Json,
  schemas: Schemas,
  renamed: boolean,
): PlannedProperty {
  const name = schemas.aliases.get(key) ?? key;
  const schema = isJsonObject(member) ? member : {};
  const types = declaredTypes(schema, (definition) => schemas.definition(definition).schema);
  const stated = source.encodings.get(name) ?? {};
  const binary = source.encoding === 'multipart' && isFile(schema, stated.contentType ?? null);
  const required =
    Array.isArray(whole.schema['required']) && (whole.schema['required'] as readonly Json[]).includes(key);
  const value = schema['default'];
  const json =
    source.encoding === 'form' && stated.style === undefined && types.length === 1 && types[0] === 'object';
  return {
    key,
    property: {
      argument: renamed ? safeKey(name) : key,
      name,
      required,
      ...(required && value !== undefined ? { default: value } : {}),
      types,
      binary,
      style: stated.style ?? 'form',
      explode: stated.explode ?? (stated.style ?? 'form') === 'form',
      allowReserved: stated.allowReserved ?? false,
      // "The default value depends on the object type: … for `object` - `application/json`" (Encoding Object).
      contentType: stated.contentType ?? (json ? 'application/json' : null),
    },
    part: fragment(binary ? fileSchema(schema) : schema, whole.definitions),
  };
}

/** Bytes of any kind: OpenAPI 3.0's `format: binary`, 3.1's media type without an encoding, or by `encoding`. */
function isFile(schema: JsonObject, contentType: string | null): boolean {
  const one = isJsonObject(schema['items']) ? schema['items'] : schema;
  const types = typesOf(one['type']);
  if (types.length > 0 && !types.includes('string')) return false;
  if (one['format'] === 'binary') return true;
  if (Object.hasOwn(one, 'contentEncoding') || one['format'] === 'byte') return false;
  const media = contentType ?? one['contentMediaType'];
  return typeof media === 'string' && !/^text\/|[/+](?:json|xml)\b/i.test(media);
}

function fileSchema(schema: JsonObject): JsonObject {
  const { description } = schema;
  const words: JsonObject = description === undefined ? {} : { description };
  if (isJsonObject(schema['items'])) return { type: 'array', ...words, items: FILE };
  return { ...FILE, ...words };
}

const FILE: JsonObject = {
  type: 'object',
  properties: {
    data: { type: 'string', contentEncoding: 'base64', description: 'The content of the file, base64.' },
    filename: { type: 'string' },
    contentType: {
      type: 'string',
      description: 'Media type of the file.',
      examples: ['application/octet-stream'],
    },
  },
  required: ['data'],
};
