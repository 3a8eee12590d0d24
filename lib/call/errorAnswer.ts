import { STATUS_CODES } from 'node:http';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import type { UpstreamResponse } from '../table/routingTable.js';
import { decodeText, parseJson } from './answerText.js';
import { answerKind, contentTypeOf } from './contentType.js';

/** Error pages have the reason near the top. */
const MAX_PAGE = 2_000;
const MAX_BODY = 16_000;
const MAX_DETAILS = 20;

/** `404 Not Found`. */
export function statusText(status: number): string {
  const reason = STATUS_CODES[status];
  return reason === undefined ? String(status) : `${status} ${reason}`;
}

/** What an answer that is no success says: the status with the problem's own words, then the body. */
export function errorTexts(response: UpstreamResponse): string[] {
  const type = contentTypeOf(response.headers['content-type']);
  const kind = answerKind(type, 'auto');
  const summary = `The API answered ${statusText(response.status)}`;
  const redirect = redirectText(response);
  if (response.body.length === 0) return [`${summary}${redirect}.`];
  if (kind === 'image' || kind === 'audio' || kind === 'binary' || kind === 'multipart') {
    return [`${summary}${redirect}, with ${response.body.length} bytes of ${type.essence}.`];
  }
  const text = decodeText(response.body, type);
  const problem = kind === 'json' || kind === 'unknown' ? parseJson(text) : undefined;
  const words = isJsonObject(problem) ? problemText(problem) : '';
  return [
    `${summary}${redirect}${words === '' ? '.' : `: ${words}`}`,
    shortened(text, kind === 'html' ? MAX_PAGE : MAX_BODY),
  ];
}

/** RFC 9457: title, detail and the `errors` list that many APIs add. */
function problemText(problem: JsonObject): string {
  const parts = ['title', 'detail'].flatMap((key) => textOf(problem, key) ?? []);
  if (parts.length === 0) return '';
  const errors = Object.hasOwn(problem, 'errors') ? detailsOf(problem['errors'] ?? null) : [];
  return [parts.join('. '), ...errors.map((detail) => `- ${detail}`)].join('\n');
}

function detailsOf(errors: Json): string[] {
  if (Array.isArray(errors)) return errors.slice(0, MAX_DETAILS).map(detailOf);
  if (!isJsonObject(errors)) return [];
  return Object.entries(errors)
    .slice(0, MAX_DETAILS)
    .map(
      ([key, value]) => `${key}: ${Array.isArray(value) ? value.map(detailOf).join('; ') : detailOf(value)}`,
    );
}

function detailOf(error: Json): string {
  if (!isJsonObject(error)) return typeof error === 'string' ? error : JSON.stringify(error);
  const place = textOf(error, 'pointer') ?? textOf(error, 'field') ?? textOf(error, 'path');
  const text = textOf(error, 'detail') ?? textOf(error, 'message');
  return text === null ? JSON.stringify(error) : `${place === null ? '' : `${place}: `}${text}`;
}

function textOf(value: JsonObject, key: string): string | null {
  const text = Object.hasOwn(value, key) ? value[key] : null;
  return typeof text === 'string' && text !== '' ? text : null;
}

function redirectText(response: UpstreamResponse): string {
  const { location } = response.headers;
  if (response.status < 300 || response.status >= 400 || location === undefined) return '';
  return `, a redirect to ${location} that was not followed`;
}

export function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}… (${text.length} characters in all)`;
}
