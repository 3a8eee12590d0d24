import type { Json, JsonObject } from '../json.js';
import type { KeyMeta } from './key.js';
import { configSchema } from './schema.js';

/** What joi's `describe()` says of a schema, as far as it is used here. */
interface Description {
  readonly flags?: {
    readonly description?: string;
    readonly presence?: string;
    readonly single?: boolean;
  };
  readonly allow?: readonly unknown[];
  readonly metas?: readonly KeyMeta[];
  readonly keys?: Readonly<Record<string, Description>>;
  readonly items?: readonly Description[];
  readonly patterns?: readonly { readonly rule: Description }[];
}

/** A scalar of any kind may be written as a variable. */
const VARIABLE: JsonObject = { type: 'string', pattern: '\\$\\{' };
const NULL: JsonObject = { type: 'null' };

/**
 * The JSON Schema of the config file, for editors: draft-07, which their YAML support knows best. It is made of the
 * very schema that checks the config, and states less than the rules between keys do.
 */
export function configJsonSchema(): JsonObject {
  // joi types its descriptions loosely; `Description` is their documented form.
  const root = configSchema.describe() as unknown as Description;
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'mcp-anything configuration',
    ...structure(root, { nullable: false }),
  };
}

function convert(description: Description): JsonObject {
  const about = annotations(description);
  const json = description.metas?.[0]?.json;
  if (json !== undefined) return { ...about, ...leaf(json, description.allow?.includes(null) === true) };
  return { ...about, ...structure(description, { nullable: description.flags?.presence !== 'required' }) };
}

function annotations(description: Description): JsonObject {
  const about = description.flags?.description;
  const written = description.metas?.[0]?.written;
  return {
    ...(about === undefined ? {} : { description: about }),
    ...(written === undefined ? {} : { default: written }),
  };
}

function leaf(json: JsonObject, nullable: boolean): JsonObject {
  // Any text will do, so a variable will too.
  if (json['type'] === 'string' && json['pattern'] === undefined && json['enum'] === undefined) {
    return nullable ? { ...json, type: ['string', 'null'] } : json;
  }
  const forms = Array.isArray(json['anyOf']) ? (json['anyOf'] as readonly Json[]) : [json];
  return { anyOf: [...forms, ...(nullable ? [NULL] : []), VARIABLE] };
}

/** Mappings and lists; an empty one (`tls:`) is null to YAML, and means every default. */
function structure(description: Description, options: { readonly nullable: boolean }): JsonObject {
  const type = (name: string): Json => (options.nullable ? [name, 'null'] : name);
  const [item] = description.items ?? [];
  if (item !== undefined) {
    const items = convert(item);
    const list: JsonObject = { type: type('array'), items };
    return description.flags?.single === true ? { anyOf: [items, list] } : list;
  }
  const [pattern] = description.patterns ?? [];
  if (pattern !== undefined) return { type: type('object'), additionalProperties: convert(pattern.rule) };
  const keys = Object.entries(description.keys ?? {});
  const required = keys.filter(([, key]) => key.flags?.presence === 'required').map(([name]) => name);
  return {
    type: type('object'),
    additionalProperties: false,
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(keys.map(([name, key]) => [name, convert(key)])),
  };
}
