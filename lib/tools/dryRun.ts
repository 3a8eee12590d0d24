import { buildRequest } from '../call/request.js';
import { messageOf, SourceError } from '../errors.js';
import { redactedLocation } from '../spec/location.js';
import { sampleArguments } from './sampleArguments.js';
import type { Tool } from './tool.js';

export { sampleArguments } from './sampleArguments.js';

export interface DryRunOutcome {
  /** The tools whose request can be built. */
  readonly tools: readonly Tool[];
  /** One line for each of the others. */
  readonly warnings: readonly string[];
}

/**
 * Builds every tool's request from sampled arguments, as a call would, and sends nothing. A tool that fails
 * would fail every agent too, and is dropped.
 *
 * @throws SourceError stage `dry_run` if not one tool of several is left.
 */
export function dryRun(tools: readonly Tool[], location: string): DryRunOutcome {
  const warnings: string[] = [];
  const usable = tools.filter((tool) => {
    try {
      buildRequest(tool.plan, sampleArguments(tool));
      return true;
    } catch (error) {
      warnings.push(
        `${tool.operation}: no request can be built for ${tool.name}: ${messageOf(error)}; dropped`,
      );
      return false;
    }
  });
  if (tools.length > 0 && usable.length === 0) {
    throw new SourceError(
      'dry_run',
      redactedLocation(location),
      `no request can be built for any of its ${tools.length} operations; the first: ${warnings[0]}`,
    );
  }
  return { tools: usable, warnings };
}
