import type { CallToolResult } from '../call/callToolResult.js';

/** `_meta` keys of this project, which no SDK looks into. */
const OWN_META_PREFIX = 'mcp-anything/';

/**
 * A call's result as JSON text, in the member order of both SDKs' schemas, whatever order the object has.
 * Null when the result holds something whose order or validity is the SDK's to decide.
 * @param identity The member that the 2026 era adds to `_meta`; null in the 2025 era.
 */
export function resultText(result: CallToolResult, identity: string | null): string | null {
  const { content, structuredContent, isError, _meta: meta } = result;
  for (const key in result) if (!RESULT_KEYS.has(key)) return null;
  const blocks: object[] = [];
  for (const block of content) {
    const ordered = orderedBlock(block);
    if (ordered === null) return null;
    blocks.push(ordered);
  }
  let members = `"content":${JSON.stringify(blocks)}`;
  if (structuredContent !== undefined) {
    if (!isRecord(structuredContent) || Object.hasOwn(structuredContent, '__proto__')) return null;
    members += `,"structuredContent":${JSON.stringify(structuredContent)}`;
  }
  if (isError !== undefined) members += `,"isError":${isError === true}`;
  const complete = identity === null ? '' : ',"resultType":"complete"';
  if (meta === undefined) {
    return identity === null ? `{${members}}` : `{${members}${complete},"_meta":{${identity}}}`;
  }
  if (!isRecord(meta) || !Object.keys(meta).every((key) => key.startsWith(OWN_META_PREFIX))) return null;
  const own = JSON.stringify(meta).slice(1, -1);
  const inner = identity === null || own === '' ? `${own}${identity ?? ''}` : `${own},${identity}`;
  return `{"_meta":{${inner}},${members}${complete}}`;
}

const RESULT_KEYS: ReadonlySet<string> = new Set(['content', 'structuredContent', 'isError', '_meta']);

function orderedBlock(block: unknown): object | null {
  if (!isRecord(block)) return null;
  switch (block['type']) {
    case 'text':
      return ordered(block, TEXT);
    case 'image':
    case 'audio':
      return ordered(block, MEDIA);
    case 'resource': {
      const { resource } = block;
      if (!isRecord(resource) || Object.keys(block).length !== 2) return null;
      const inner = ordered(resource, BLOB_RESOURCE) ?? ordered(resource, TEXT_RESOURCE);
      return inner === null ? null : { type: 'resource', resource: inner };
    }
    default:
      return null;
  }
}

const TEXT = ['type', 'text'];
const MEDIA = ['type', 'data', 'mimeType'];
const TEXT_RESOURCE = ['uri', 'mimeType', 'text'];
const BLOB_RESOURCE = ['uri', 'mimeType', 'blob'];

/** The object itself when it has these keys in this order, a copy when only the order differs, else null. */
function ordered(value: Record<string, unknown>, keys: readonly string[]): object | null {
  let at = 0;
  for (const key in value) {
    if (key !== keys[at] || typeof value[key] !== 'string') return reordered(value, keys);
    at += 1;
  }
  return at === keys.length ? value : null;
}

function reordered(value: Record<string, unknown>, keys: readonly string[]): object | null {
  if (Object.keys(value).length !== keys.length) return null;
  const copy: Record<string, string> = {};
  for (const key of keys) {
    const member = value[key];
    if (typeof member !== 'string') return null;
    copy[key] = member;
  }
  return copy;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
