import { JSONPathEnvironment, type JSONValue } from 'json-p3';
import { messageOf } from './errors.js';

/**
 * Strict RFC 9535: no extensions, so that a filter means the same in every tool. Documents are at most 200
 * levels deep (yaml.ts), so `..` never meets the limit.
 */
const environment = new JSONPathEnvironment({ strict: true, maxRecursionDepth: 256 });

/** A location in a document: the keys and indices from the root. */
export type JsonLocation = readonly (string | number)[];

/** null if `text` is a well-formed RFC 9535 query, else what is wrong with it, in one line. */
export function jsonPathProblem(text: string): string | null {
  if (!text.startsWith('$')) return 'must start with $';
  try {
    environment.compile(text);
    return null;
  } catch (error) {
    return messageOf(error).replaceAll(/\s+/g, ' ');
  }
}

/**
 * The locations of every node that the query selects, in document order.
 * @throws if `text` is not well-formed; check with `jsonPathProblem` first.
 */
export function selectLocations(root: unknown, text: string): JsonLocation[] {
  const locations: JsonLocation[] = [];
  for (const node of environment.compile(text).lazyQuery(root as JSONValue)) locations.push(node.location);
  return locations;
}
