import { setMaxListeners } from 'node:events';
import type { Milliseconds } from './config/config.js';

export interface Bounds {
  /** The first to abort ends the work, for its reason. */
  readonly signals: readonly AbortSignal[];
  /** From now on; past it the reason is a DOMException `TimeoutError`. @default none */
  readonly limit?: Milliseconds;
}

/**
 * Runs work that ends when its signal says so. The signal aborts at last when the work is over, so that nothing of it
 * goes on behind.
 *
 * In place of `AbortSignal.any`, which holds its sources weakly: a timeout that is nowhere else is collected before it
 * fires (nodejs/node#57736), and what waited for it waits for ever.
 */
export async function bounded<T>(
  { signals, limit }: Bounds,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const follow = ({ target }: Event) => controller.abort((target as AbortSignal).reason);
  for (const signal of signals) {
    // Of every upstream there may be one; each is taken off again.
    setMaxListeners(0, signal);
    if (signal.aborted) controller.abort(signal.reason);
    signal.addEventListener('abort', follow);
  }
  const timeUp = () => controller.abort(new DOMException('The operation took too long.', 'TimeoutError'));
  const timer = limit === undefined ? undefined : setTimeout(timeUp, limit);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener('abort', follow);
    controller.abort();
  }
}
