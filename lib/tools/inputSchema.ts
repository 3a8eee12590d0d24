import type { JsonObject } from '../json.js';
import type { ArgumentLayout } from './argumentLayout.js';
import { closure, type Fragment, fragment, sizeOf, union } from './fragment.js';
import type { Schemas } from './schemas.js';

/** The dialect of everything the compiler writes; the only `$schema` that validators of arguments know. */
const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/**
 * The tool's input schema: the root is exactly an object, and nothing outside it is referred to. Unlisted
 * arguments are refused, because they would reach no one.
 */
export function inputSchema(layout: ArgumentLayout, schemas: Schemas): JsonObject {
  const properties = Object.fromEntries([...layout.properties].map(([key, part]) => [key, part.schema]));
  const required = [...new Set(layout.required)];
  const names = union(...[...layout.properties.values()].map((part) => part.definitions));
  if (layout.root !== null) return rootedInBody(layout.root, properties, required, schemas);
  return {
    type: 'object',
    properties,
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
    ...definitions(names, schemas),
  };
}

function rootedInBody(
  root: Fragment,
  properties: JsonObject,
  required: readonly string[],
  schemas: Schemas,
): JsonObject {
  const { $schema, type: _, properties: own, required: __, ...others } = root.schema;
  // What the body alone may look like is no example of arguments that parameters are among.
  const extended = Object.keys(properties).length > Object.keys(own ?? {}).length;
  const kept = Object.entries(others).filter(([key]) => !extended || !/^(?:examples?|default)$/.test(key));
  return {
    ...($schema === DIALECT ? { $schema } : {}),
    type: 'object',
    ...definitions(root.definitions, schemas),
    properties,
    ...(required.length > 0 ? { required } : {}),
    ...Object.fromEntries(kept),
  };
}

function definitions(names: ReadonlySet<string>, schemas: Schemas): JsonObject {
  const parts = closure(names, (name) => schemas.definition(name));
  if (parts.size === 0) return {};
  return { $defs: Object.fromEntries([...parts].map(([name, part]) => [name, part.schema])) };
}

/** What is left of schemas that are too large to list: their type and what they are for. */
export class LooseSchemas implements Schemas {
  readonly aliases: ReadonlyMap<string, string> = new Map();
  readonly #schemas: Schemas;

  constructor(schemas: Schemas) {
    this.#schemas = schemas;
  }

  convert(schema: Parameters<Schemas['convert']>[0]): Fragment {
    const { schema: full } = this.#schemas.expand(schema);
    const { type, description } = full;
    return fragment({
      ...(type === undefined ? {} : { type }),
      ...(type === 'array' ? { items: {} } : {}),
      ...(description === undefined ? {} : { description }),
    });
  }

  expand(schema: Parameters<Schemas['expand']>[0]): Fragment {
    return this.convert(schema);
  }

  definition(name: string): Fragment {
    return this.#schemas.definition(name);
  }
}

/** Of the aliases that a document needs, those this tool's arguments use; undefined = none. */
export function aliasesIn(
  schema: JsonObject,
  schemas: Schemas,
): Readonly<Record<string, string>> | undefined {
  if (schemas.aliases.size === 0) return undefined;
  const found = new Map<string, string>();
  const open: unknown[] = [schema];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    for (const key of Object.keys(value)) {
      const name = schemas.aliases.get(key);
      if (name !== undefined) found.set(key, name);
    }
    open.push(...Object.values(value));
  }
  return found.size === 0 ? undefined : Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Roughly the characters of the schema's JSON. */
export function inputSize(schema: JsonObject): number {
  return sizeOf(schema);
}
