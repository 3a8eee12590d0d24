import { type LoadStage, messageOf, SourceError } from '../errors.js';
import type { PackedUpstream } from './compileJob.js';

/** What a worker answers, once. */
export type WorkerAnswer =
  | { readonly kind: 'compiled'; readonly upstream: PackedUpstream }
  | { readonly kind: 'failed'; readonly failure: FailureMessage };

/** A SourceError without what does not cross threads: its class, its cause. */
export interface FailureMessage {
  readonly stage: LoadStage;
  readonly source: string;
  readonly message: string;
  readonly problems: readonly string[];
  readonly retryAfter: number | null;
}

/** @param source Names the document where the error itself does not. */
export function failureMessage(error: unknown, source: string): FailureMessage {
  if (error instanceof SourceError) {
    const { stage, message, problems, retryAfter } = error;
    return { stage, source: error.source, message, problems, retryAfter };
  }
  // A defect, or a document that exhausts the stack: the operator gets one line, not a stack.
  const message = `cannot be compiled: ${messageOf(error).split('\n', 1)[0]}`;
  return { stage: 'compile', source, message, problems: [message], retryAfter: null };
}

/** The error that the worker threw. */
export function errorOf({ stage, source, message, problems, retryAfter }: FailureMessage): SourceError {
  return new SourceError(stage, source, message, { problems, retryAfter });
}

/** What a worker, or whoever waits for it, says of one that needs too much. */
export function outOfMemory(limitMb: number): string {
  return `needs more than ${limitMb} MB of memory to compile`;
}
