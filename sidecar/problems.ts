import { UsageError } from './usageError.js';

/**
 * One line per problem, as `validate`, `serve` and `ready`'s rejection all show it; never a stack trace.
 *
 * Goes by the `problems` that every error of the library has, so that reporting a mistyped option loads no library.
 */
export function problemLines(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [`unexpected error: ${oneLine(String(error))}`];
  if (error instanceof UsageError) return [oneLine(error.message)];
  if ('problems' in error && Array.isArray(error.problems)) return error.problems.map(String).map(oneLine);
  return [`unexpected error: ${oneLine(error.message)}`];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, ' ').trim();
}
