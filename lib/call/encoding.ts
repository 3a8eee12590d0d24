import { ArgumentError } from './argumentError.js';

/** Turns one item (a name, a key, a value) into the form that its place on the wire allows. */
export type Encode = (text: string) => string;

/** RFC 3986 §2.3. */
const UNRESERVED = /^[\w.~-]*$/;
/** What `encodeURIComponent` leaves alone although RFC 3986 §2.2 reserves it. */
const SUB_DELIMITERS = /[!'()*]/g;
/** Percent-encoded forms of what `allowReserved` keeps in a query: RFC 3986 §2.2 without `# & +`. */
const RESERVED_IN_QUERY = /%(?:3A|2F|3F|5B|5D|40|21|24|27|28|29|2A|2C|3B|3D)/g;
/** The same for a path, where `/ ? # [ ]` would change the structure (OpenAPI 3.2, Parameter Object). */
const RESERVED_IN_PATH = /%(?:3A|40|21|24|26|27|28|29|2A|2C|3B|3D)/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL_CHARACTER = /[\u0000-\u0008\u000a-\u001f\u007f]/;
/** RFC 6265 §4.1.1 without its ban on spaces and commas, which cookies in use do carry. */
const COOKIE_TEXT = /^[\x20-\x3a\x3c-\x7e]*$/;

/**
 * Everything but RFC 3986 unreserved characters is percent-encoded; a space becomes `%20`.
 * @throws ArgumentError when the text holds half of a surrogate pair, which no encoding can carry.
 */
export function encodeUnreserved(text: string, argument: string): string {
  if (UNRESERVED.test(text)) return text;
  try {
    return encodeURIComponent(text).replace(
      SUB_DELIMITERS,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  } catch {
    throw new ArgumentError(argument, 'must be well-formed Unicode, got half of a surrogate pair');
  }
}

/** The encoder of one parameter in a query, an urlencoded body or a path, by its `allowReserved`. */
export function uriEncoder(argument: string, allowReserved: boolean, place: 'query' | 'path'): Encode {
  if (!allowReserved) return (text) => encodeUnreserved(text, argument);
  const kept = place === 'query' ? RESERVED_IN_QUERY : RESERVED_IN_PATH;
  return (text) => encodeUnreserved(text, argument).replace(kept, (triplet) => decodeURIComponent(triplet));
}

/**
 * A header value as UTF-8 bytes, one character each, which is how Node writes header strings.
 * @throws ArgumentError on CR, LF, NUL and other control characters.
 */
export function headerText(text: string, argument: string): string {
  if (CONTROL_CHARACTER.test(text)) {
    throw new ArgumentError(argument, 'must not contain line breaks or control characters');
  }
  return Buffer.from(text, 'utf8').toString('latin1');
}

/**
 * A cookie name or value that is sent as it is.
 * @throws ArgumentError on `;`, control and non-ASCII characters.
 */
export function cookieText(text: string, argument: string): string {
  if (!COOKIE_TEXT.test(text)) {
    throw new ArgumentError(argument, 'must be printable ASCII without ";" to be sent as a cookie');
  }
  return text;
}
