import { isJsonObject, type Json, type JsonObject } from '../json.js';
import type { JsonLocation } from '../jsonPath.js';

type Container = Json[] | { [key: string]: Json };

/** `undefined` where there is nothing. */
export function valueAt(root: Json | undefined, location: JsonLocation): Json | undefined {
  let value = root;
  for (const key of location) value = childOf(value, key);
  return value;
}

function childOf(value: Json | undefined, key: string | number): Json | undefined {
  if (typeof key === 'number') return Array.isArray(value) ? value[key] : undefined;
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/**
 * A document under change: containers are copied when first written to, and once only. The original, and what
 * it shares with others, stays as it is.
 */
export class Draft {
  root: Json;
  readonly original: JsonObject;
  readonly #owned = new Set<unknown>();

  constructor(original: JsonObject) {
    this.original = original;
    this.root = original;
  }

  get(location: JsonLocation): Json | undefined {
    return valueAt(this.root, location);
  }

  /** Does nothing where a former write has removed the way to the location. */
  set(location: JsonLocation, value: Json): void {
    const key = location.at(-1);
    if (key === undefined) {
      this.root = value;
      return;
    }
    const parent = this.#ownContainer(location.slice(0, -1));
    if (parent !== null) put(parent, key, value);
  }

  remove(location: JsonLocation): void {
    const key = location.at(-1);
    const parent = key === undefined ? null : this.#ownContainer(location.slice(0, -1));
    if (parent === null || key === undefined) return;
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete parent[key];
  }

  #ownContainer(location: JsonLocation): Container | null {
    let container = this.#own(this.root);
    if (container === null) return null;
    this.root = container;
    for (const key of location) {
      const next = this.#own(childOf(container, key));
      if (next === null) return null;
      put(container, key, next);
      container = next;
    }
    return container;
  }

  #own(value: Json | undefined): Container | null {
    if (typeof value !== 'object' || value === null) return null;
    if (this.#owned.has(value)) return value as Container;
    const copy: Container = Array.isArray(value)
      ? [...(value as readonly Json[])]
      : { ...(value as JsonObject) };
    this.#owned.add(copy);
    return copy;
  }
}

/** Sets a key as data, whatever its name. */
export function put(container: Container, key: string | number, value: Json): void {
  if (Array.isArray(container)) container[Number(key)] = value;
  else Object.defineProperty(container, key, { value, writable: true, enumerable: true, configurable: true });
}
