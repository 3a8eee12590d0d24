import { JSONPathEnvironment, jsonpath } from 'json-p3';

const environment = new JSONPathEnvironment({ strict: true });

type Name = (name: string) => boolean;

const exactly =
  (expected: string): Name =>
  (name) =>
    name === expected;
const anything: Name = () => true;
const isPath: Name = (name) => name.startsWith('/');
const METHODS: ReadonlySet<string> = new Set('get put post delete options head patch trace query'.split(' '));
const isMethod: Name = (name) => METHODS.has(name);

/** Where operations are in an OpenAPI document, level by level; all of them are members of objects. */
const PLACES: readonly (readonly Name[])[] = [
  [exactly('paths'), isPath, isMethod],
  [exactly('paths'), isPath, exactly('additionalOperations'), anything],
  [exactly('components'), exactly('pathItems'), anything, isMethod],
  [exactly('components'), exactly('pathItems'), anything, exactly('additionalOperations'), anything],
];

/**
 * False if a well-formed query selects no operation in any OpenAPI document, as `$.paths.*` or
 * `$.components.schemas.*` do not. True if some document may have one; the query's own filters are not judged.
 */
export function canSelectOperation(query: string): boolean {
  const { segments } = environment.compile(query);
  return PLACES.some((place) => reaches(segments, place));
}

function reaches(segments: readonly jsonpath.JSONPathSegment[], place: readonly Name[]): boolean {
  // The depths at which a node of the place can be after each segment.
  let depths = new Set([0]);
  for (const segment of segments) {
    const next = new Set<number>();
    const descends = segment.toString().startsWith('..');
    for (const depth of depths) {
      const last = descends ? place.length - 1 : depth;
      for (let level = depth; level <= last; level += 1) {
        const name = place[level];
        if (name !== undefined && segment.selectors.some((selector) => matches(selector, name))) {
          next.add(level + 1);
        }
      }
    }
    depths = next;
  }
  return depths.has(place.length);
}

function matches(selector: jsonpath.JSONPathSelector, name: Name): boolean {
  if (selector instanceof jsonpath.selectors.NameSelector) return name(selector.name);
  return (
    selector instanceof jsonpath.selectors.WildcardSelector ||
    selector instanceof jsonpath.selectors.FilterSelector
  );
}
