import { type Fragment, fragment, union } from './fragment.js';
import { completed } from './schemaBuilder.js';
import { intersection, onlyAnnotates } from './schemaIntersection.js';

/** One part of an `allOf`. */
export interface Piece {
  readonly part: Fragment;
  /** A `$ref` that stays one: it can be described, not merged with. */
  readonly whole: boolean;
}

/** Everything the pieces demand, as one schema where that can be written, with `allOf` where it cannot. */
export function mergedPieces(pieces: readonly Piece[]): Fragment {
  const merged: Piece[] = [];
  for (const piece of pieces) {
    const index = merged.findIndex(({ whole }) => !whole || onlyAnnotates(piece.part.schema));
    const former = merged[index];
    const both = piece.whole || former === undefined ? null : intersection(former.part, piece.part);
    if (both === null || former === undefined) merged.push(piece);
    else merged[index] = { part: completed(both), whole: former.whole };
  }
  return bothOf(merged.map(({ part }) => part).filter(({ schema }) => Object.keys(schema).length > 0));
}

/** `allOf` the parts; a single one is itself. */
export function bothOf(parts: readonly Fragment[]): Fragment {
  const [first = fragment({}), ...rest] = parts;
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

/** The schema with a choice (`oneOf`, `anyOf`) added; the choice of one is none. */
export function withAlternatives(own: Fragment, key: string, parts: readonly Fragment[]): Fragment {
  const [only] = parts;
  const both = only !== undefined && parts.length === 1 ? intersection(only, own) : null;
  if (both !== null) return completed(both);
  return completed(
    fragment(
      { ...own.schema, [key]: parts.map(({ schema }) => schema) },
      union(own.definitions, ...parts.map(({ definitions }) => definitions)),
      own.omitted,
    ),
  );
}
