/** Control characters, except tab and line feed, which become white space on their own. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/**
 * What a reader does not see but a model reads: format characters (zero-width, bidirectional, tags, soft
 * hyphen), Hangul fillers, the supplementary variation selectors.
 */
const INVISIBLE = /\p{Cf}|[\u115f\u1160\u3164\uffa0]|[\u{e0100}-\u{e01ef}]/gu;
/** Half of a surrogate pair: no client can encode it. */
const LONE_SURROGATE = /[\ud800-\udfff]/gu;

/** A document's text as a client may show it: without control, bidirectional and invisible characters. */
export function visibleText(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll('\r', '\n')
    .replace(CONTROL, '')
    .replace(INVISIBLE, '')
    .replace(LONE_SURROGATE, '\ufffd')
    .trim();
}

export interface DescriptionRequest {
  readonly summary: string;
  readonly description: string;
  readonly deprecated: boolean;
  /** `GET /pets`: for an operation that says nothing of itself. */
  readonly operation: string;
}

export interface DescriptionOptions {
  /** UTF-16 code units, suffix included; 0 = no limit. */
  readonly description_max_length: number;
  readonly description_truncation_suffix: string;
}

/** Summary and description, each said once; a deprecated operation says so first. */
export function toolDescription(request: DescriptionRequest, options: DescriptionOptions): string {
  const summary = visibleText(request.summary);
  const description = visibleText(request.description);
  const text = description.startsWith(summary)
    ? description
    : [summary, description].filter(Boolean).join('\n\n');
  const marked = (request.deprecated ? '[DEPRECATED] ' : '') + (text === '' ? request.operation : text);
  return truncated(marked, options.description_max_length, options.description_truncation_suffix);
}

function truncated(text: string, limit: number, suffix: string): string {
  if (limit === 0 || text.length <= limit) return text;
  const kept = text.slice(0, Math.max(0, limit - suffix.length));
  // A pair cut in half would be a lone surrogate.
  const whole = /[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept;
  return (whole + suffix).slice(0, limit);
}
