import type { Deadline } from './deadline.js';
import { UpstreamFailure } from './upstreamFailure.js';

/** A place in use; called once, when the call is over. */
export type ReleaseSlot = () => void;

interface Waiter {
  start(): void;
}

/** Limits how many calls run at once; a bounded number of others wait in order. */
export class ConnectionSlots {
  readonly #size: number;
  readonly #queueSize: number;
  readonly #queue = new Set<Waiter>();
  #busy = 0;

  /** @param size `max_connections`. @param queueSize How many may wait. @default 16 times `size`, at least 256 */
  constructor(size: number, queueSize = Math.max(256, size * 16)) {
    this.#size = size;
    this.#queueSize = queueSize;
  }

  /** A slot at once, or null when all are in use. */
  tryAcquire(): ReleaseSlot | null {
    if (this.#busy >= this.#size) return null;
    this.#busy += 1;
    return this.#releaseOnce();
  }

  /**
   * Waits for a slot.
   * @throws UpstreamFailure `refused` when too many wait already; or the deadline's.
   */
  acquire(deadline: Deadline): Promise<ReleaseSlot> {
    const free = this.tryAcquire();
    if (free !== null) return Promise.resolve(free);
    if (this.#queue.size >= this.#queueSize) {
      return Promise.reject(
        new UpstreamFailure('refused', 'Too many calls to this API are waiting already; try again later.'),
      );
    }
    return new Promise((resolve, reject) => {
      const leave = (failure: UpstreamFailure) => {
        this.#queue.delete(waiter);
        reject(failure);
      };
      const waiter: Waiter = {
        start: () => {
          deadline.remove(leave);
          resolve(this.#releaseOnce());
        },
      };
      if (deadline.failure !== null) return reject(deadline.failure);
      deadline.add(leave);
      this.#queue.add(waiter);
    });
  }

  #releaseOnce(): ReleaseSlot {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const [next] = this.#queue;
      if (next === undefined) {
        this.#busy -= 1;
      } else {
        this.#queue.delete(next);
        next.start();
      }
    };
  }
}
