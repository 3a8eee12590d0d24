import type { Json } from '../json.js';
import type { ContentType } from './contentType.js';

/**
 * Bytes as text: by byte order mark, `charset`, an XML declaration, else UTF-8. What does not fit becomes
 * U+FFFD rather than a failure.
 */
export function decodeText(body: Uint8Array, type: ContentType): string {
  const label = byteOrderMark(body) ?? type.charset ?? xmlEncoding(body) ?? 'utf-8';
  return decoderFor(label).decode(body);
}

/** The text if the bytes are well-formed UTF-8 without NUL, else null. */
export function strictText(body: Uint8Array): string | null {
  if (body.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return null;
  }
}

const utf8 = new TextDecoder();

function decoderFor(label: string): typeof utf8 {
  if (/^utf-?8$/i.test(label)) return utf8;
  try {
    return new TextDecoder(label);
  } catch {
    return utf8;
  }
}

function byteOrderMark(body: Uint8Array): string | null {
  if (body[0] === 0xfe && body[1] === 0xff) return 'utf-16be';
  if (body[0] === 0xff && body[1] === 0xfe) return 'utf-16le';
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 'utf-8' : null;
}

function xmlEncoding(body: Uint8Array): string | null {
  if (body[0] !== 0x3c || body[1] !== 0x3f) return null;
  const start = Buffer.from(body.subarray(0, 200)).toString('latin1');
  return /^<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(start)?.[1] ?? null;
}

/** Deeper documents cannot be written out again without exhausting the stack. */
const MAX_DEPTH = 500;

/** The parsed JSON; undefined when the text is none, or nested too deeply to be passed on as a value. */
export function parseJson(text: string): Json | undefined {
  if (text.length > MAX_DEPTH && isTooDeep(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (quoted) {
      if (code === 0x5c) index += 1;
      else if (code === 0x22) quoted = false;
    } else if (code === 0x22) {
      quoted = true;
    } else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (code === 0x5d || code === 0x7d) {
      depth -= 1;
    }
  }
  return false;
}
