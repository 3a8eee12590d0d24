import type { Milliseconds } from '../config/config.js';
import type { Logger } from '../observe/logger.js';
import { refreshDelay, retryDelay } from './backoff.js';

/** How often one source of an upstream is to be asked for news. */
export interface RefreshSchedule {
  readonly upstream: string;
  /** Index in the upstream's sources: 0 = the document, then the overlays. */
  readonly part: number;
  readonly interval: Milliseconds;
  /** As its server asked for with the last answer; null = it did not. */
  readonly minimumInterval: Milliseconds | null;
}

export interface RefresherOptions {
  readonly logger: Logger;
  /** It is time to refresh; to be answered by `succeeded`, `failed` or `abandoned`. */
  readonly onDue: (upstream: string, part: number) => void;
  /** 0 to 1. @default Math.random */
  readonly random?: () => number;
  /** Milliseconds, never going back. @default performance.now */
  readonly now?: () => number;
}

/** What follows on a failure. */
export interface RefreshRetry {
  /** Of this part, this one included; 0 for a part that is no longer scheduled. */
  readonly consecutiveFailures: number;
  /** Milliseconds; null for a part that is no longer scheduled. */
  readonly nextIn: Milliseconds | null;
}

interface Part {
  schedule: RefreshSchedule;
  consecutiveFailures: number;
  /** As the server asked for with the last failure. */
  retryAfter: Milliseconds | null;
  /** When the present wait began, and when it ends; by `now`. */
  since: number;
  due: number;
  /** null while a refresh is in progress, so that none is started on top of it. */
  timer: NodeJS.Timeout | null;
}

/** setTimeout fires at once for more. */
const LONGEST_TIMEOUT: Milliseconds = 2 ** 31 - 1;

/** Says when to refresh which source. Knows nothing of how. */
export class Refresher {
  readonly #logger: Logger;
  readonly #onDue: (upstream: string, part: number) => void;
  readonly #random: () => number;
  readonly #now: () => number;
  readonly #upstreams = new Map<string, Map<number, Part>>();
  #phase: 'open' | 'closed' = 'open';

  constructor(options: RefresherOptions) {
    this.#logger = options.logger;
    this.#onDue = options.onDue;
    this.#random = options.random ?? Math.random;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Replaces the schedules. One that stays the same keeps its timer; a changed one counts from its last refresh. */
  update(schedules: readonly RefreshSchedule[]): void {
    if (this.#phase === 'closed') return;
    const wanted = new Map<string, Set<number>>();
    for (const schedule of schedules) {
      wanted.set(schedule.upstream, (wanted.get(schedule.upstream) ?? new Set()).add(schedule.part));
      this.#put(schedule);
    }
    for (const [upstream, parts] of this.#upstreams) {
      for (const [index, part] of parts) {
        if (wanted.get(upstream)?.has(index)) continue;
        stop(part);
        parts.delete(index);
      }
      if (parts.size === 0) this.#upstreams.delete(upstream);
    }
  }

  /** A refresh has ended well, whoever started it: the next one follows after the interval. */
  succeeded(upstream: string, part: number, minimumInterval: Milliseconds | null): void {
    const known = this.#part(upstream, part);
    if (known === null) return;
    known.schedule = { ...known.schedule, minimumInterval };
    known.consecutiveFailures = 0;
    this.#wait(known, this.#delay(known));
  }

  /** @param retryAfter As the server asked for; null = it did not. */
  failed(upstream: string, part: number, retryAfter: Milliseconds | null): RefreshRetry {
    const known = this.#part(upstream, part);
    if (known === null) return { consecutiveFailures: 0, nextIn: null };
    known.consecutiveFailures += 1;
    known.retryAfter = retryAfter;
    const { consecutiveFailures } = known;
    const nextIn = this.#delay(known);
    this.#wait(known, nextIn);
    this.#logger.debug({ upstream, part, consecutiveFailures, nextIn }, 'refresh will be tried again');
    return { consecutiveFailures, nextIn };
  }

  /** A refresh has ended without saying anything of the source, as when a newer one overtook it. */
  abandoned(upstream: string, part: number): void {
    const known = this.#part(upstream, part);
    if (known?.timer === null) this.#wait(known, this.#delay(known));
  }

  /** Of the part of the upstream that has failed most often; 0 for one without schedules. */
  consecutiveFailures(upstream: string): number {
    const parts = this.#upstreams.get(upstream)?.values() ?? [];
    return Math.max(0, ...Array.from(parts, (part) => part.consecutiveFailures));
  }

  /** Milliseconds until the next refresh of any part of the upstream; 0 while one is in progress; null = none is planned. */
  nextIn(upstream: string): Milliseconds | null {
    const parts = [...(this.#upstreams.get(upstream)?.values() ?? [])];
    if (parts.length === 0) return null;
    return Math.min(...parts.map(({ timer, due }) => (timer === null ? 0 : Math.max(0, due - this.#now()))));
  }

  /** Nothing is due afterwards. Idempotent. */
  close(): void {
    this.#phase = 'closed';
    for (const parts of this.#upstreams.values()) for (const part of parts.values()) stop(part);
    this.#upstreams.clear();
  }

  #put(schedule: RefreshSchedule): void {
    const known = this.#part(schedule.upstream, schedule.part);
    if (known === null) {
      const part: Part = {
        schedule,
        consecutiveFailures: 0,
        retryAfter: null,
        since: 0,
        due: 0,
        timer: null,
      };
      const parts = this.#upstreams.get(schedule.upstream) ?? new Map<number, Part>();
      this.#upstreams.set(schedule.upstream, parts.set(schedule.part, part));
      this.#wait(part, this.#delay(part));
      return;
    }
    const { interval, minimumInterval } = known.schedule;
    if (interval === schedule.interval && minimumInterval === schedule.minimumInterval) return;
    known.schedule = schedule;
    // In progress: its end sets the timer.
    if (known.timer !== null) this.#fireAt(known, known.since + this.#delay(known));
  }

  #part(upstream: string, part: number): Part | null {
    return this.#upstreams.get(upstream)?.get(part) ?? null;
  }

  #delay({ schedule, consecutiveFailures, retryAfter }: Part): Milliseconds {
    const { interval, minimumInterval } = schedule;
    return consecutiveFailures === 0
      ? refreshDelay(interval, minimumInterval, this.#random())
      : retryDelay(interval, consecutiveFailures, retryAfter, this.#random());
  }

  #wait(part: Part, delay: Milliseconds): void {
    part.since = this.#now();
    this.#fireAt(part, part.since + delay);
  }

  #fireAt(part: Part, due: number): void {
    stop(part);
    part.due = due;
    const wait = Math.min(Math.max(0, due - this.#now()), LONGEST_TIMEOUT);
    part.timer = setTimeout(() => {
      if (this.#now() < due - 1) {
        this.#fireAt(part, due);
        return;
      }
      part.timer = null;
      this.#onDue(part.schedule.upstream, part.schedule.part);
    }, wait).unref();
  }
}

function stop(part: Part): void {
  if (part.timer !== null) clearTimeout(part.timer);
  part.timer = null;
}
