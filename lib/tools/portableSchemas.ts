import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { isReference } from '../spec/reference.js';
import { type Alternative, combinedAlternatives } from './alternatives.js';
import { DefinitionNames } from './definitionNames.js';
import { ANYTHING, type Fragment, fragment, sizeOf, union } from './fragment.js';
import { aliasOf } from './propertyAlias.js';
import type { References } from './references.js';
import { completed, orNull, SchemaBuilder } from './schemaBuilder.js';
import type { SchemaGraph } from './schemaGraph.js';
import { intersection, onlyAnnotates } from './schemaIntersection.js';
import { valueKeywords } from './schemaKeywords.js';

/** Turns schemas of a document into self-contained fragments of a tool's schema. */
export interface Schemas {
  /** The schema as it stands in another one: a recursive or large one may be a `$ref` into `$defs`. */
  convert(schema: Json): Fragment;
  /** The schema itself, never a bare `$ref`: to look into it. */
  expand(schema: Json): Fragment;
  /** What a name of `Fragment.definitions` stands for. */
  definition(name: string): Fragment;
  /** Alias → name on the wire, of everything converted so far (`aliasOf`). */
  readonly aliases: ReadonlyMap<string, string>;
}

export interface PortableSettings {
  readonly references: References;
  readonly graph: SchemaGraph;
  /** OpenAPI 3.0 and Swagger 2.0: beside a `$ref` only a description counts. */
  readonly ignoreSiblings: boolean;
  /** `input`: what a caller sends, without `readOnly`. `output`: what it gets, without `writeOnly`. */
  readonly direction: 'input' | 'output';
  /** Characters of JSON up to which a referenced schema is written out where it is used. */
  readonly inlineLimit: number;
  readonly warn: (text: string) => void;
}

/** Where a schema stands. */
interface Place {
  /** The outermost schema around it; `#/$defs/…` may be meant within. */
  readonly scope: Json;
  /** Referenced schemas that judge the very same value, outermost first. */
  readonly chain: ReadonlySet<JsonObject>;
  readonly depth: number;
}

/** One part of an `allOf`, and whether it may be merged with the others. */
interface Piece {
  readonly part: Fragment;
  readonly whole: boolean;
}

const MAX_DEPTH = 256;
/** Characters of JSON beyond which one referenced schema is not written out at all. */
const MAX_SIZE = 512 * 1024;
const NO_CHAIN: ReadonlySet<JsonObject> = new Set();

/**
 * Conversion to what every client and LLM API accepts. Context-free: what a schema becomes depends on the
 * document alone, so every schema is converted once and shared by all tools that use it.
 */
export class PortableSchemas implements Schemas {
  readonly aliases = new Map<string, string>();
  readonly #settings: PortableSettings;
  readonly #names = new DefinitionNames();
  readonly #bodies = new Map<JsonObject, Fragment>();
  readonly #inline = new Map<JsonObject, Fragment>();

  constructor(settings: PortableSettings) {
    this.#settings = settings;
  }

  convert(schema: Json): Fragment {
    return this.#schema(schema, { scope: schema, chain: NO_CHAIN, depth: 0 }) ?? ANYTHING;
  }

  expand(schema: Json): Fragment {
    const converted = this.convert(schema);
    const name = this.#names.nameIn(converted.schema);
    if (name === null) return converted;
    const { $ref: _, ...siblings } = converted.schema;
    const body = this.definition(name);
    return intersection(body, fragment(siblings)) ?? body;
  }

  definition(name: string): Fragment {
    const target = this.#names.target(name);
    return target === undefined ? ANYTHING : this.#body(target, 0);
  }

