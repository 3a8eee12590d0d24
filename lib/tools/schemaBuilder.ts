import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { type Fragment, fragment } from './fragment.js';
import { type Keywords, typesOf } from './schemaKeywords.js';

/** Collects keywords, and what the schemas inside them refer to and leave out. */
export class SchemaBuilder {
  readonly keywords: Keywords;
  readonly #definitions = new Set<string>();
  readonly #omitted = new Set<string>();

  constructor(keywords: Keywords) {
    this.keywords = keywords;
  }

  put(key: string, part: Fragment): void {
    this.keywords[key] = part.schema;
    this.adopt(part);
  }

  putList(key: string, parts: readonly Fragment[]): void {
    this.keywords[key] = parts.map((part) => part.schema);
    for (const part of parts) this.adopt(part);
  }

  putMap(key: string, parts: ReadonlyMap<string, Fragment>): void {
    this.keywords[key] = Object.fromEntries([...parts].map(([name, part]) => [name, part.schema]));
    for (const part of parts.values()) this.adopt(part);
  }

  /** What a part refers to, the schema around it refers to. */
  adopt(part: Fragment): void {
    for (const name of part.definitions) this.#definitions.add(name);
  }

  omit(property: string): void {
    this.#omitted.add(property);
  }

  build(): Fragment {
    return completed(fragment(this.keywords, this.#definitions, this.#omitted));
  }
}

/**
 * What clients want said: a type where the keywords imply one, `items` for every array, no required property
 * that is not listed, nothing that was left out on purpose. Idempotent, so merged schemas pass through again.
 */
export function completed(part: Fragment): Fragment {
  const keywords: Keywords = { ...part.schema };
  if (!Object.hasOwn(keywords, 'type')) {
    if (Object.hasOwn(keywords, 'properties')) keywords['type'] = 'object';
    else if (Object.hasOwn(keywords, 'items')) keywords['type'] = 'array';
  }
  if (typesOf(keywords['type']).includes('array') && !Object.hasOwn(keywords, 'items'))
    keywords['items'] = {};
  if (part.omitted.size > 0) {
    leaveOut(keywords, part.omitted);
    for (const key of ['allOf', 'anyOf', 'oneOf']) {
      const members = keywords[key];
      if (Array.isArray(members))
        keywords[key] = members.map((member: Json) => without(member, part.omitted));
    }
  }
  const { required, properties } = keywords;
  if (Array.isArray(required) && isJsonObject(properties)) {
    const missing = (required as readonly string[]).filter((name) => !Object.hasOwn(properties, name));
    if (missing.length > 0) {
      keywords['properties'] = { ...properties, ...Object.fromEntries(missing.map((name) => [name, {}])) };
    }
  }
  return fragment(keywords, part.definitions, part.omitted);
}

function without(schema: Json, omitted: ReadonlySet<string>): Json {
  if (!isJsonObject(schema)) return schema;
  const copy: Keywords = { ...schema };
  leaveOut(copy, omitted);
  return copy;
}

function leaveOut(keywords: Keywords, omitted: ReadonlySet<string>): void {
  const { properties, required } = keywords;
  if (isJsonObject(properties)) {
    keywords['properties'] = Object.fromEntries(
      Object.entries(properties).filter(([name]) => !omitted.has(name)),
    );
  }
  if (Array.isArray(required)) {
    const kept = (required as readonly string[]).filter((name) => !omitted.has(name));
    if (kept.length > 0) keywords['required'] = kept;
    else delete keywords['required'];
  }
}

/** The schema, or null as well. */
export function orNull(part: Fragment): Fragment {
  const { schema } = part;
  const types = typesOf(schema['type']);
  const composed = ['$ref', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'const'].some((key) =>
    Object.hasOwn(schema, key),
  );
  if (composed) {
    const { title, description, ...rest } = schema;
    const words = Object.entries({ title, description }).filter(([, value]) => value !== undefined);
    const annotations = Object.fromEntries(words) as JsonObject;
    const choices = Object.keys(rest).length === 1 && Array.isArray(rest['anyOf']) ? rest['anyOf'] : [rest];
    return fragment(
      { ...annotations, anyOf: [...(choices as readonly Json[]), { type: 'null' }] },
      part.definitions,
      part.omitted,
    );
  }
  if (types.length === 0 || types.includes('null')) return part;
  const choices = schema['enum'];
  const nullable: Keywords = { ...schema, type: [...types, 'null'] };
  if (Array.isArray(choices) && !choices.includes(null)) nullable['enum'] = [...choices, null];
  return fragment(nullable, part.definitions, part.omitted);
}
