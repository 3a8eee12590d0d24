import { isJsonObject, type Json } from '../json.js';
import type { ParameterStyle, ValueStyle } from '../tools/tool.js';
import type { Encode } from './encoding.js';

/**
 * Values into text, by OpenAPI's `style` and `explode` (Parameter Object, "Style Values"; RFC 6570).
 * Items are encoded, the delimiters between them never. null and undefined vanish, and so do `[]` and `{}`.
 */

/** What a delimiter looks like on the wire between the items of a value that is not exploded. */
const DELIMITERS: Readonly<Partial<Record<ParameterStyle, string>>> = {
  spaceDelimited: '%20',
  pipeDelimited: '%7C',
  tabDelimited: '%09',
};

/** A scalar as text; anything nested inside a style that has no form for it is JSON. */
export function textOf(value: Json): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      // Integers are written out: `1e+21` is no integer to most servers.
      return Number.isInteger(value) && Math.abs(value) >= 1e21 ? BigInt(value).toString() : String(value);
    case 'boolean':
      return String(value);
    default:
      return JSON.stringify(value);
  }
}

/** A value by the media type of a `content`-typed parameter or of a body property; `encode` serves form texts. */
export function textByMediaType(value: Json, mediaType: string, encode: Encode): string {
  if (isFormMediaType(mediaType) && isJsonObject(value)) return formPairs(value, encode).join('&');
  return isJsonMediaType(mediaType) ? JSON.stringify(value) : textOf(value);
}

/** `application/json`, `application/problem+json; charset=utf-8`, `text/json`. */
export function isJsonMediaType(mediaType: string): boolean {
  return /^[^;]*[/+]json\s*(?:;|$)/i.test(mediaType);
}

function isFormMediaType(mediaType: string): boolean {
  return /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(mediaType);
}

/** `name=value` pairs for a query, a form-style cookie or an urlencoded body; none when the value is empty. */
export function pairsOf(name: string, value: Json, style: ValueStyle, encode: Encode): string[] {
  const key = encode(name);
  if (style.contentType !== null) {
    return value === null ? [] : [`${key}=${encode(textByMediaType(value, style.contentType, encode))}`];
  }
  if (style.style === 'deepObject') return deepPairs(key, value, encode);
  if (Array.isArray(value)) {
    const items = itemsOf(value).map(encode);
    if (items.length === 0) return [];
    if (style.explode) return items.map((item) => `${key}=${item}`);
    return [`${key}=${items.join(DELIMITERS[style.style] ?? ',')}`];
  }
  if (isJsonObject(value)) {
    const entries = entriesOf(value, encode);
    if (entries.length === 0) return [];
    if (style.explode) return entries.map(([property, item]) => `${property}=${item}`);
    return [`${key}=${entries.flat().join(DELIMITERS[style.style] ?? ',')}`];
  }
  return value === null ? [] : [`${key}=${encode(textOf(value))}`];
}

/** An object as exploded form pairs: the whole of an urlencoded text. */
export function formPairs(value: { readonly [key: string]: Json }, encode: Encode): string[] {
  const style: ValueStyle = { style: 'form', explode: true, allowReserved: false, contentType: null };
  return Object.entries(value).flatMap(([name, item]) => pairsOf(name, item, style, encode));
}

/** `a[b][c]=1`, arrays by index, and a scalar as a scalar: what servers with nested parameters read. */
function deepPairs(key: string, value: Json, encode: Encode): string[] {
  if (value === null) return [];
  if (typeof value !== 'object') return [`${key}=${encode(textOf(value))}`];
  return Object.entries(value).flatMap(([property, item]: [string, Json]) =>
    deepPairs(`${key}%5B${encode(property)}%5D`, item, encode),
  );
}

/** A path segment's text, `simple`, `label` or `matrix`; "" when the value is empty. */
export function pathText(name: string, value: Json, style: ValueStyle, encode: Encode): string {
  if (style.contentType !== null) return encode(textByMediaType(value, style.contentType, encode));
  if (style.style === 'matrix') return matrixText(encode(name), value, style.explode, encode);
  const label = style.style === 'label';
  const text = simpleText(value, style.explode, label && style.explode ? '.' : ',', encode);
  return label && text !== '' ? `.${text}` : text;
}

/** `simple` style: path values without a prefix, and headers. */
export function simpleText(value: Json, explode: boolean, delimiter: string, encode: Encode): string {
  if (Array.isArray(value)) return itemsOf(value).map(encode).join(delimiter);
  if (isJsonObject(value)) {
    const entries = entriesOf(value, encode);
    return explode ? entries.map((entry) => entry.join('=')).join(delimiter) : entries.flat().join(delimiter);
  }
  return value === null ? '' : encode(textOf(value));
}

function matrixText(name: string, value: Json, explode: boolean, encode: Encode): string {
  if (!explode || value === null || typeof value !== 'object') {
    const text = simpleText(value, false, ',', encode);
    return text === '' ? '' : `;${name}=${text}`;
  }
  const pairs = Array.isArray(value)
    ? itemsOf(value).map((item) => `${name}=${encode(item)}`)
    : entriesOf(value as { readonly [key: string]: Json }, encode).map((entry) => entry.join('='));
  return pairs.map((pair) => `;${pair}`).join('');
}

function itemsOf(values: readonly Json[]): string[] {
  return values.filter((item) => item !== null).map(textOf);
}

function entriesOf(value: { readonly [key: string]: Json }, encode: Encode): [string, string][] {
  return Object.entries(value)
    .filter(([, item]) => item !== null && item !== undefined)
    .map(([property, item]) => [encode(property), encode(textOf(item))]);
}
