import { CORE_SCHEMA, load, Type, YAMLException } from 'js-yaml';

/**
 * A text that is not acceptable YAML or JSON. The message is a predicate that reads after the name of the
 * text (`is empty`, `is not valid YAML at 3:5: bad indentation of a mapping entry`) and never quotes the
 * text, which may hold secrets.
 */
export class TextProblem extends Error {
  /** From 1; null when the problem is of the whole text. */
  readonly line: number | null;
  readonly column: number | null;

  constructor(message: string, line: number | null = null, column: number | null = null) {
    super(message);
    this.name = 'TextProblem';
    this.line = line;
    this.column = column;
  }
}

export interface TextLimits {
  /** Values and keys of the result, each alias counted as often as it is used. @default 5,000,000 */
  readonly maxNodes?: number;
  /**
   * Refuse `__proto__`, `constructor` and `prototype` as keys, and repeated keys in JSON too (YAML's are
   * always refused). For texts of an operator, not for documents of ten megabytes. @default false
   */
  readonly refuseUnsafeKeys?: boolean;
}

const DEFAULT_MAX_NODES = 5_000_000;
/** Deeper than any real document, shallow enough for every recursive reader after this one. */
const MAX_DEPTH = 200;
/** What aliases may add before the size of the text itself is the measure. */
const FREE_EXPANSION = 100_000;
const EXPANSION_PER_CHARACTER = 20;
const UNSAFE_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** YAML 1.2's core schema and `<<`, which real documents use; no dates, no binaries, no code. */
const SCHEMA = CORE_SCHEMA.extend({
  implicit: [
    new Type('tag:yaml.org,2002:merge', {
      kind: 'scalar',
      resolve: (text: unknown) => text === '<<' || text === null,
    }),
  ],
});

/**
 * Parses one YAML or JSON document, with hostile texts in mind: aliases that explode or run in circles, deep
 * nesting, several documents and repeated keys are refused.
 *
 * @throws TextProblem
 */
export function parseText(text: string, limits: TextLimits = {}): unknown {
  const body = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  const start = body.search(/\S/);
  if (start === -1) throw new TextProblem('is empty');
  const first = body[start];
  if (first === '<' && body[start + 1] !== '<') throw new TextProblem('is HTML or XML, not YAML or JSON');

  const strict = limits.refuseUnsafeKeys === true;
  const looksLikeJson = first === '{' || first === '[';
  const json = looksLikeJson && !strict ? parseJson(body) : undefined;
  const value = json === undefined ? parseYaml(body) : json;
  if (value === null || value === undefined) throw new TextProblem('is empty');
  inspect(value, body.length, limits.maxNodes ?? DEFAULT_MAX_NODES, strict);
  return value;
}

/** undefined if the text is not JSON; the YAML parser then finds the place, or accepts a trailing comma. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseYaml(text: string): unknown {
  const options = { schema: SCHEMA, maxDepth: MAX_DEPTH };
  try {
    return load(text, options);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw new TextProblem('is not valid YAML');
    const reason = reasonWithoutText(error.reason);
    // The one error without a place: a second document.
    if (error.mark === undefined) throw new TextProblem('has more than one YAML document');
    const line = error.mark.line + 1;
    const column = error.mark.column + 1;
    throw new TextProblem(`is not valid YAML at ${line}:${column}: ${reason}`, line, column);
  }
}

/** js-yaml names tags and aliases in some reasons, and `password: *secret` is an alias. */
const TELLING_REASONS: readonly (readonly [RegExp, string])[] = [
  [/^unidentified alias/, 'an alias names no anchor (a value that starts with * needs quotes)'],
  [/^unknown tag/, 'unknown tag (a value that starts with ! needs quotes)'],
  [/^undeclared tag handle/, 'undeclared tag handle (a value that starts with ! needs quotes)'],
  [/^cannot resolve a node|^unacceptable node kind/, 'a value does not fit its tag'],
  [/^tag (name|prefix|suffix)/, 'malformed tag'],
];

function reasonWithoutText(reason: string): string {
  const known = TELLING_REASONS.find(([pattern]) => pattern.test(reason));
  if (known !== undefined) return known[1];
  return /["`<]/.test(reason) ? 'syntax error' : reason;
}

/** Walks without recursion, every alias as often as it is used, and stops at the first limit passed. */
function inspect(root: unknown, textLength: number, maxNodes: number, strict: boolean): void {
  const allowance = FREE_EXPANSION + EXPANSION_PER_CHARACTER * textLength;
  const pending: { value: unknown; depth: number }[] = [{ value: root, depth: 1 }];
  let nodes = 0;
  let characters = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, depth } = next;
    nodes += 1;
    if (typeof value === 'string') characters += value.length;
    if (nodes > maxNodes) throw new TextProblem(`has more than ${maxNodes} values, aliases included`);
    if (nodes > allowance || characters > allowance) throw new TextProblem('has aliases that expand too far');
    if (typeof value !== 'object' || value === null) continue;
    if (depth > MAX_DEPTH) throw new TextProblem(`is nested deeper than ${MAX_DEPTH} levels`);
    if (Array.isArray(value)) {
      for (const item of value) pending.push({ value: item, depth: depth + 1 });
      continue;
    }
    for (const [key, item] of Object.entries(value)) {
      if (strict && UNSAFE_KEYS.has(key)) throw new TextProblem(`has the key "${key}", which is not allowed`);
      characters += key.length;
      pending.push({ value: item, depth: depth + 1 });
    }
  }
}
