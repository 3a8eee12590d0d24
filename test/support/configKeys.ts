import { configJsonSchema } from '../../lib/config/jsonSchema.js';
import { isJsonObject, type Json, type JsonObject } from '../../lib/json.js';

/** A key of the config as its JSON Schema describes it. */
export interface ConfigKey {
  /** `upstreams[].openapi.source`, `rate_limits.<name>.average` */
  readonly path: string;
  readonly schema: JsonObject;
  readonly required: boolean;
}

/** Every key of the config, also those that are documented once and occur again. */
export function configKeys(): ConfigKey[] {
  return keysOf(configJsonSchema(), '');
}

function keysOf(schema: JsonObject, path: string): ConfigKey[] {
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const own = Object.entries(objectAt(schema, 'properties')).flatMap(([name, value]) => {
    const child = isJsonObject(value) ? value : {};
    const place = path === '' ? name : `${path}.${name}`;
    return [{ path: place, schema: child, required: required.includes(name) }, ...keysOf(child, place)];
  });
  const list = Array.isArray(schema['anyOf']) ? schema['anyOf'].find(hasItems) : schema;
  return [
    ...own,
    ...keysOfPart(schema['additionalProperties'], `${path}.<name>`),
    ...(isJsonObject(list) ? keysOfPart(list['items'], `${path}[]`) : []),
  ];
}

function keysOfPart(part: Json | undefined, path: string): ConfigKey[] {
  return isJsonObject(part) ? keysOf(part, path) : [];
}

function hasItems(value: Json): boolean {
  return isJsonObject(value) && isJsonObject(value['items']);
}

function objectAt(schema: JsonObject, key: string): JsonObject {
  const value = schema[key];
  return isJsonObject(value) ? value : {};
}
