import { isJsonObject, type Json, type JsonObject } from '../json.js';
import type { ResponseFormat } from '../tools/tool.js';
import { decodeText, parseJson, strictText } from './answerText.js';
import type { ContentBlock } from './callToolResult.js';
import { answerKind, type ContentType, contentTypeOf } from './contentType.js';
import { partsOf } from './multipartAnswer.js';

/** A successful answer's body as an agent gets it. */
export interface AnswerContent {
  readonly blocks: ContentBlock[];
  /** The value of a JSON answer; undefined = there is none. */
  readonly value?: Json;
}

/** What there is to read. */
export interface Answer {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** For the `uri` of embedded resources. */
  source(): string;
  readonly partial: boolean;
}

/** Signatures of the images that agents can see. */
const SIGNATURES: readonly (readonly [signature: string, mimeType: string])[] = [
  ['\x89PNG', 'image/png'],
  ['\xff\xd8\xff', 'image/jpeg'],
  ['GIF8', 'image/gif'],
  ['RIFF', 'image/webp'],
];

/** Reads a body by its content type, or by the format that the tool is marked with. @param type Of the body. */
export function contentOf(answer: Answer, type: ContentType, format: ResponseFormat): AnswerContent {
  switch (answerKind(type, format)) {
    case 'json':
      return jsonContent(decodeText(answer.body, type));
    case 'jsonLines':
      return jsonLines(decodeText(answer.body, type), answer.partial);
    case 'text':
    case 'html':
      return { blocks: [textBlock(decodeText(answer.body, type))] };
    case 'image':
      return {
        blocks: [{ type: 'image', data: base64(answer.body), mimeType: imageType(answer.body, type) }],
      };
    case 'audio': {
      const mimeType = type.essence.startsWith('audio/') ? type.essence : 'audio/mpeg';
      return { blocks: [{ type: 'audio', data: base64(answer.body), mimeType }] };
    }
    case 'multipart':
      return { blocks: multipartBlocks(answer, type) };
    case 'binary':
      return { blocks: [resourceBlock(answer, type)] };
    case 'unknown':
      return unlabelled(answer, type);
  }
}

/** The text stays as it came: parsing it would round long integers. */
function jsonContent(text: string): AnswerContent {
  const value = parseJson(text);
  return value === undefined ? { blocks: [textBlock(text)] } : { blocks: [textBlock(text)], value };
}

function jsonLines(text: string, partial: boolean): AnswerContent {
  // RFC 7464 puts a record separator before each value.
  const lines = text
    .replaceAll('\u001e', '\n')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const values = lines.map(parseJson);
  if (partial && values.at(-1) === undefined) values.pop();
  const complete = values.filter((value) => value !== undefined);
  if (complete.length < values.length) return { blocks: [textBlock(text)] };
  return { blocks: [textBlock(text)], value: complete };
}

/** One block per part; a multipart inside a multipart stays bytes. */
function multipartBlocks(answer: Answer, type: ContentType): ContentBlock[] {
  const parts = partsOf(answer.body, type.boundary ?? '');
  if (parts.length === 0) return [resourceBlock(answer, type)];
  return parts.flatMap((part) => {
    const partType = contentTypeOf(part.headers['content-type'] ?? 'text/plain');
    const format = answerKind(partType, 'auto') === 'multipart' ? 'binary' : 'auto';
    return contentOf({ ...answer, headers: part.headers, body: part.body }, partType, format).blocks;
  });
}

function unlabelled(answer: Answer, type: ContentType): AnswerContent {
  const text = strictText(answer.body);
  if (text === null) return { blocks: [resourceBlock(answer, type)] };
  const value = /^\s*[[{]/.test(text) ? parseJson(text) : undefined;
  return value === undefined ? { blocks: [textBlock(text)] } : { blocks: [textBlock(text)], value };
}

function resourceBlock(answer: Answer, type: ContentType): ContentBlock {
  const filename = filenameOf(answer.headers['content-disposition']);
  const mimeType = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(type.essence)
    ? type.essence
    : 'application/octet-stream';
  const source = answer.source();
  const uri = filename === null ? source : `${source}/${encodeURIComponent(filename)}`;
  return { type: 'resource', resource: { uri, mimeType, blob: base64(answer.body) } };
}

function filenameOf(disposition: string | undefined): string | null {
  const match = /;\s*filename\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(disposition ?? '');
  const name = match?.[1] ?? match?.[2] ?? null;
  return name?.split(/[\\/]/).at(-1) || null;
}

function imageType(body: Uint8Array, type: ContentType): string {
  if (type.essence.startsWith('image/')) return type.essence;
  const start = Buffer.from(body.subarray(0, 4)).toString('latin1');
  return SIGNATURES.find(([signature]) => start.startsWith(signature))?.[1] ?? 'image/png';
}

/** What a JSON value looks like as `structuredContent`, which has to be an object. */
export function structured(value: Json, wrap: boolean): JsonObject {
  return isJsonObject(value) && !wrap ? value : { result: value };
}

export function textBlock(text: string): ContentBlock {
  return { type: 'text', text };
}

function base64(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('base64');
}
