import type { Json } from '../json.js';
import type { Fragment } from './fragment.js';

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
