import { McpAnythingError } from '../errors.js';
import { type ReloadRequest, ReloadWork } from './reloadWork.js';
import type { ReloadReport } from './report.js';

/** How often a run may be given up for newer input before it is let through, so that none starves. */
const MAX_RESTARTS = 3;

export interface ReloadLoopOptions {
  /**
   * Does all that was asked for; never two at a time.
   * @param signal Aborts when newer input has come.
   * @returns null = overtaken: nothing was applied, and the work is taken up again together with what is newer.
   */
  readonly run: (work: ReloadWork, signal: AbortSignal) => Promise<ReloadReport | null>;
  /** A run threw, which is a defect; the loop goes on. */
  readonly onDefect: (work: ReloadWork, error: unknown) => void;
}

/** Runs one reload at a time; each takes up all that was asked for since the one before began. */
export class ReloadLoop {
  readonly #options: ReloadLoopOptions;
  #phase: 'open' | 'closed' = 'open';
  #pending: ReloadWork | null = null;
  #loop: Promise<void> | null = null;
  #running: AbortController | null = null;
  #restarts = 0;

  constructor(options: ReloadLoopOptions) {
    this.#options = options;
  }

  /** Resolves with how the run that takes it up ended. @throws McpAnythingError when closed, before or meanwhile. */
  request(request: ReloadRequest): Promise<ReloadReport> {
    if (this.#phase === 'closed') return Promise.reject(closed('closed'));
    this.#pending ??= new ReloadWork();
    const report = this.#pending.add(request);
    if (request.trigger !== 'refresh' && this.#restarts < MAX_RESTARTS) this.#running?.abort();
    this.#loop ??= this.#run();
    return report;
  }

  /** Gives up the run in progress; resolves when it has ended. Idempotent. */
  async close(): Promise<void> {
    this.#phase = 'closed';
    this.#running?.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    for (let work = this.#pending; work !== null; work = this.#pending) {
      this.#pending = null;
      if (this.#phase === 'closed') work.fail(closed('closed while reloading'));
      else await this.#runOnce(work);
    }
    // At once with the last look at what is pending, so that no request falls between.
    this.#loop = null;
  }

  async #runOnce(work: ReloadWork): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    let report: ReloadReport | null;
    try {
      report = await this.#options.run(work, running.signal);
    } catch (error) {
      // What serves keeps serving, and later triggers still count.
      this.#running = null;
      work.fail(error);
      this.#tellOfDefect(work, error);
      return;
    }
    this.#running = null;
    this.#restarts = report === null ? this.#restarts + 1 : 0;
    if (report === null) this.#postpone(work);
    else work.settle(report);
  }

  /** A second defect must not end the loop, and with it every reload to come. */
  #tellOfDefect(work: ReloadWork, error: unknown): void {
    try {
      this.#options.onDefect(work, error);
    } catch {
      // The requests have heard of the first.
    }
  }

  /** Takes up overtaken work again, together with what has overtaken it. */
  #postpone(work: ReloadWork): void {
    if (this.#pending !== null) work.absorb(this.#pending);
    this.#pending = work;
  }
}

function closed(message: string): McpAnythingError {
  return new McpAnythingError('MCP_ANYTHING_ERR_CLOSED', message);
}
