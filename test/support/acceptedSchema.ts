import { isJsonObject, type Json, type JsonObject } from '../../lib/json.js';

/**
 * What is wrong with a tool's input schema for some client or LLM API; empty = nothing. Written from the rules
 * alone and without the compiler's code, so that the two can disagree.
 */
export function schemaObjections(schema: JsonObject): string[] {
  const objections: string[] = [];
  if (schema['type'] !== 'object') objections.push('#: the root type is not exactly "object"');
  for (const keyword of ['oneOf', 'anyOf', 'allOf', 'not', 'enum', 'const', '$schema', '$ref']) {
    if (Object.hasOwn(schema, keyword)) objections.push(`#: ${keyword} at the root`);
  }
  const definitions = isJsonObject(schema['$defs']) ? schema['$defs'] : {};
  inspect(schema, '#', definitions, objections);
  for (const [name, definition] of Object.entries(definitions)) {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) objections.push(`#/$defs/${name}: not an acceptable name`);
    inspect(definition, `#/$defs/${name}`, definitions, objections);
  }
  const referred = new Set(JSON.stringify(schema).match(/#\/\$defs\/[A-Za-z0-9_-]+/g) ?? []);
  for (const name of Object.keys(definitions)) {
    if (!referred.has(`#/$defs/${name}`)) objections.push(`#/$defs/${name}: nothing refers to it`);
  }
  return objections;
}

const TYPES = ['string', 'number', 'integer', 'boolean', 'array', 'object', 'null'];
const NUMERIC = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'];
const COUNTED = ['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'];
const FOREIGN = [
  'nullable',
  'discriminator',
  'xml',
  'externalDocs',
  'example',
  'readOnly',
  'writeOnly',
  'definitions',
  '$id',
  '$anchor',
  '$dynamicRef',
  'collectionFormat',
  'allowEmptyValue',
];

function inspect(schema: Json, at: string, definitions: JsonObject, objections: string[]): void {
  const object = (text: string) => objections.push(`${at}: ${text}`);
  if (!isJsonObject(schema)) {
    object(`is ${JSON.stringify(schema)}, not a schema object`);
    return;
  }
  const types = Array.isArray(schema['type']) ? schema['type'] : [schema['type']];
  if (Object.hasOwn(schema, 'type')) {
    if (types.length === 0 || types.some((type) => !TYPES.includes(String(type))))
      object(`type ${JSON.stringify(schema['type'])}`);
    if (types.includes('array') && !isJsonObject(schema['items'])) object('an array without items');
  }
  for (const key of Object.keys(schema)) {
    if (key.startsWith('x-')) object(`has ${key}`);
    if (FOREIGN.includes(key)) object(`has ${key}`);
    if (NUMERIC.includes(key) && typeof schema[key] !== 'number') object(`${key} is no number`);
    if (COUNTED.includes(key) && !Number.isInteger(schema[key])) object(`${key} is no integer`);
    if (/description|title/.test(key) && typeof schema[key] !== 'string') object(`${key} is no string`);
  }
  if (Object.hasOwn(schema, 'enum')) {
    const values = schema['enum'];
    if (!Array.isArray(values) || values.length === 0) object('an empty enum');
    else if (new Set(values.map((value) => JSON.stringify(value))).size < values.length)
      object('enum values repeat');
  }
  if (Object.hasOwn(schema, 'pattern')) {
    try {
      new RegExp(String(schema['pattern']), 'u');
    } catch {
      object(`pattern ${schema['pattern']} does not compile`);
    }
  }
  if (Object.hasOwn(schema, '$ref')) {
    const name = /^#\/\$defs\/([^/]+)$/.exec(String(schema['$ref']))?.[1];
    if (name === undefined || !Object.hasOwn(definitions, name))
      object(`$ref ${schema['$ref']} leads nowhere`);
  }
  if (Object.hasOwn(schema, 'required')) {
    const required = schema['required'];
    if (!Array.isArray(required) || required.some((name) => typeof name !== 'string'))
      object('required is no list of names');
    else {
      if (new Set(required).size < required.length) object('required repeats');
      const properties = schema['properties'];
      for (const name of isJsonObject(properties) ? required : []) {
        if (!Object.hasOwn(properties as JsonObject, String(name)))
          object(`requires ${name}, which is not listed`);
      }
    }
  }
  if (isJsonObject(schema['properties'])) {
    for (const [name, property] of Object.entries(schema['properties'])) {
      if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) object(`property key ${name}`);
      inspect(property, `${at}/properties/${name}`, definitions, objections);
    }
  } else if (Object.hasOwn(schema, 'properties')) object('properties is no object');
  for (const key of ['items', 'not', 'if', 'then', 'else', 'contains', 'propertyNames']) {
    const child = schema[key];
    if (child !== undefined) inspect(child, `${at}/${key}`, definitions, objections);
  }
  const additional = schema['additionalProperties'];
  if (additional !== undefined && typeof additional !== 'boolean') {
    inspect(additional, `${at}/additionalProperties`, definitions, objections);
  }
  for (const key of ['allOf', 'anyOf', 'oneOf', 'prefixItems']) {
    const members = schema[key];
    if (members === undefined) continue;
    if (!Array.isArray(members) || members.length === 0) object(`${key} is empty`);
    else
      for (const [index, member] of members.entries())
        inspect(member, `${at}/${key}/${index}`, definitions, objections);
  }
}
