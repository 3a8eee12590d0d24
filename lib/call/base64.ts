import { isJsonObject, type Json } from '../json.js';
import { ArgumentError } from './argumentError.js';

/** A file as an agent gives it. */
export interface FileArgument {
  readonly bytes: Uint8Array;
  readonly filename: string | null;
  readonly contentType: string | null;
}

/** `type/subtype`, with parameters: RFC 9110 §8.3.1. */
const MEDIA_TYPE =
  /^[\w!#$%&'*+.^`|~-]{1,127}\/[\w!#$%&'*+.^`|~-]{1,127}(?:;\s?[\w-]{1,40}="?[\w!#$%&'*+.^`|~:/-]{1,200}"?){0,8}$/;

/**
 * Strict base64 (RFC 4648 §4): padded, no white space, no `data:` prefix. Decoding and encoding again must give
 * the same text, because `Buffer` skips over whatever it does not understand.
 * @throws ArgumentError
 */
export function decodeBase64(text: string, argument: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) {
    throw new ArgumentError(
      argument,
      'must be base64 (RFC 4648, padded, without white space or a "data:" prefix)',
    );
  }
  return bytes;
}

/**
 * A file: `{ data, filename?, contentType? }`, or just the base64 text.
 * @throws ArgumentError
 */
export function fileOf(value: Json, argument: string): FileArgument {
  if (typeof value === 'string') {
    return { bytes: decodeBase64(value, argument), filename: null, contentType: null };
  }
  if (!isJsonObject(value) || !Object.hasOwn(value, 'data') || typeof value['data'] !== 'string') {
    throw new ArgumentError(argument, 'must be a file: {"data": "<base64>", "filename"?, "contentType"?}');
  }
  return {
    bytes: decodeBase64(value['data'], `${argument}.data`),
    filename: optionalText(value, 'filename', argument),
    contentType: mediaTypeOf(optionalText(value, 'contentType', argument), `${argument}.contentType`),
  };
}

function mediaTypeOf(text: string | null, argument: string): string | null {
  if (text !== null && !MEDIA_TYPE.test(text)) {
    throw new ArgumentError(argument, 'must be a media type such as image/png');
  }
  return text;
}

function optionalText(value: { readonly [key: string]: Json }, key: string, argument: string): string | null {
  if (!Object.hasOwn(value, key)) return null;
  const text = value[key];
  if (text === null || text === undefined || text === '') return null;
  if (typeof text !== 'string') throw new ArgumentError(`${argument}.${key}`, 'must be a string');
  return text;
}
