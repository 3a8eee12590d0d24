import { McpAnythingError } from '../lib/index.js';
import { UsageError } from './usageError.js';

/** One line per problem, as `validate`, `serve` and `ready`'s rejection all show it; never a stack trace. */
export function problemLines(error: unknown): readonly string[] {
  if (error instanceof McpAnythingError) return error.problems.map(oneLine);
  if (error instanceof UsageError) return [oneLine(error.message)];
  return [`unexpected error: ${oneLine(error instanceof Error ? error.message : String(error))}`];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, ' ').trim();
}
