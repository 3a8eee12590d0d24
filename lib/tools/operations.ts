import { isJsonObject, type Json, type JsonObject } from '../json.js';
import type { References } from './references.js';

/** One operation of a document, before anything in it is looked at. */
export interface Operation {
  /** `GET /pets/{petId}`. */
  readonly label: string;
  /** Upper case. */
  readonly method: string;
  /** The key under `paths`, query and fragment included. */
  readonly path: string;
  /** Where it is in the document, as filters see it: `['paths', '/pets', 'get']`. */
  readonly location: readonly string[];
  readonly node: JsonObject;
  readonly pathItem: JsonObject;
}

export interface FoundOperations {
  readonly operations: readonly Operation[];
  /** `GET /pets: not an object`, … */
  readonly problems: readonly string[];
  /** The document with path items in place of references to them and inherited `x-mcp-*` in operations: what filters see. */
  readonly view: JsonObject;
}

/** OpenAPI 3.2's fixed fields; all else in a path item (`parameters`, `servers`, `x-*` …) is no operation. */
const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query'] as const;
/** RFC 9110 §9.1. CONNECT asks for a tunnel, which is no call. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Every operation under `paths`, in document order. Webhooks and callbacks are calls the other way. */
export function findOperations(root: JsonObject, references: References): FoundOperations {
  const operations: Operation[] = [];
  const problems: string[] = [];
  const paths = isJsonObject(root['paths']) ? root['paths'] : {};
  const viewed = Object.entries(paths).map(([path, value]): [string, Json] => {
    if (path.startsWith('x-')) return [path, value];
    try {
      const pathItem = references.object(value, path);
      if (pathItem === null) return [path, value];
      const view = inherited(pathItem);
      operations.push(...operationsOf(path, view, problems));
      return [path, view];
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
      return [path, value];
    }
  });
  return { operations, problems, view: { ...root, paths: Object.fromEntries(viewed) } };
}

function operationsOf(path: string, pathItem: JsonObject, problems: string[]): Operation[] {
  const found: Operation[] = [];
  const add = (method: string, location: readonly string[], node: Json): void => {
    const label = `${method} ${path}`;
    if (isJsonObject(node)) found.push({ label, method, path, location, node, pathItem });
    else problems.push(`${label}: the operation is ${node === null ? 'empty' : 'not an object'}`);
  };
  for (const method of METHODS) {
    const node = own(pathItem, method);
    if (node !== undefined) add(method.toUpperCase(), ['paths', path, method], node);
  }
  const additional = own(pathItem, 'additionalOperations');
  for (const [method, node] of isJsonObject(additional) ? Object.entries(additional) : []) {
    const location = ['paths', path, 'additionalOperations', method];
    if (!TOKEN.test(method) || method.toUpperCase() === 'CONNECT') {
      problems.push(`${method} ${path}: not a method that can be called`);
    } else if (own(pathItem, method.toLowerCase()) === undefined) add(method.toUpperCase(), location, node);
  }
  return found;
}

/** Path-level `x-mcp-*` count for every operation that does not say otherwise. */
function inherited(pathItem: JsonObject): JsonObject {
  const extensions = Object.entries(pathItem).filter(([key]) => key.startsWith('x-mcp-'));
  if (extensions.length === 0) return pathItem;
  const passOn = (node: Json): Json =>
    isJsonObject(node) ? { ...Object.fromEntries(extensions), ...node } : node;
  return Object.fromEntries(
    Object.entries(pathItem).map(([key, value]) => {
      if ((METHODS as readonly string[]).includes(key)) return [key, passOn(value)];
      if (key !== 'additionalOperations' || !isJsonObject(value)) return [key, value];
      return [key, Object.fromEntries(Object.entries(value).map(([method, node]) => [method, passOn(node)]))];
    }),
  );
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