  /** null: nothing can be said, because the schema is judged by nothing but itself. */
  #schema(source: Json, place: Place): Fragment | null {
    if (source === false) return fragment({ not: {} });
    if (!isJsonObject(source)) return ANYTHING;
    if (place.depth > MAX_DEPTH) {
      this.#settings.warn('a schema is nested too deeply and was simplified');
      return ANYTHING;
    }
    if (isReference(source)) return this.#reference(source, place);
    if (place.chain.size > 0) return this.#combined(source, place);
    const known = this.#inline.get(source);
    if (known !== undefined) return known;
    const converted = this.#combined(source, place);
    this.#inline.set(source, converted);
    return converted;
  }

  #reference(source: JsonObject & { readonly $ref: string }, place: Place): Fragment | null {
    const target = this.#settings.references.schema(source.$ref, place.scope, this.#settings.ignoreSiblings);
    if (target === null)
      this.#settings.warn(`$ref "${source.$ref}" leads nowhere; any value is accepted there`);
    const base = target === null ? ANYTHING : this.#target(target.schema, target.reference, place);
    const beside = this.#siblings(source);
    if (base === null || beside === null) return base;
    const extra = this.#schema(beside, place) ?? ANYTHING;
    return intersection(base, extra) ?? this.#all([base, extra]);
  }

  #siblings(source: JsonObject): JsonObject | null {
    const { $ref: _, description, ...others } = source;
    const counted = {
      ...(typeof description === 'string' ? { description } : {}),
      ...(this.#settings.ignoreSiblings ? {} : others),
    };
    return Object.keys(counted).length === 0 ? null : counted;
  }

  #target(schema: Json, reference: string, place: Place): Fragment | null {
    if (!isJsonObject(schema)) return this.#schema(schema, place);
    if (place.chain.has(schema)) return null;
    if (this.#settings.graph.isRecursive(schema)) {
      const circular =
        place.chain.size > 0 && this.#settings.graph.leadsBack(schema, place.chain, 'alternative');
      return circular ? null : this.#names.reference(schema, reference);
    }
    const body = this.#body(schema, place.depth + 1);
    return sizeOf(body.schema) <= this.#settings.inlineLimit
      ? body
      : this.#names.reference(schema, reference);
  }

  #body(target: JsonObject, depth: number): Fragment {
    const known = this.#bodies.get(target);
    if (known !== undefined) return known;
    const converted = this.#schema(target, { scope: target, chain: new Set([target]), depth }) ?? ANYTHING;
    const body = sizeOf(converted.schema) <= MAX_SIZE ? converted : this.#simplified(converted);
    this.#bodies.set(target, body);
    return body;
  }

  #simplified(part: Fragment): Fragment {
    this.#settings.warn('a schema is too large and was simplified to its type');
    const { type, description } = part.schema;
    return completed(
      fragment({
        ...(type === undefined ? {} : { type }),
        ...(description === undefined ? {} : { description }),
      }),
    );
  }

  #combined(source: JsonObject, place: Place): Fragment {
    const pieces = this.#pieces(source, place);
    const merged = this.#merged(pieces);
    return source['nullable'] === true ? orNull(merged) : merged;
  }

  /** The schema's own keywords last, after those of everything its `allOf` leads to. */
  #pieces(source: JsonObject, place: Place): Piece[] {
    const own = this.#own(source, place);
    const members = Array.isArray(source['allOf']) ? (source['allOf'] as readonly Json[]) : [];
    const [only] = members;
    if (only !== undefined && members.length === 1 && onlyAnnotates(own.schema)) {
      const base = this.#schema(only, place);
      return base === null
        ? [{ part: own, whole: false }]
        : [base, own].map((part) => ({ part, whole: false }));
    }
    return [...members.flatMap((member) => this.#member(member, place)), { part: own, whole: false }];
  }

  #member(member: Json, place: Place): Piece[] {
    if (!isJsonObject(member)) return [{ part: this.#schema(member, place) ?? ANYTHING, whole: false }];
    if (!isReference(member)) return this.#pieces(member, place);
    const { references, graph, ignoreSiblings } = this.#settings;
    const target = references.schema(member.$ref, place.scope, ignoreSiblings)?.schema;
    const recursive = isJsonObject(target) && graph.isRecursive(target);
    if (!isJsonObject(target) || isReference(target) || (recursive && place.chain.size === 0)) {
      const part = this.#reference(member, place);
      return part === null ? [] : [{ part, whole: recursive }];
    }
    if (place.chain.has(target)) return [];
    const chain = new Set([...place.chain, target]);
    // A base that lists its heirs as alternatives would judge the heir by the heir again, without end.
    const base =
      recursive && hasAlternatives(target) && this.#leadsBack(target, place.chain)
        ? uncommitted(target)
        : target;
    const beside = this.#siblings(member);
    return [
      ...this.#pieces(base, { scope: target, chain, depth: place.depth + 1 }),
      ...(beside === null ? [] : this.#pieces(beside, place)),
    ];
  }

  #leadsBack(target: JsonObject, chain: ReadonlySet<JsonObject>): boolean {
    const { oneOf = [], anyOf = [] } = target;
    return this.#settings.graph.leadsBack({ oneOf, anyOf }, chain, 'inPlace', target);
  }

  #merged(pieces: readonly Piece[]): Fragment {
    const parts: Piece[] = [];
    for (const piece of pieces) {
      const index = parts.findIndex(({ whole }) => !whole || onlyAnnotates(piece.part.schema));
      const former = parts[index];
      const both = piece.whole || former === undefined ? null : intersection(former.part, piece.part);
      if (both === null || former === undefined) parts.push(piece);
      else parts[index] = { part: completed(both), whole: former.whole };
    }
    const filled = parts.filter(({ part }) => Object.keys(part.schema).length > 0);
    return this.#all(filled.map(({ part }) => part));
  }

  #all(parts: readonly Fragment[]): Fragment {
    const [first = ANYTHING, ...rest] = parts;
    if (rest.length === 0) return first;
    const object = parts.every(({ schema }) => schema['type'] === 'object');
    const description = parts.at(-1)?.schema['description'];
    return completed(
      fragment(
        {
          ...(object ? { type: 'object' } : {}),
          ...(description === undefined ? {} : { description }),
          allOf: parts.map(({ schema }) => schema),
        },
        union(...parts.map(({ definitions }) => definitions)),
        union(...parts.map(({ omitted }) => omitted)),
      ),
    );
  }

  #own(source: JsonObject, place: Place): Fragment {
    const builder = new SchemaBuilder(valueKeywords(source, this.#settings.warn));
    const inside: Place = { scope: place.scope, chain: NO_CHAIN, depth: place.depth + 1 };
    this.#objectKeywords(source, builder, inside);
    this.#arrayKeywords(source, builder, inside);
    const same: Place = { ...place, depth: place.depth + 1 };
    for (const key of ['not', 'if', 'then', 'else'] as const) {
      if (!Object.hasOwn(source, key)) continue;
      const part = this.#schema(source[key] ?? null, same);
      if (part !== null) builder.put(key, part);
    }
    const alternatives = combinedAlternatives(source, (member) => this.#alternative(member, same));
    for (const [key, parts] of alternatives) builder.putList(key, parts);
    return builder.build();
  }

  #alternative(member: Json, place: Place): Alternative | null {
    const part = this.#schema(member, place);
    if (part === null) return null;
    const reference = isReference(member) ? member.$ref : null;
    const target =
      reference === null
        ? null
        : this.#settings.references.schema(reference, place.scope, this.#settings.ignoreSiblings);
    return {
      part,
      reference,
      leadsTo: (other) => {
        const name = other.includes('/') || other.startsWith('#') ? other : `#/components/schemas/${other}`;
        const found = this.#settings.references.schema(name, place.scope, this.#settings.ignoreSiblings);
        return found !== null && target !== null && found.schema === target.schema;
      },
    };
  }

  #objectKeywords(source: JsonObject, builder: SchemaBuilder, place: Place): void {
    const output = this.#settings.direction === 'output';
    const properties = new Map<string, Fragment>();
    if (isJsonObject(source['properties'])) {
      for (const [name, schema] of Object.entries(source['properties'])) {
        const key = this.#key(name);
        if (schema === false || key === null || this.#isOmitted(schema, place, 0)) builder.omit(key ?? name);
        else properties.set(key, this.#schema(schema, place) ?? ANYTHING);
      }
      builder.putMap('properties', properties);
    }
    if (Array.isArray(source['required'])) {
      const names = (source['required'] as readonly Json[]).filter((name) => typeof name === 'string');
      const keys = [...new Set(names)].map((name) => this.#key(name)).filter((key) => key !== null);
      if (keys.length > 0) builder.keywords['required'] = keys;
    }
    const additional = source['additionalProperties'];
    if (additional === true || (additional === false && !output))
      builder.keywords['additionalProperties'] = additional;
    else if (isJsonObject(additional))
      builder.put('additionalProperties', this.#schema(additional, place) ?? ANYTHING);
    if (isJsonObject(source['propertyNames'])) {
      builder.put('propertyNames', this.#schema(source['propertyNames'], place) ?? ANYTHING);
    }
  }

  /** The key a property is listed under; null = not at all. What an answer calls it cannot be changed. */
  #key(name: string): string | null {
    const alias = aliasOf(name);
    if (alias === name) return name;
    if (this.#settings.direction === 'output') return null;
    this.aliases.set(alias, name);
    return alias;
  }

  /** True for a `readOnly` property of input and a `writeOnly` one of output, wherever the word stands. */
  #isOmitted(schema: Json, place: Place, hops: number): boolean {
    if (!isJsonObject(schema) || hops > 8) return false;
    if (schema[this.#settings.direction === 'input' ? 'readOnly' : 'writeOnly'] === true) return true;
    if (isReference(schema)) {
      const target = this.#settings.references.schema(
        schema.$ref,
        place.scope,
        this.#settings.ignoreSiblings,
      );
      return target !== null && this.#isOmitted(target.schema, { ...place, scope: target.schema }, hops + 1);
    }
    const members = schema['allOf'];
    return Array.isArray(members) && members.some((member: Json) => this.#isOmitted(member, place, hops + 1));
  }

  #arrayKeywords(source: JsonObject, builder: SchemaBuilder, place: Place): void {
    const { items, contains } = source;
    const tuple = Array.isArray(items) ? (items as readonly Json[]) : source['prefixItems'];
    if (Array.isArray(tuple) && tuple.length > 0) {
      builder.putList(
        'prefixItems',
        tuple.map((item: Json) => this.#schema(item, place) ?? ANYTHING),
      );
    }
    const rest = Array.isArray(items) ? source['additionalItems'] : items;
    if (rest === false) builder.keywords['maxItems'] = Array.isArray(tuple) ? tuple.length : 0;
    if (isJsonObject(rest)) builder.put('items', this.#schema(rest, place) ?? ANYTHING);
    else if (items !== undefined) builder.put('items', ANYTHING);
    if (isJsonObject(contains)) builder.put('contains', this.#schema(contains, place) ?? ANYTHING);
  }
}

function hasAlternatives(schema: JsonObject): boolean {
  return Object.hasOwn(schema, 'oneOf') || Object.hasOwn(schema, 'anyOf');
}

/** The schema without its alternatives. */
function uncommitted(schema: JsonObject): JsonObject {
  const { oneOf: _, anyOf: __, ...rest } = schema;
  return rest;
}
