import type { Milliseconds } from '../config/config.js';
import { UpstreamFailure } from './upstreamFailure.js';

/** Hears why a call has to end. */
export type EndListener = (failure: UpstreamFailure) => void;

/**
 * How long one call may take in all, whoever ends it first: the clock or the caller. A leaner `AbortSignal`, which
 * costs a tenth of a call's processor time.
 */
export class Deadline {
  readonly #who: string;
  readonly #timeout: Milliseconds;
  readonly #followers: Set<Deadline> | null;
  readonly #timer: NodeJS.Timeout;
  readonly #listeners: EndListener[] = [];
  #failure: UpstreamFailure | null = null;

  /** @param caller Aborts when the caller leaves; null = nobody can. @param who Subject of the sentence. */
  constructor(timeout: Milliseconds, caller: AbortSignal | null, who: string) {
    this.#who = who;
    this.#timeout = timeout;
    this.#followers = caller === null ? null : followersOf(caller);
    this.#followers?.add(this);
    this.#timer = setTimeout(() => this.#timeUp(), timeout);
    this.#timer.unref();
    if (caller?.aborted) this.leave();
  }

  /** Why the call has to end; null while it may go on. */
  get failure(): UpstreamFailure | null {
    return this.#failure;
  }

  /** Not called for what has happened before: look at `failure` first. */
  add(listener: EndListener): void {
    this.#listeners.push(listener);
  }

  remove(listener: EndListener): void {
    const at = this.#listeners.indexOf(listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }

  /** To be called when the call is over. */
  finish(): void {
    clearTimeout(this.#timer);
    this.#followers?.delete(this);
  }

  /**
   * What a promise gives, if that comes first. The promise itself goes on: others may wait for it.
   * @throws UpstreamFailure
   */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) reject(this.#failure);
      this.add(reject);
      promise.then(resolve, reject).finally(() => this.remove(reject));
    });
  }

  /** The caller has left. */
  leave(): void {
    this.#end(new UpstreamFailure('aborted', 'The call was cancelled.'));
  }

  #timeUp(): void {
    this.#end(
      new UpstreamFailure('timeout', `${this.#who} did not answer within ${this.#timeout / 1_000} s.`),
    );
  }

  #end(failure: UpstreamFailure): void {
    if (this.#failure !== null) return;
    this.#failure = failure;
    for (const listener of [...this.#listeners]) listener(failure);
  }
}

const followers = new WeakMap<AbortSignal, Set<Deadline>>();

/** The deadlines that end with a signal. It has one listener for all: callers keep their signal from call to call. */
function followersOf(caller: AbortSignal): Set<Deadline> {
  const known = followers.get(caller);
  if (known !== undefined) return known;
  const following = new Set<Deadline>();
  followers.set(caller, following);
  caller.addEventListener('abort', () => {
    for (const deadline of [...following]) deadline.leave();
  });
  return following;
}
