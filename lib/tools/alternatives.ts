import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { pointerTokens } from '../spec/reference.js';
import { type Fragment, fragment } from './fragment.js';
import { aliasOf } from './propertyAlias.js';
import { intersection } from './schemaIntersection.js';
import { typesOf } from './schemaKeywords.js';

/** One of the schemas in a `oneOf` or `anyOf`. */
export interface Alternative {
  readonly part: Fragment;
  /** The `$ref` that stands there; null = a schema of its own. */
  readonly reference: string | null;
  /** True if a discriminator's mapping value means this alternative. */
  leadsTo(mapped: string): boolean;
}

/**
 * `oneOf` and `anyOf`, converted. With a discriminator `oneOf` stays, and each alternative has its value pinned,
 * so exactly one can match. Without one it becomes `anyOf`: alternatives of real documents overlap, and a
 * value that fits two of them is one their servers take.
 */
export function combinedAlternatives(
  source: JsonObject,
  convert: (member: Json) => Alternative | null,
): Map<string, Fragment[]> {
  const result = new Map<string, Fragment[]>();
  for (const key of ['oneOf', 'anyOf'] as const) {
    const members = source[key];
    if (!Array.isArray(members) || members.length === 0) continue;
    const alternatives = (members as readonly Json[]).map(convert).filter((member) => member !== null);
    const pinned = alternatives.map((alternative) => pin(alternative, source['discriminator']));
    const exact = pinned.length > 1 && pinned.every((part) => part !== null);
    const parts = distinct(alternatives.map(({ part }, index) => pinned[index] ?? part));
    // An alternative that accepts anything makes the choice say nothing.
    if (parts.length === 0 || parts.some(({ schema }) => Object.keys(schema).length === 0)) continue;
    const name = exact ? 'oneOf' : 'anyOf';
    const former = result.get(name);
    if (former === undefined) result.set(name, parts);
    else result.set('allOf', [fragment({ anyOf: parts.map(({ schema }) => schema) }, mergedNames(parts))]);
  }
  return result;
}

function mergedNames(parts: readonly Fragment[]): ReadonlySet<string> {
  return new Set(parts.flatMap(({ definitions }) => [...definitions]));
}

/** The alternative with `const` at its discriminator; null if the discriminator does not say which value is its. */
function pin(alternative: Alternative, discriminator: Json | undefined): Fragment | null {
  if (!isJsonObject(discriminator)) return null;
  const { propertyName, mapping } = discriminator;
  if (typeof propertyName !== 'string' || alternative.reference === null) return null;
  const mapped = isJsonObject(mapping)
    ? Object.entries(mapping).filter(([, to]) => typeof to === 'string' && alternative.leadsTo(to))
    : [];
  const values = mapped.length > 0 ? mapped.map(([value]) => value) : [lastToken(alternative.reference)];
  const key = aliasOf(propertyName);
  const [value = ''] = values;
  const choice: JsonObject =
    values.length === 1 ? { type: 'string', const: value } : { type: 'string', enum: values };
  const pinned = fragment({ type: 'object', properties: { [key]: choice }, required: [key] });
  const { part } = alternative;
  if (!mayBeText(part.schema['properties'], key)) return part;
  if (Object.hasOwn(part.schema, '$ref')) {
    return fragment({ allOf: [part.schema, pinned.schema] }, part.definitions, part.omitted);
  }
  return intersection(part, pinned) ?? part;
}

/** Mapping keys are texts; a discriminator of another type is left as it is. */
function mayBeText(properties: Json | undefined, key: string): boolean {
  const property = isJsonObject(properties) && Object.hasOwn(properties, key) ? properties[key] : undefined;
  const types = isJsonObject(property) ? typesOf(property['type']) : [];
  return types.length === 0 || types.includes('string');
}

function lastToken(reference: string): string {
  return pointerTokens(reference)?.at(-1) ?? reference;
}

function distinct(parts: readonly Fragment[]): Fragment[] {
  return [...new Map(parts.map((part) => [JSON.stringify(part.schema), part])).values()];
}
