import type { UpstreamLoadError } from '../errors.js';
import { Journal } from '../observe/journal.js';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import type { RoutingTable } from '../table/routingTable.js';
import {
  configResult,
  logFailure,
  logHeld,
  logSwap,
  logUnchanged,
  recordReload,
  recordSwap,
} from './announce.js';
import type { Attempt } from './attempt.js';
import type { Candidate } from './candidate.js';
import type { ReloadWork } from './reloadWork.js';
import type { ReloadReport } from './report.js';

export interface AnnouncerOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** After every swap, when everything else has been told. */
  readonly onSwap: (report: ReloadReport, table: RoutingTable) => void;
  readonly onFailure: (report: ReloadReport) => void;
}

/** Tables before and after a reload; the same one where nothing was swapped. */
export interface Tables {
  readonly former: RoutingTable | null;
  readonly current: RoutingTable | null;
}

/** Tells of every reload: metrics, journal, log and whoever listens, in that order. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #journal = new Journal<ReloadReport>();
  /** The newest config is not in force. */
  #failing = false;
  /** Settings that wait for a restart, as last logged. */
  #waiting = '';
  /** Warnings of the table that serves. */
  #warned: ReadonlySet<string> = new Set();

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  journal(): readonly ReloadReport[] {
    return this.#journal.entries();
  }

  announce(work: ReloadWork, attempt: Attempt, report: ReloadReport, { former, current }: Tables): void {
    const { logger, metrics, onSwap, onFailure } = this.#options;
    const config = work.onlyRefresh ? null : configResult(report, attempt.configFailed);
    const wasFailing = this.#failing;
    recordReload(metrics, report, config, wasFailing);
    if (config !== null) this.#failing = config === 'failure';
    this.#journal.add(report);
    if (report.outcome === 'applied') this.#announceWarnings(report);
    // What fails at the start is thrown to who starts.
    if (!work.triggers.has('start')) {
      for (const error of attempt.errors) logFailure(logger, error, report.trigger, 'all');
      for (const error of failuresOf(attempt.candidate)) {
        logFailure(logger, error, report.trigger, 'upstream');
      }
    }
    if (report.outcome === 'unchanged' && config !== null) logUnchanged(logger, report, wasFailing);
    this.#announceWaiting(report.restartRequired);
    if (report.outcome === 'applied' && current !== null) {
      recordSwap(metrics, former, current);
      logSwap(logger, report, current);
      onSwap(report, current);
    }
    if (report.outcome === 'held') logHeld(logger, report);
    if (report.problems.length > 0) onFailure(report);
  }

  /** Once for as long as it holds: a table is made anew for every changed document. */
  #announceWarnings({ warnings, trigger }: ReloadReport): void {
    const { logger } = this.#options;
    for (const warning of warnings) if (!this.#warned.has(warning)) logger.warn({ trigger }, warning);
    this.#warned = new Set(warnings);
  }

  #announceWaiting(settings: readonly string[]): void {
    const waiting = settings.join();
    if (waiting !== this.#waiting && waiting !== '') {
      this.#options.logger.warn({ settings }, 'these settings have changed and apply only after a restart');
    }
    this.#waiting = waiting;
  }
}

/** Of upstreams that go on with their last good version. */
export function failuresOf(candidate: Candidate | null): UpstreamLoadError[] {
  return [...(candidate?.loads.values() ?? [])].flatMap((load) => load.failure ?? []);
}
