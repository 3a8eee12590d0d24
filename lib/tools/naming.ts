import { createHash } from 'node:crypto';

/** What a tool's name is made of. */
export interface NameRequest {
  /** `GET /pets/{petId}`: unique in the document, and the source of every suffix. */
  readonly operation: string;
  /** `x-mcp-tool-name`, else `operationId`; null = method and path. */
  readonly preferred: string | null;
}

export interface NamingOptions {
  readonly tool_prefix: string;
  readonly separator: string;
  readonly max_length: number;
}

/** What clients and LLM APIs accept; the protocol itself would take more. */
export const TOOL_NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;
const LONGEST = 64;
const HASH_DIGITS = 8;

/**
 * The names of a document's tools, in the order of `requests`. A name depends on its own operation only, and on
 * whether another operation asks for the same one: then *all* of these get a suffix made from method and path,
 * so that neither order nor an unrelated addition ever changes a name.
 */
export function nameTools(requests: readonly NameRequest[], options: NamingOptions): string[] {
  const limit = Math.max(1, Math.min(options.max_length, LONGEST));
  const full = requests.map((request) => prefixed(baseName(request), options));
  let names = full.map((name) => fitted(name, limit));
  for (const digits of [HASH_DIGITS, 2 * HASH_DIGITS]) {
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    names = names.map((name, index) =>
      counts.get(name) === 1
        ? name
        : suffixed(full[index] ?? name, requests[index]?.operation ?? '', limit, digits),
    );
  }
  return names;
}

function baseName(request: NameRequest): string {
  const preferred = request.preferred === null ? '' : safeName(request.preferred);
  if (preferred !== '') return preferred;
  const spelled = request.operation.replace(/^\S+/, (method) => method.toLowerCase());
  return safeName(spelled) || `operation_${hashOf(request.operation, HASH_DIGITS)}`;
}

function prefixed(base: string, options: NamingOptions): string {
  const name = options.tool_prefix === '' ? base : `${options.tool_prefix}${options.separator}${base}`;
  const safe = name.replace(/[^A-Za-z0-9_-]+/g, '_');
  return /^[A-Za-z_]/.test(safe) ? safe : `_${safe}`;
}

/** The longest runs of what is not allowed become one `_` each; none at either end. */
function safeName(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]+/g, '_').replace(/^_+(?=[^_])|(?<=[^_])_+$|^_+$/g, '');
}

/** A name over the limit ends in a hash of the whole: a plain cut makes different long names the same. */
function fitted(name: string, limit: number): string {
  return name.length <= limit ? name : suffixed(name, name, limit, HASH_DIGITS);
}

function suffixed(name: string, source: string, limit: number, digits: number): string {
  const hash = hashOf(source, Math.min(digits, Math.max(1, limit - 2)));
  const head = name.slice(0, Math.max(1, limit - hash.length - 1)).replace(/[_-]+$/, '');
  return `${head === '' ? '_' : `${head}_`}${hash}`.slice(0, limit);
}

function hashOf(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}
