import { RE2JS } from 're2js';

/** A pattern is not tried on more text than this in one validation; the rest counts as matching. */
const CHARACTERS_PER_VALIDATION = 500_000;
const MAX_PATTERN_LENGTH = 2_000;

let charactersLeft = CHARACTERS_PER_VALIDATION;

/** To be called before each validation. Validation is synchronous, so one budget serves all. */
export function resetPatternBudget(): void {
  charactersLeft = CHARACTERS_PER_VALIDATION;
}

/** What ajv needs of a compiled pattern. */
interface Pattern {
  test(text: string): boolean;
  toString(): string;
}

/**
 * `pattern` in linear time: documents are untrusted, and a backtracking engine takes seconds for
 * 28 characters against `^(a+)+$`. What RE2 cannot express (look-around, back-references) or would make too
 * large is not checked: the API will.
 */
export function linearPattern(source: string): Pattern {
  let compiled: RE2JS | null | undefined;
  return {
    test(text) {
      charactersLeft -= text.length;
      if (charactersLeft < 0) return true;
      if (compiled === undefined) compiled = compile(source);
      return compiled === null || compiled.test(text);
    },
    toString: () => `/${source}/u`,
  };
}
/** ajv writes this into generated source, which is never run on its own. */
linearPattern.code = 'linearPattern';

function compile(source: string): RE2JS | null {
  if (source.length > MAX_PATTERN_LENGTH) return null;
  try {
    return RE2JS.compile(RE2JS.translateRegExp(source));
  } catch {
    return null;
  }
}
