import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { isReference, pointerTokens, resolvePointer } from '../spec/reference.js';

/** What makes one operation unusable; the compiler drops the operation and says so. */
export class OperationProblem extends Error {}

/** Where a schema `$ref` leads. */
export interface SchemaTarget {
  readonly schema: Json;
  /** The reference that led there at last, e.g. `#/components/schemas/Pet`. */
  readonly reference: string;
}

const MAX_HOPS = 50;

/** Follows the references of one document. Remembers where they lead. */
export class References {
  readonly #root: JsonObject;
  readonly #pointers = new Map<string, Json | undefined>();
  #anchors: ReadonlyMap<string, Json> | null = null;

  constructor(root: JsonObject) {
    this.#root = root;
  }

  /**
   * The object that stands here or that the Reference Object here leads to; null if nothing is there.
   * Siblings of the `$ref` that OpenAPI 3.1 allows (`summary`, `description`) override.
   * @throws OperationProblem if it is no object, or the reference leads nowhere.
   */
  object(value: Json | undefined, what: string): JsonObject | null {
    if (value === undefined || value === null) return null;
    let current: Json = value;
    let siblings: JsonObject = {};
    for (let hop = 0; isReference(current); hop += 1) {
      const next = this.#lookup(current.$ref);
      if (next === undefined || hop === MAX_HOPS) {
        throw new OperationProblem(`${what}: $ref "${current.$ref}" leads nowhere`);
      }
      const { $ref: _, ...own } = current as JsonObject;
      siblings = { ...own, ...siblings };
      current = next;
    }
    if (!isJsonObject(current)) throw new OperationProblem(`${what} is not an object`);
    return Object.keys(siblings).length === 0 ? current : { ...current, ...siblings };
  }

  /**
   * The schema a `$ref` leads to, through schemas that are nothing but another `$ref`.
   * @param scope The outermost schema around the `$ref`: `#/$defs/…` may be meant within it.
   * @param ignoreSiblings OpenAPI 3.0: what stands beside a `$ref` does not count.
   */
  schema(reference: string, scope: Json, ignoreSiblings: boolean): SchemaTarget | null {
    let current = reference;
    for (let hop = 0; hop < MAX_HOPS; hop += 1) {
      const value = this.#lookup(current) ?? within(scope, current);
      if (value === undefined) return null;
      if (!isReference(value) || (!ignoreSiblings && Object.keys(value).length > 1)) {
        return { schema: value, reference: current };
      }
      current = value.$ref;
    }
    return null;
  }

  #lookup(reference: string): Json | undefined {
    const known = this.#pointers.get(reference);
    if (known !== undefined || this.#pointers.has(reference)) return known;
    const found =
      pointerTokens(reference) === null
        ? this.#anchor(reference)
        : resolvePointer(this.#root, reference).value;
    this.#pointers.set(reference, found);
    return found;
  }

  /** `#name` (`$anchor`) and whole `$id`s; the document is searched once, and only if it uses such a reference. */
  #anchor(reference: string): Json | undefined {
    this.#anchors ??= anchorsOf(this.#root['components'] ?? null);
    return this.#anchors.get(reference);
  }
}

function within(scope: Json, reference: string): Json | undefined {
  return pointerTokens(reference) === null
    ? anchorsOf(scope).get(reference)
    : resolvePointer(scope, reference).value;
}

function anchorsOf(root: Json): ReadonlyMap<string, Json> {
  const anchors = new Map<string, Json>();
  const open: Json[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (isJsonObject(value)) {
      for (const keyword of ['$anchor', '$dynamicAnchor'] as const) {
        const name = Object.hasOwn(value, keyword) ? value[keyword] : undefined;
        if (typeof name === 'string') anchors.set(`#${name}`, value);
      }
      const id = Object.hasOwn(value, '$id') ? value['$id'] : undefined;
      if (typeof id === 'string') anchors.set(id, value);
    }
    if (typeof value === 'object' && value !== null) open.push(...(Object.values(value) as Json[]));
  }
  return anchors;
}
