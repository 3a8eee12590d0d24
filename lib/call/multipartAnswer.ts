import { emptyRecord } from '../record.js';
/** One part of a multipart answer (RFC 2046 §5.1). */
export interface AnswerPart {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** More parts have no honest use for an agent. */
const MAX_PARTS = 100;
const BLANK_LINE = Buffer.from('\r\n\r\n');

/** The parts between the boundaries; what precedes the first and follows the last is dropped. */
export function partsOf(body: Uint8Array, boundary: string): AnswerPart[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const delimiter = Buffer.from(`--${boundary}`, 'latin1');
  const parts: AnswerPart[] = [];
  let start = bytes.indexOf(delimiter);
  while (start !== -1 && parts.length < MAX_PARTS) {
    const from = start + delimiter.length;
    if (bytes.toString('latin1', from, from + 2) === '--') break;
    const next = bytes.indexOf(delimiter, from);
    if (next === -1) break;
    parts.push(partOf(bytes.subarray(from, withoutLineBreak(bytes, next))));
    start = next;
  }
  return parts;
}

function withoutLineBreak(bytes: Buffer, end: number): number {
  if (bytes[end - 1] !== 0x0a) return end;
  return bytes[end - 2] === 0x0d ? end - 2 : end - 1;
}

function partOf(bytes: Buffer): AnswerPart {
  // The first line break ends the delimiter's own line.
  const lineEnd = bytes.indexOf(0x0a) + 1;
  const rest = bytes.subarray(lineEnd);
  if (rest[0] === 0x0d || rest[0] === 0x0a) {
    return { headers: {}, body: rest.subarray(rest[0] === 0x0d ? 2 : 1) };
  }
  const blank = rest.indexOf(BLANK_LINE);
  const bare = blank === -1 ? rest.indexOf('\n\n') : -1;
  const end = blank === -1 ? bare : blank;
  if (end === -1) return { headers: {}, body: rest };
  return {
    headers: headersOf(rest.toString('latin1', 0, end)),
    body: rest.subarray(end + (blank === -1 ? 2 : 4)),
  };
}

function headersOf(text: string): Record<string, string> {
  const headers = emptyRecord<string>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return headers;
}
