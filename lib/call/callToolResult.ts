import type { JsonObject } from '../json.js';

/** MCP 2025-11-25 `CallToolResult`, as plain data: what both protocol eras are made from. */
export interface CallToolResult {
  [key: string]: unknown;
  content: ContentBlock[];
  /** Never on an error: a client may validate it against the tool's `outputSchema` even then. */
  structuredContent?: JsonObject;
  isError?: boolean;
  /** Keys of this project: `RESULT_META`. */
  _meta?: JsonObject;
}

export type ContentBlock = TextBlock | ImageBlock | AudioBlock | ResourceBlock;

export interface TextBlock {
  type: 'text';
  text: string;
}

export interface ImageBlock {
  type: 'image';
  /** Base64. */
  data: string;
  mimeType: string;
}

export interface AudioBlock {
  type: 'audio';
  /** Base64. */
  data: string;
  mimeType: string;
}

/** Bytes of any other kind. */
export interface ResourceBlock {
  type: 'resource';
  resource: { uri: string; mimeType: string; blob: string };
}

/** `_meta` keys of a result. Present only where there is something to say. */
export const RESULT_META = {
  /** Status of an answer that is not a success: a number. */
  status: 'mcp-anything/status',
  /** `Retry-After`, in seconds from now: a number. */
  retryAfter: 'mcp-anything/retry-after',
  /** Arguments that lead to the next page: an object. */
  nextPage: 'mcp-anything/next-page',
  /** true when the answer was cut because the stream did not end. */
  partial: 'mcp-anything/partial',
} as const;

/** A failure as the agent sees it: sentences that say what to do differently. */
export function errorResult(...texts: readonly string[]): CallToolResult {
  return { content: texts.map((text) => ({ type: 'text', text })), isError: true };
}
