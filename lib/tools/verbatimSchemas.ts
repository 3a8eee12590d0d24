import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { isReference } from '../spec/reference.js';
import { DefinitionNames } from './definitionNames.js';
import { ANYTHING, type Fragment, fragment, union } from './fragment.js';
import { isValidKeyword } from './keywordShapes.js';
import type { References } from './references.js';
import { orNull } from './schemaBuilder.js';
import { type Keywords, typesOf } from './schemaKeywords.js';
import { childrenOf } from './schemaPositions.js';
import type { Schemas } from './schemas.js';

export interface VerbatimSettings {
  readonly references: References;
  /** OpenAPI 3.0 and Swagger 2.0: schemas are no JSON Schema 2020-12 yet, and are put into it. */
  readonly draft: boolean;
  readonly warn: (text: string) => void;
}

/**
 * The document's JSON Schema as it is: nothing is merged, renamed or left out. Only references change, because
 * they lead into a document the client does not have: each becomes one into `$defs`. `$id` would change what
 * they mean, and `x-mcp-header` would oblige clients to send it as a header; both go.
 */
export class VerbatimSchemas implements Schemas {
  readonly aliases: ReadonlyMap<string, string> = new Map();
  readonly #settings: VerbatimSettings;
  readonly #names = new DefinitionNames();
  readonly #bodies = new Map<JsonObject, Fragment>();

  constructor(settings: VerbatimSettings) {
    this.#settings = settings;
  }

  convert(schema: Json): Fragment {
    if (schema === false) return fragment({ not: {} });
    if (!isJsonObject(schema)) return ANYTHING;
    const names = new Set<string>();
    const copy = this.#copy(schema, schema, names);
    return isJsonObject(copy) ? fragment(copy, names) : ANYTHING;
  }

  expand(schema: Json): Fragment {
    const converted = this.convert(schema);
    const name = this.#names.nameIn(converted.schema);
    if (name === null) return converted;
    const { $ref: _, ...siblings } = converted.schema;
    const body = this.definition(name);
    const others = new Set([...converted.definitions].filter((other) => other !== name));
    return fragment({ ...body.schema, ...siblings }, union(body.definitions, others));
  }

  definition(name: string): Fragment {
    const target = this.#names.target(name);
    if (target === undefined) return ANYTHING;
    const known = this.#bodies.get(target);
    if (known !== undefined) return known;
    const body = this.convert(target);
    this.#bodies.set(target, body);
    return body;
  }

  #copy(schema: Json, scope: Json, names: Set<string>): Json {
    if (!isJsonObject(schema)) return typeof schema === 'boolean' ? schema : {};
    const copy: Keywords = {};
    for (const [keyword, value] of Object.entries(schema)) {
      if (keyword === '$id' || keyword === 'x-mcp-header') continue;
      if (keyword === '$schema' && schema !== scope) continue;
      if (keyword === '$defs' || keyword === 'definitions') {
        if (schema === scope) this.#adopt(value, names);
        continue;
      }
      const children = childrenOf(keyword, value);
      copy[keyword] = children === null ? value : children.map((child) => this.#copy(child, scope, names));
    }
    if (isReference(schema)) this.#redirect(schema.$ref, scope, copy, names);
    return this.#valid(modern(schema, copy, this.#settings.draft));
  }

  /** A schema's own definitions become the tool's, under their own names where these are free. */
  #adopt(definitions: Json, names: Set<string>): void {
    for (const [name, target] of Object.entries(isJsonObject(definitions) ? definitions : {})) {
      if (!isJsonObject(target)) continue;
      for (const adopted of this.#names.reference(target, `#/$defs/${name}`).definitions) names.add(adopted);
    }
  }

  /** A validator that throws at one keyword takes the whole tool down. */
  #valid(copy: Keywords): Keywords {
    for (const [keyword, value] of Object.entries(copy)) {
      if (isValidKeyword(keyword, value)) continue;
      this.#settings.warn(
        `"${keyword}": ${JSON.stringify(value).slice(0, 80)} is not valid and was left out`,
      );
      delete copy[keyword];
    }
    return copy;
  }

  #redirect(reference: string, scope: Json, copy: Keywords, names: Set<string>): void {
    const target = this.#settings.references.schema(reference, scope, this.#settings.draft);
    delete copy['$ref'];
    if (this.#settings.draft) {
      for (const keyword of Object.keys(copy)) if (!COUNTS_BESIDE.has(keyword)) delete copy[keyword];
    }
    if (target === null) {
      this.#settings.warn(`$ref "${reference}" leads nowhere; any value is accepted there`);
    } else if (isJsonObject(target.schema)) {
      if (isJsonObject(scope) && isJsonObject(scope['$defs'])) this.#adopt(scope['$defs'], names);
      const { schema, definitions } = this.#names.reference(target.schema, target.reference);
      copy['$ref'] = schema['$ref'] ?? '';
      for (const name of definitions) names.add(name);
    }
  }
}

/** What OpenAPI 3.0 documents mean to say beside a `$ref`; all else is to be ignored. */
const COUNTS_BESIDE: ReadonlySet<string> = new Set(['description', 'nullable']);

/** OpenAPI 3.0's own words, in 2020-12. Newer documents still use some of them. */
function modern(source: JsonObject, copy: Keywords, draft: boolean): Keywords {
  const result: Keywords = { ...copy };
  for (const [bound, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    if (typeof source[exclusive] !== 'boolean') continue;
    delete result[exclusive];
    const limit = source[bound];
    if (source[exclusive] !== true || limit === undefined) continue;
    result[exclusive] = limit;
    delete result[bound];
  }
  if (draft && Object.hasOwn(source, 'example')) {
    result['examples'] = [source['example'] ?? null];
    delete result['example'];
  }
  if (source['type'] === 'file') result['type'] = 'string';
  const { nullable } = result;
  delete result['nullable'];
  if (nullable !== true) return result;
  const typed = typesOf(result['type']).length > 0 || Object.hasOwn(result, '$ref');
  return typed ? { ...orNull(fragment(result)).schema } : result;
}
