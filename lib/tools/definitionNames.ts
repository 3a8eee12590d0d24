import type { JsonObject } from '../json.js';
import { pointerTokens } from '../spec/reference.js';
import { ARGUMENT_KEY, hashedKey } from './argumentKeys.js';
import { type Fragment, fragment } from './fragment.js';

const PREFIX = '#/$defs/';

/** Gives referenced schemas their names under `$defs`; the same schema always gets the same one. */
export class DefinitionNames {
  readonly #targets = new Map<string, JsonObject>();
  readonly #names = new Map<JsonObject, string>();

  /** A `$ref` to the definition that stands for `target`, which `reference` leads to. */
  reference(target: JsonObject, reference: string): Fragment {
    const name = this.#names.get(target) ?? this.#add(target, reference);
    return fragment({ $ref: PREFIX + name }, new Set([name]));
  }

  target(name: string): JsonObject | undefined {
    return this.#targets.get(name);
  }

  /** The name a converted schema refers to; null if it is no reference. */
  nameIn(schema: JsonObject): string | null {
    const reference = Object.hasOwn(schema, '$ref') ? schema['$ref'] : undefined;
    return typeof reference === 'string' && reference.startsWith(PREFIX)
      ? reference.slice(PREFIX.length)
      : null;
  }

  /** Component names are unique in a document; a schema elsewhere also says where. */
  #add(target: JsonObject, reference: string): string {
    const tokens = pointerTokens(reference) ?? [reference];
    const last = tokens.at(-1) ?? 'schema';
    const component = /^#\/(?:components\/schemas|definitions|\$defs)\/[^/]+$/.test(reference);
    const plain = component && ARGUMENT_KEY.test(last) ? last : hashedKey(last, reference);
    let name = plain;
    for (let turn = 0; this.#targets.has(name); turn += 1) name = hashedKey(last, `${reference} ${turn}`);
    this.#targets.set(name, target);
    this.#names.set(target, name);
    return name;
  }
}
