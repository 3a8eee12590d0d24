import joi from 'joi';
import type { Json, JsonObject } from '../json.js';
import { DURATION_PATTERN, formatDuration, parseDuration } from './duration.js';
import { parseShare, SHARE_PATTERN } from './share.js';
import { formatSize, parseSize, SIZE_PATTERN } from './size.js';

/** What a schema carries besides its checks: how its key is written, for the JSON Schema and the documentation. */
export interface KeyMeta {
  /** JSON Schema of the written form; absent for structures, whose parts say it. */
  readonly json?: JsonObject;
  /** The default as one would write it. */
  readonly written?: Json;
}

/** Timers beyond 2^31 − 1 milliseconds fire at once in Node; this is the round number below. */
const MAX_DURATION = '500h';
/** V8's longest string is 512 MB. */
const MAX_SIZE = '512MB';

interface Bounds<T> {
  /** Absent = the key is optional without a default, or required by its schema. */
  readonly default?: T | null;
  readonly min?: T;
  readonly max?: T;
}

interface DurationBounds extends Bounds<string> {
  /** A word that is a value too, and stays as it is. */
  readonly word?: string;
}

/** A duration; read as milliseconds. The number 0 needs no unit. */
export function duration(description: string, bounds: DurationBounds = {}): joi.Schema {
  const min = parseDuration(bounds.min ?? '0ms') ?? 0;
  const max = parseDuration(bounds.max ?? MAX_DURATION) ?? 0;
  const word = bounds.word === undefined ? '' : `${bounds.word}, or `;
  return leaf(description, {
    schema: joi.any().custom((value: unknown, helpers) => {
      if (bounds.word !== undefined && value === bounds.word) return value;
      const milliseconds =
        value === 0 || value === '0' ? 0 : typeof value === 'string' ? parseDuration(value) : null;
      if (milliseconds === null) return helpers.error('any.rule');
      return milliseconds < min || milliseconds > max ? helpers.error('any.range') : milliseconds;
    }),
    rule: `must be ${word}a duration such as 30s, 5m or 1h`,
    range: `must be a duration from ${formatDuration(min)} to ${formatDuration(max)}`,
    json: {
      anyOf: [
        { type: 'string', pattern: DURATION_PATTERN },
        { const: 0 },
        ...(bounds.word === undefined ? [] : [{ const: bounds.word }]),
      ],
    },
    written: bounds.default,
    value: typeof bounds.default === 'string' ? parseDuration(bounds.default) : bounds.default,
  });
}

/** A size; read as bytes. A plain whole number is bytes. */
export function size(description: string, bounds: Bounds<string> = {}): joi.Schema {
  const min = parseSize(bounds.min ?? '1B') ?? 0;
  const max = parseSize(bounds.max ?? MAX_SIZE) ?? 0;
  return leaf(description, {
    schema: joi.any().custom((value: unknown, helpers) => {
      const bytes =
        typeof value === 'number' && Number.isSafeInteger(value)
          ? value
          : typeof value === 'string'
            ? parseSize(/^\d+$/.test(value) ? value + 'B' : value)
            : null;
      if (bytes === null) return helpers.error('any.rule');
      return bytes < min || bytes > max ? helpers.error('any.range') : bytes;
    }),
    rule: 'must be a size such as 512KB or 4MB',
    range: `must be a size from ${formatSize(min)} to ${formatSize(max)}`,
    json: {
      anyOf: [
        { type: 'string', pattern: SIZE_PATTERN },
        { type: 'integer', minimum: min, maximum: max },
      ],
    },
    written: bounds.default,
    value: typeof bounds.default === 'string' ? parseSize(bounds.default) : bounds.default,
  });
}

/** A share: `50%`, or a number from 0 to 1. */
export function share(description: string, fallback?: number | null): joi.Schema {
  return leaf(description, {
    schema: joi.any().custom((value: unknown, helpers) => parseShare(value) ?? helpers.error('any.rule')),
    rule: 'must be a share such as 50% or 0.5',
    json: {
      anyOf: [
        { type: 'string', pattern: SHARE_PATTERN },
        { type: 'number', minimum: 0, maximum: 1 },
      ],
    },
    written: fallback,
    value: fallback,
  });
}

/** A whole number. */
export function integer(description: string, bounds: Bounds<number>): joi.Schema {
  const min = bounds.min ?? 0;
  const max = bounds.max ?? Number.MAX_SAFE_INTEGER;
  const open = bounds.max === undefined;
  return leaf(description, {
    schema: joi.number().integer().min(min).max(max),
    rule: open ? `must be a whole number, ${min} or more` : `must be a whole number from ${min} to ${max}`,
    json: { type: 'integer', minimum: min, ...(open ? {} : { maximum: max }) },
    written: bounds.default,
    value: bounds.default,
  });
}

/** true or false. */
export function flag(description: string, fallback: boolean): joi.Schema {
  return leaf(description, {
    schema: joi.boolean(),
    rule: 'must be true or false',
    json: { type: 'boolean' },
    written: fallback,
    value: fallback,
  });
}

export interface ChoiceOptions {
  readonly default?: string;
  /** A default that is applied elsewhere, since absent and given are told apart. @default as default */
  readonly written?: string;
  /** In place of the sentence that lists the words. */
  readonly rule?: string;
}

/** One of a few words. */
export function choice(
  description: string,
  words: readonly string[],
  options: ChoiceOptions = {},
): joi.Schema {
  return leaf(description, {
    schema: joi.string().valid(...words),
    rule: options.rule ?? `must be ${sentenceList(words)}`,
    json: { type: 'string', enum: [...words] },
    written: options.written ?? options.default,
    value: options.default,
  });
}

export interface TextOptions {
  readonly default?: string | null;
  /** What the text must match; "" passes only if the pattern or an absent pattern with `empty` lets it. */
  readonly pattern?: RegExp;
  /** The sentence for a text that does not match. @default 'must be text' */
  readonly rule?: string;
  /** Whether "" is a value. @default true when the default is "" */
  readonly empty?: boolean;
}

/** A text. */
export function text(description: string, options: TextOptions = {}): joi.Schema {
  const empty = options.empty ?? options.default === '';
  const plain = options.pattern === undefined ? joi.string() : joi.string().pattern(options.pattern);
  const pattern = options.pattern === undefined ? {} : { pattern: options.pattern.source };
  return leaf(description, {
    schema: empty ? plain.allow('') : plain,
    rule: options.rule ?? (empty ? 'must be text' : 'must be text that is not empty'),
    json:
      empty && options.pattern !== undefined
        ? { anyOf: [{ type: 'string', ...pattern }, { const: '' }] }
        : { type: 'string', ...pattern, ...(empty ? {} : { minLength: 1 }) },
    written: options.default,
    value: options.default,
  });
}

interface Leaf {
  readonly schema: joi.Schema;
  /** The sentence for every way to break the rule. */
  readonly rule: string;
  /** The sentence for a value of the right kind out of bounds. @default rule */
  readonly range?: string;
  readonly json: JsonObject;
  readonly written: Json | undefined;
  readonly value: unknown;
}

function leaf(description: string, { schema, rule, range, json, written, value }: Leaf): joi.Schema {
  const meta: KeyMeta = { json, ...(written === undefined ? {} : { written }) };
  const described = schema
    .description(description)
    .messages({ '*': rule, ...(range === undefined ? {} : { 'any.range': range }) })
    .meta(meta);
  if (value === undefined) return described;
  return (value === null ? described.allow(null) : described).default(value);
}

/** `a`, `a or b`, `a, b or c`. */
export function sentenceList(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
