import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { isReference } from '../spec/reference.js';
import type { References } from './references.js';
import { positionsIn } from './schemaPositions.js';

/** A `$ref` from one referenced schema to another. */
interface Edge {
  readonly target: JsonObject;
  /** The `$ref` judges the same value as the schema it stands in. */
  readonly inPlace: boolean;
  /** In place, and not through `allOf`. */
  readonly alternative: boolean;
}

/**
 * How the referenced schemas of a document lead to each other. Says which are recursive, so that only those
 * have to become `$defs`. Every schema is walked once per document.
 */
export class SchemaGraph {
  readonly #references: References;
  readonly #ignoreSiblings: boolean;
  readonly #edges = new Map<JsonObject, readonly Edge[]>();
  readonly #recursive = new Map<JsonObject, boolean>();

  constructor(references: References, ignoreSiblings: boolean) {
    this.#references = references;
    this.#ignoreSiblings = ignoreSiblings;
  }

  /** True if the schema can hold itself, at any depth. */
  isRecursive(target: JsonObject): boolean {
    const known = this.#recursive.get(target);
    if (known !== undefined) return known;
    this.#findCycles(target);
    return this.#recursive.get(target) === true;
  }

  /** True if judging a value by one of the `$ref`s in `start` leads to judging the same value by one of `goals`. */
  leadsBack(
    start: JsonObject,
    goals: ReadonlySet<JsonObject>,
    through: 'inPlace' | 'alternative',
    scope: JsonObject = start,
  ): boolean {
    const seen = new Set<JsonObject>();
    const open = this.#read(start, scope)
      .filter((edge) => edge[through])
      .map((edge) => edge.target);
    for (let target = open.pop(); target !== undefined; target = open.pop()) {
      if (goals.has(target)) return true;
      if (seen.has(target)) continue;
      seen.add(target);
      for (const edge of this.#edgesOf(target)) if (edge[through]) open.push(edge.target);
    }
    return false;
  }

  #edgesOf(target: JsonObject): readonly Edge[] {
    const known = this.#edges.get(target);
    if (known !== undefined) return known;
    const edges = this.#read(target, target);
    this.#edges.set(target, edges);
    return edges;
  }

  #read(start: JsonObject, scope: JsonObject): Edge[] {
    const edges: Edge[] = [];
    const walk = (schema: Json, inPlace: boolean, alternative: boolean): void => {
      if (!isJsonObject(schema)) return;
      if (isReference(schema)) {
        const target = this.#references.schema(schema.$ref, scope, this.#ignoreSiblings)?.schema;
        if (isJsonObject(target)) edges.push({ target, inPlace, alternative });
        if (this.#ignoreSiblings) return;
      }
      for (const position of positionsIn(schema)) {
        const same = inPlace && position.inPlace;
        walk(position.schema, same, same && alternative && position.keyword !== 'allOf');
      }
    };
    walk(start, true, true);
    return edges;
  }

  /** Tarjan's strongly connected components, with a stack of its own: chains of references can be very long. */
  #findCycles(start: JsonObject): void {
    interface Visit {
      readonly target: JsonObject;
      readonly edges: readonly Edge[];
      next: number;
    }
    const order = new Map<JsonObject, number>();
    const low = new Map<JsonObject, number>();
    const component: JsonObject[] = [];
    const visits: Visit[] = [];
    const enter = (target: JsonObject): void => {
      order.set(target, order.size);
      low.set(target, order.size - 1);
      component.push(target);
      visits.push({ target, edges: this.#edgesOf(target), next: 0 });
    };
    const lower = (target: JsonObject, value: number | undefined): void => {
      low.set(target, Math.min(low.get(target) ?? Infinity, value ?? Infinity));
    };
    enter(start);
    for (let visit = visits.at(-1); visit !== undefined; visit = visits.at(-1)) {
      const edge = visit.edges[visit.next];
      visit.next += 1;
      if (edge !== undefined) {
        if (this.#recursive.has(edge.target)) continue;
        if (order.has(edge.target)) lower(visit.target, order.get(edge.target));
        else enter(edge.target);
        continue;
      }
      visits.pop();
      const parent = visits.at(-1);
      if (parent !== undefined) lower(parent.target, low.get(visit.target));
      if (low.get(visit.target) !== order.get(visit.target)) continue;
      const members = component.splice(component.lastIndexOf(visit.target));
      const loops = members.length > 1 || visit.edges.some((own) => own.target === visit.target);
      for (const member of members) this.#recursive.set(member, loops);
    }
  }
}
