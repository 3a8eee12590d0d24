import type { Json, JsonObject } from '../json.js';
import type { ResponseFormat, ToolAnnotations } from './tool.js';

/** The `x-mcp-*` words of one operation. */
export interface Extensions {
  readonly enabled: boolean;
  readonly name: string | null;
  readonly authRequired: boolean | null;
  readonly requiredScopes: readonly string[];
  /** `x-mcp-safe`; null = not stated, the method decides. */
  readonly safe: boolean | null;
  readonly responseFormat: ResponseFormat;
}

const FORMATS: ReadonlySet<string> = new Set(['auto', 'json', 'text', 'image', 'audio', 'binary']);

/** @param warn Told of every word with a value it cannot have. */
export function extensionsOf(node: JsonObject, warn: (text: string) => void): Extensions {
  const flag = (key: string): boolean | null => {
    const value = own(node, key);
    if (value === undefined || typeof value === 'boolean') return value ?? null;
    warn(`${key} must be true or false, got ${shown(value)}; ignored`);
    return null;
  };
  const name = own(node, 'x-mcp-tool-name');
  if (name !== undefined && typeof name !== 'string')
    warn(`x-mcp-tool-name must be a string, got ${shown(name)}; ignored`);
  return {
    enabled: flag('x-mcp-enabled') ?? true,
    name: typeof name === 'string' && name.trim() !== '' ? name : null,
    authRequired: flag('x-mcp-auth-required'),
    requiredScopes: scopesOf(own(node, 'x-mcp-scopes'), warn),
    safe: flag('x-mcp-safe'),
    responseFormat: formatOf(own(node, 'x-mcp-response-format'), warn),
  };
}

/** A list, or OAuth's own notation with spaces between. */
function scopesOf(value: Json | undefined, warn: (text: string) => void): readonly string[] {
  if (value === undefined || value === null) return [];
  const list = typeof value === 'string' ? value.split(/\s+/) : value;
  if (Array.isArray(list) && list.every((scope) => typeof scope === 'string'))
    return list.filter((scope) => scope !== '');
  warn(`x-mcp-scopes must be a list of strings, got ${shown(value)}; ignored`);
  return [];
}

function formatOf(value: Json | undefined, warn: (text: string) => void): ResponseFormat {
  if (value === undefined) return 'auto';
  if (typeof value === 'string' && FORMATS.has(value)) return value as ResponseFormat;
  warn(`x-mcp-response-format must be one of ${[...FORMATS].join(', ')}, got ${shown(value)}; auto is used`);
  return 'auto';
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY']);
const IDEMPOTENT_METHODS: ReadonlySet<string> = new Set(['PUT', 'DELETE']);

/** MCP's hints, from what HTTP promises of the method (RFC 9110 §9.2) and what the document says over it. */
export function annotationsOf(method: string, safe: boolean | null, title: string): ToolAnnotations {
  const readOnlyHint = safe ?? SAFE_METHODS.has(method);
  return {
    ...(title === '' ? {} : { title }),
    readOnlyHint,
    destructiveHint: method === 'DELETE' && !readOnlyHint,
    idempotentHint: SAFE_METHODS.has(method) || IDEMPOTENT_METHODS.has(method),
    openWorldHint: true,
  };
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function shown(value: Json): string {
  return JSON.stringify(value).slice(0, 60);
}
