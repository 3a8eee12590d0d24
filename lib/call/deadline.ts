import type { Milliseconds } from '../config/config.js';
import { UpstreamFailure } from './upstreamFailure.js';

/** How long one call may take in all, whoever ends it first: the clock or the caller. */
export interface Deadline {
  /** Its reason is the `UpstreamFailure` that says why. */
  readonly signal: AbortSignal;
  /** To be called when the call is over. */
  end(): void;
}

/** @param caller Aborts when the caller leaves; null = nobody can. @param who Subject of the sentence. */
export function startDeadline(timeout: Milliseconds, caller: AbortSignal | null, who: string): Deadline {
  const controller = new AbortController();
  const leave = () => controller.abort(new UpstreamFailure('aborted', 'The call was cancelled.'));
  const timer = setTimeout(() => {
    controller.abort(new UpstreamFailure('timeout', `${who} did not answer within ${timeout / 1_000} s.`));
  }, timeout);
  timer.unref();
  if (caller?.aborted) leave();
  caller?.addEventListener('abort', leave, { once: true });
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      caller?.removeEventListener('abort', leave);
    },
  };
}
