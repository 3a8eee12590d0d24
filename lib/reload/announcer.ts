import type { UpstreamLoadError } from '../errors.js';
import { Journal } from '../observe/journal.js';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import type { RoutingTable } from '../table/routingTable.js';
import { configResult, logFailure, logHeld, logSwap, recordReload, recordSwap } from './announce.js';
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

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  journal(): readonly ReloadReport[] {
    return this.#journal.entries();
  }

  announce(work: ReloadWork, attempt: Attempt, report: ReloadReport, { former, current }: Tables): void {
    const { logger, metrics, onSwap, onFailure } = this.#options;
    const config = work.onlyRefresh ? null : configResult(report, attempt.configFailed);
    recordReload(metrics, report, config, this.#failing);
    if (config !== null) this.#failing = config === 'failure';
    this.#journal.add(report);
    for (const warning of report.outcome === 'applied' ? report.warnings : []) {
      logger.warn({ trigger: report.trigger }, warning);
    }
    // What fails at the start is thrown to who starts.
    for (const error of work.triggers.has('start') ? [] : failuresIn(attempt)) {
      logFailure(logger, error, report.trigger);
    }
    this.#announceWaiting(report.restartRequired);
    if (report.outcome === 'applied' && current !== null) {
      recordSwap(metrics, former, current);
      logSwap(logger, report, current);
      onSwap(report, current);
    }
    if (report.outcome === 'held') logHeld(logger, report);
    if (report.problems.length > 0) onFailure(report);
  }

  #announceWaiting(settings: readonly string[]): void {
    const waiting = settings.join();
    if (waiting !== this.#waiting && waiting !== '') {
      this.#options.logger.warn({ settings }, 'these settings have changed and apply only after a restart');
    }
    this.#waiting = waiting;
  }
}

function failuresIn({ errors, candidate }: Attempt): readonly unknown[] {
  return [...errors, ...failuresOf(candidate)];
}

/** Of upstreams that go on with their last good version. */
export function failuresOf(candidate: Candidate | null): UpstreamLoadError[] {
  return [...(candidate?.loads.values() ?? [])].flatMap((load) => load.failure ?? []);
}
