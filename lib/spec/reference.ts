import { isJsonObject, type Json, type JsonObject } from '../json.js';

/** An object with a string `$ref`. A schema property *named* `$ref` holds a schema, so it is none. */
export interface Reference extends JsonObject {
  readonly $ref: string;
}

/** True for a Reference Object (OpenAPI) or a schema with `$ref`. Ask only where one may stand: examples are data. */
export function isReference(value: unknown): value is Reference {
  return isJsonObject(value) && Object.hasOwn(value, '$ref') && typeof value['$ref'] === 'string';
}

export interface PointerResult {
  readonly found: boolean;
  /** `undefined` unless found. */
  readonly value: Json | undefined;
}

const MISSING: PointerResult = { found: false, value: undefined };
/** References that one pointer may lead through. */
const MAX_HOPS = 50;

/**
 * The value at a local JSON pointer (RFC 6901), written as a fragment (`#/paths/~1pets/get`, percent-encoded)
 * or bare (`/paths/~1pets/get`). Bundlers write pointers that lead *through* a reference; it is followed then.
 */
export function resolvePointer(root: Json, pointer: string): PointerResult {
  return walk(root, pointer, { hops: MAX_HOPS });
}

function walk(root: Json, pointer: string, budget: { hops: number }): PointerResult {
  const tokens = pointerTokens(pointer);
  if (tokens === null) return MISSING;
  let value: Json = root;
  for (const token of tokens) {
    let next = child(value, token);
    while (next === undefined && isReference(value) && value.$ref.startsWith('#')) {
      budget.hops -= 1;
      if (budget.hops < 0) return MISSING;
      const target = walk(root, value.$ref, budget);
      if (target.value === undefined || target.value === value) return MISSING;
      value = target.value;
      next = child(value, token);
    }
    if (next === undefined) return MISSING;
    value = next;
  }
  return { found: true, value };
}

/** Decoded tokens of a pointer; null if it is not one (`#name` is an anchor). */
export function pointerTokens(pointer: string): readonly string[] | null {
  const isFragment = pointer.startsWith('#');
  const text = isFragment ? pointer.slice(1) : pointer;
  if (text === '') return [];
  if (!text.startsWith('/')) return null;
  // Split before decoding: documents write a key's slash as `%2F` as well as `~1`.
  return text
    .slice(1)
    .split('/')
    .map((token) => (isFragment ? percentDecoded(token) : token).replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** One token as it stands in a fragment pointer. */
export function pointerToken(key: string): string {
  return encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));
}

/** A stray `%` is taken as it is: real documents have paths such as `/discount/50%`. */
function percentDecoded(token: string): string {
  if (!token.includes('%')) return token;
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}

function child(value: Json, token: string): Json | undefined {
  if (Array.isArray(value)) return /^(?:0|[1-9][0-9]*)$/.test(token) ? value[Number(token)] : undefined;
  return isJsonObject(value) && Object.hasOwn(value, token) ? value[token] : undefined;
}
