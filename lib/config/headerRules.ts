import type { ConfigPath } from './path.js';
import type { RuleContext } from './ruleContext.js';

/** A field name is a token (RFC 9110, section 5.1). */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** A field value has no control characters but the tab, and nothing beyond Latin-1 (RFC 9110, section 5.5). */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Headers that belong to the connection or are computed from the request. */
const RESERVED: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** True if a secret can be sent: beyond ASCII it goes as UTF-8, but nothing carries control characters. */
export function isOneLine(text: string): boolean {
  return !/\p{Cc}/u.test(text);
}

/** A header name that the operator chose for a credential or a header of their own. */
export function checkHeaderName(
  name: string | null | undefined,
  path: ConfigPath,
  context: RuleContext,
): void {
  if (name === null || name === undefined) return;
  if (!NAME.test(name)) context.refused(path, 'must be a header name', name);
  else if (RESERVED.has(name.toLowerCase())) {
    context.refused(path, 'must be a header that the HTTP client does not set itself', name);
  }
}

/** The value is never printed. */
export function checkHeaderValue(value: string | undefined, path: ConfigPath, context: RuleContext): void {
  if (value !== undefined && !VALUE.test(value)) {
    context.broken(path, 'must have no line breaks, control characters or characters beyond Latin-1');
  }
}

/** `headers` of an upstream. */
export function checkHeaders(
  headers: Readonly<Record<string, string | undefined>> | undefined,
  path: ConfigPath,
  context: RuleContext,
): void {
  const seen = new Map<string, string>();
  for (const [name, value] of Object.entries(headers ?? {})) {
    const place = [...path, name];
    if (!NAME.test(name)) context.broken(place, 'must have a header name as its key');
    else if (RESERVED.has(name.toLowerCase())) {
      context.broken(place, 'must be a header that the HTTP client does not set itself');
    }
    const twin = seen.get(name.toLowerCase());
    if (twin !== undefined) context.broken(place, `must be given once, and "${twin}" is the same header`);
    seen.set(name.toLowerCase(), name);
    checkHeaderValue(value, place, context);
  }
}
