import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { isReference } from '../spec/reference.js';
import { type Alternative, combinedAlternatives } from './alternatives.js';
import { bothOf, mergedPieces, type Piece, withAlternatives } from './composition.js';
import { DefinitionNames } from './definitionNames.js';
import { ANYTHING, type Fragment, fragment, sizeOf } from './fragment.js';
import type { References, SchemaTarget } from './references.js';
import { completed, orNull, SchemaBuilder } from './schemaBuilder.js';
import type { SchemaGraph } from './schemaGraph.js';
import { intersection, onlyAnnotates } from './schemaIntersection.js';
import { valueKeywords } from './schemaKeywords.js';
import type { Schemas } from './schemas.js';
import { addStructure } from './structureKeywords.js';

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

const MAX_DEPTH = 256;
/** Characters of JSON beyond which one referenced schema is not written out at all. */
const MAX_SIZE = 512 * 1024;
const IN_PLACE = ['oneOf', 'anyOf', 'not', 'if', 'then', 'else'] as const;
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
  readonly #owns = new Map<JsonObject, Fragment>();
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
    const target = this.#resolve(source.$ref, place.scope);
    if (target === null)
      this.#settings.warn(`$ref "${source.$ref}" leads nowhere; any value is accepted there`);
    const base = target === null ? ANYTHING : this.#target(target.schema, target.reference, place);
    const beside = this.#siblings(source);
    if (base === null || beside === null) return base;
    const extra = this.#schema(beside, place) ?? ANYTHING;
    return intersection(base, extra) ?? bothOf([base, extra]);
  }

  #resolve(reference: string, scope: Json): SchemaTarget | null {
    return this.#settings.references.schema(reference, scope, this.#settings.ignoreSiblings);
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
    const pieces = this.#pieces(source, place, new Set());
    const merged = mergedPieces(pieces);
    return source['nullable'] === true ? orNull(merged) : merged;
  }

  /**
   * The schema's own keywords last, after those of everything its `allOf` leads to.
   * @param bases What has already been taken in: what several bases share counts once.
   */
  #pieces(source: JsonObject, place: Place, bases: Set<JsonObject>): Piece[] {
    const own: Piece = { part: this.#own(source, place), whole: false };
    const members = Array.isArray(source['allOf']) ? (source['allOf'] as readonly Json[]) : [];
    const [only] = members;
    const annotated = only !== undefined && members.length === 1 && onlyAnnotates(own.part.schema);
    // An heir that is nothing but its base must still be told from it, or the two would refer to each other.
    if (annotated && (place.chain.size === 0 || !this.#isRecursive(only, place))) {
      const base = this.#schema(only, place);
      return base === null ? [own] : [{ part: base, whole: false }, own];
    }
    return [...members.flatMap((member) => this.#member(member, place, bases)), own];
  }

  #member(member: Json, place: Place, bases: Set<JsonObject>): Piece[] {
    if (!isJsonObject(member)) return [{ part: this.#schema(member, place) ?? ANYTHING, whole: false }];
    if (!isReference(member)) return this.#pieces(member, place, bases);
    const target = this.#resolve(member.$ref, place.scope)?.schema;
    const recursive = this.#isRecursive(member, place);
    if (!isJsonObject(target) || isReference(target) || (recursive && place.chain.size === 0)) {
      const part = this.#reference(member, place);
      return part === null ? [] : [{ part, whole: recursive }];
    }
    if (place.chain.has(target) || bases.has(target)) return [];
    bases.add(target);
    const inside = { scope: target, chain: new Set([...place.chain, target]), depth: place.depth + 1 };
    // A base that lists its heirs as alternatives would judge the heir by the heir again, without end.
    const endless = recursive && hasAlternatives(target) && this.#leadsBack(target, place.chain);
    const beside = this.#siblings(member);
    return [
      ...this.#pieces(endless ? uncommitted(target) : target, inside, bases),
      ...(beside === null ? [] : this.#pieces(beside, place, bases)),
    ];
  }

  #isRecursive(member: Json, place: Place): boolean {
    const target = isReference(member) ? this.#resolve(member.$ref, place.scope)?.schema : undefined;
    return isJsonObject(target) && this.#settings.graph.isRecursive(target);
  }

  #leadsBack(target: JsonObject, chain: ReadonlySet<JsonObject>): boolean {
    const { oneOf = [], anyOf = [] } = target;
    return this.#settings.graph.leadsBack({ oneOf, anyOf }, chain, 'inPlace', target);
  }

  /** The keywords beside `allOf`. Without those that judge the same value, the place does not matter. */
  #own(source: JsonObject, place: Place): Fragment {
    const known = this.#owns.get(source);
    if (known !== undefined) return known;
    const own = this.#ownKeywords(source, place);
    if (!IN_PLACE.some((key) => Object.hasOwn(source, key))) this.#owns.set(source, own);
    return own;
  }

  #ownKeywords(source: JsonObject, place: Place): Fragment {
    const builder = new SchemaBuilder(valueKeywords(source, this.#settings.warn));
    const inside: Place = { scope: place.scope, chain: NO_CHAIN, depth: place.depth + 1 };
    addStructure(source, builder, {
      direction: this.#settings.direction,
      aliases: this.aliases,
      convert: (schema) => this.#schema(schema, inside) ?? ANYTHING,
      resolve: (reference, scope) => this.#resolve(reference, scope)?.schema,
      scope: place.scope,
    });
    const same: Place = { ...place, depth: place.depth + 1 };
    for (const key of ['not', 'if', 'then', 'else'] as const) {
      if (!Object.hasOwn(source, key)) continue;
      const part = this.#schema(source[key] ?? null, same);
      if (part !== null) builder.put(key, part);
    }
    let own = builder.build();
    const alternatives = combinedAlternatives(source, (member) => this.#alternative(member, same));
    for (const [key, parts] of alternatives) own = withAlternatives(own, key, parts);
    return own;
  }

  #alternative(member: Json, place: Place): Alternative | null {
    const part = this.#schema(member, place);
    if (part === null) return null;
    const reference = isReference(member) ? member.$ref : null;
    const target = reference === null ? null : this.#resolve(reference, place.scope);
    return {
      part,
      reference,
      leadsTo: (other) => {
        const name = other.includes('/') || other.startsWith('#') ? other : `#/components/schemas/${other}`;
        const found = this.#resolve(name, place.scope);
        return found !== null && target !== null && found.schema === target.schema;
      },
    };
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
