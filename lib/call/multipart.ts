import { createHash } from 'node:crypto';
import type { Json } from '../json.js';
import type { BodyProperty } from '../tools/tool.js';
import { fileOf } from './base64.js';
import { encodeUnreserved } from './encoding.js';
import { textByMediaType } from './serialize.js';

/** A body property and the value the agent gave it. */
export interface PropertyValue {
  readonly property: Pick<BodyProperty, 'name' | 'argument' | 'contentType' | 'binary'>;
  readonly value: Json;
}

export interface MultipartBody {
  readonly boundary: string;
  readonly bytes: Uint8Array;
}

const FORBIDDEN_IN_QUOTES: Readonly<Record<string, string>> = { '"': '%22', '\r': '%0D', '\n': '%0A' };
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const UNSAFE_IN_FILENAME = /[\u0000-\u001f\u007f-\u009f]/g;

/**
 * RFC 7578. The boundary is derived from the content, so that equal arguments give equal bytes, and so that
 * no content can hold it.
 * @throws ArgumentError for what is no file where a file is declared.
 */
export function multipartBody(values: readonly PropertyValue[]): MultipartBody {
  const parts = values.flatMap(({ property, value }) => {
    const items: readonly Json[] = Array.isArray(value) ? value : [value];
    return items.filter((item) => item !== null).map((item) => part(property, item));
  });
  const hash = createHash('sha256');
  for (const { head, bytes } of parts) hash.update(head).update('\0').update(bytes);
  const boundary = `mcp-anything-${hash.digest('hex').slice(0, 32)}`;
  const chunks = parts.flatMap(({ head, bytes }) => [
    Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`, 'utf8'),
    bytes,
    Buffer.from('\r\n'),
  ]);
  chunks.push(Buffer.from(`--${boundary}--\r\n`));
  return { boundary, bytes: Buffer.concat(chunks) };
}

interface Part {
  readonly head: string;
  readonly bytes: Uint8Array;
}

function part(property: PropertyValue['property'], value: Json): Part {
  const declared = firstMediaType(property.contentType);
  if (property.binary) {
    const file = fileOf(value, property.argument);
    const type = file.contentType ?? declared ?? 'application/octet-stream';
    const filename = safeFilename(file.filename) ?? property.name;
    return {
      head: `${disposition(property.name)}; filename="${quotable(filename)}"\r\nContent-Type: ${type}`,
      bytes: file.bytes,
    };
  }
  const type = declared ?? (typeof value === 'object' ? 'application/json' : null);
  const text = textByMediaType(value, type ?? 'text/plain', (item) =>
    encodeUnreserved(item, property.argument),
  );
  const head = disposition(property.name) + (type === null ? '' : `\r\nContent-Type: ${type}`);
  return { head, bytes: Buffer.from(text, 'utf8') };
}

/** OpenAPI allows a list and wildcards in `contentType`; a part carries one concrete type, or none. */
function firstMediaType(list: string | null): string | null {
  const first = list?.split(',', 1)[0]?.trim() ?? '';
  return /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:; *[\w-]+=[\w.-]+)*$/.test(first) ? first : null;
}

function disposition(name: string): string {
  return `Content-Disposition: form-data; name="${quotable(name)}"`;
}

function quotable(text: string): string {
  return text.replace(/["\r\n]/g, (character) => FORBIDDEN_IN_QUOTES[character] ?? character);
}

/** The last path component without control characters: a server may use it to write a file. */
function safeFilename(name: string | null): string | null {
  const last = name?.split(/[\\/]/).at(-1)?.replace(UNSAFE_IN_FILENAME, '').trim() ?? '';
  return last === '' || last === '.' || last === '..' ? null : last.slice(0, 255);
}
