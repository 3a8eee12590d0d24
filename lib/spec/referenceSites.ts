import { isReference } from './reference.js';

/** A parsed value that may be changed in place: it is this build's own. */
export type Writable = { [key: string]: unknown } | unknown[];

/** A place in a document where a reference stands. */
export interface ReferenceSite {
  /** The reference as it is written. */
  readonly text: string;
  /** True where the target is a map of named things (`paths`, `properties`) rather than one thing. */
  readonly isMap: boolean;
  /** Puts another reference in its place. */
  rewrite(text: string): void;
  /** Puts the target itself in its place. */
  replace(value: unknown): void;
}

/** Keys whose values are data, or lead to no operation of the API: what looks like a reference there is none. */
const PASSED_OVER: ReadonlySet<string> = new Set([
  ...['default', 'example', 'examples', 'enum', 'const', 'value'],
  ...['info', 'tags', 'externalDocs', 'callbacks', 'links', 'webhooks', 'security'],
]);

/** Keys whose values are maps: the keys there are names, `$ref`, `example` and `x-…` included. */
const MAPS: ReadonlySet<string> = new Set([
  ...['paths', 'responses', 'headers', 'content', 'encoding', 'variables', 'additionalOperations'],
  ...['schemas', 'parameters', 'requestBodies', 'securitySchemes', 'pathItems', 'mediaTypes'],
  ...['securityDefinitions', 'definitions', '$defs', 'properties', 'patternProperties', 'dependentSchemas'],
]);

interface Visit {
  readonly value: unknown;
  readonly isMap: boolean;
  readonly holder: Writable | null;
  readonly key: string | number;
}

/**
 * Finds references by where they stand. One instance remembers what it has seen, so that every node is
 * visited once however many references lead to it.
 */
export class ReferenceWalk {
  readonly #seen: readonly [things: Set<unknown>, maps: Set<unknown>] = [new Set(), new Set()];
  readonly #sites = new Set<unknown>();

  /** The sites under `root` that were not found before, in document order. */
  *sitesUnder(root: unknown, isMap: boolean): Generator<ReferenceSite> {
    const pending: Visit[] = [{ value: root, isMap, holder: null, key: '' }];
    for (let visit = pending.pop(); visit !== undefined; visit = pending.pop()) {
      const { value } = visit;
      if (typeof value !== 'object' || value === null) continue;
      const seen = this.#seen[visit.isMap ? 1 : 0];
      if (seen.has(value)) continue;
      seen.add(value);
      if (isReference(value) && !this.#sites.has(value)) {
        this.#sites.add(value);
        yield siteOf(visit, value.$ref);
      }
      if (Array.isArray(value)) {
        // Backwards, since the last one in is the first one out.
        for (let key = value.length - 1; key >= 0; key -= 1) {
          pending.push({ value: value[key], isMap: false, holder: value, key });
        }
        continue;
      }
      yield* this.#children(value as { [key: string]: unknown }, visit.isMap, pending);
    }
  }

  *#children(holder: { [key: string]: unknown }, isMap: boolean, pending: Visit[]): Generator<ReferenceSite> {
    for (const key of Object.keys(holder).reverse()) {
      const value = holder[key];
      if (typeof value !== 'object' || value === null) continue;
      if (isMap) pending.push({ value, isMap: false, holder, key });
      else if (key === 'discriminator') yield* this.#mappingSites(value);
      else if (!PASSED_OVER.has(key) && !key.startsWith('x-')) {
        pending.push({ value, isMap: MAPS.has(key), holder, key });
      }
    }
  }

  /** `discriminator.mapping` holds references and bare schema names; only what is plainly a reference counts. */
  *#mappingSites(discriminator: object): Generator<ReferenceSite> {
    const mapping = (discriminator as { mapping?: unknown }).mapping;
    if (typeof mapping !== 'object' || mapping === null || this.#sites.has(mapping)) return;
    this.#sites.add(mapping);
    const entries = mapping as { [key: string]: unknown };
    for (const [key, text] of Object.entries(entries)) {
      if (typeof text !== 'string' || !/#|^\.{0,2}\/|^https?:|\.(?:ya?ml|json)$/.test(text)) continue;
      yield {
        text,
        isMap: false,
        rewrite: (next) => {
          entries[key] = next;
        },
        replace: () => {},
      };
    }
  }
}

function siteOf({ value, isMap, holder, key }: Visit, text: string): ReferenceSite {
  return {
    text,
    isMap,
    rewrite: (next) => {
      (value as { [key: string]: unknown })['$ref'] = next;
    },
    replace: (target) => {
      if (holder !== null) Object.defineProperty(holder, key, { ...PLAIN, value: target });
    },
  };
}

/** As an assignment makes it, whatever the key: `__proto__` too is then a key like any other. */
const PLAIN = { writable: true, enumerable: true, configurable: true };
