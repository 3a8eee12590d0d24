/** What a backslash may stand before in a Unicode-aware expression (ECMA-262, SyntaxCharacter and `/`). */
const SYNTAX = new Set('^$\\.*+?()[]{}|/');

/**
 * A document's `pattern` as an expression that JSON Schema validators compile: they use ECMA-262 with the `u`
 * flag, documents are written for Java, Python, PCRE. `/…/` delimiters and escapes that escape nothing are
 * taken away; null if it is still no expression.
 */
export function portablePattern(pattern: string): string | null {
  if (compiles(pattern)) return undelimited(pattern);
  const plain = withoutIdleEscapes(undelimited(pattern));
  return compiles(plain) ? plain : null;
}

function compiles(pattern: string): boolean {
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch {
    return false;
  }
}

/** `/^[a-z]+$/i` is what JavaScript writes around an expression; as a pattern it would match nothing. */
function undelimited(pattern: string): string {
  const inner = /^\/(\^.*\$)\/[a-z]*$/s.exec(pattern)?.[1];
  return inner !== undefined && compiles(inner) ? inner : pattern;
}

function withoutIdleEscapes(pattern: string): string {
  let inClass = false;
  return pattern.replace(/\\([\s\S])|[[\]]/gu, (text, escaped: string | undefined) => {
    if (escaped === undefined) {
      inClass = text === '[' || (text !== ']' && inClass);
      return text;
    }
    if (escaped === '-') return inClass ? text : '-';
    return SYNTAX.has(escaped) || /[A-Za-z0-9]/.test(escaped) ? text : escaped;
  });
}
