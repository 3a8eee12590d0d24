import type { ResponseFormat } from '../tools/tool.js';
import { isJsonMediaType } from './serialize.js';

/** A `Content-Type` taken apart (RFC 9110 §8.3). */
export interface ContentType {
  /** Lower case, without parameters; "" when none was sent. */
  readonly essence: string;
  readonly charset: string | null;
  /** Of multipart types. */
  readonly boundary: string | null;
}

/** How an answer is shown to the agent. */
export type AnswerKind =
  | 'json'
  | 'jsonLines'
  | 'text'
  | 'html'
  | 'image'
  | 'audio'
  | 'multipart'
  | 'binary'
  | 'unknown';

const CHARSET = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]+))/i;
const BOUNDARY = /;\s*boundary\s*=\s*(?:"([^"]*)"|([^\s;]+))/i;
const JSON_LINES = /^application\/(?:x-)?(?:ndjson|jsonl|jsonlines|stream\+json|json-seq)$/;
const TEXT =
  /^(?:text\/.*|.*\+(?:xml|yaml)|application\/(?:x-)?(?:xml|yaml|javascript|ecmascript|graphql|www-form-urlencoded|toml|sql|sh|csv|jwt|pem-file|latex|tex))$/;

export function contentTypeOf(header: string | undefined): ContentType {
  const text = header ?? '';
  const end = text.indexOf(';');
  if (end < 0) return { essence: text.trim().toLowerCase(), charset: null, boundary: null };
  return {
    essence: text.slice(0, end).trim().toLowerCase(),
    charset: parameter(text, CHARSET),
    boundary: parameter(text, BOUNDARY),
  };
}

/** By the content type, unless the tool says how its answers are to be read. */
export function answerKind(type: ContentType, format: ResponseFormat): AnswerKind {
  if (format !== 'auto') return format;
  const { essence } = type;
  if (essence === '') return 'unknown';
  if (JSON_LINES.test(essence)) return 'jsonLines';
  if (isJsonMediaType(essence)) return 'json';
  if (essence === 'text/html' || essence === 'application/xhtml+xml') return 'html';
  // A drawing as text can be read by every agent, as an image by none.
  if (TEXT.test(essence)) return 'text';
  if (essence.startsWith('image/')) return 'image';
  if (essence.startsWith('audio/')) return 'audio';
  if (essence.startsWith('multipart/') && type.boundary !== null) return 'multipart';
  return 'binary';
}

function parameter(header: string, pattern: RegExp): string | null {
  const match = pattern.exec(header);
  return match?.[1] ?? match?.[2] ?? null;
}
