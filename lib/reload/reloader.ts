import type { Config, LoadedConfig, Milliseconds } from '../config/config.js';
import { ConfigError, McpAnythingError, type UpstreamLoadError } from '../errors.js';
import { Journal } from '../observe/journal.js';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import type { SourceSnapshot } from '../spec/source.js';
import { diffTables } from '../table/diff.js';
import type { TableWriter } from '../table/liveTable.js';
import type { RoutingTable } from '../table/routingTable.js';
import {
  configResult,
  logFailure,
  logHeld,
  logSwap,
  problemsOf,
  recordReload,
  recordSwap,
} from './announce.js';
import { type Attempt, attemptReload, type ReloadInputs } from './attempt.js';
import type { Candidate } from './candidate.js';
import { mountWarnings } from './frozenMount.js';
import { gateProblems } from './gate.js';
import { type ReloadRequest, ReloadWork } from './reloadWork.js';
import type { ReloadReport } from './report.js';
import { restartRequired } from './restartRequired.js';
import { Retry } from './retry.js';
import { SpecRefreshes } from './specRefreshes.js';
import type { UpstreamState } from './upstreamLoad.js';
import { watchedFiles } from './watchedFiles.js';
import { Watcher } from './watcher.js';

/** How often a build may be given up for newer input before it is let through, so that none starves. */
const MAX_RESTARTS = 3;

export interface ReloaderOptions extends ReloadInputs {
  readonly watch: boolean;
  readonly writer: TableWriter;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** After every swap, when everything else has been told. */
  readonly onSwap: (report: ReloadReport, table: RoutingTable) => void;
  readonly onFailure: (report: ReloadReport) => void;
}

/**
 * The only writer of the live table. Every trigger asks by `request`; one loop takes up all that was asked
 * since its last run, builds a complete table from the newest state of everything, and swaps it in or leaves
 * all as it was.
 */
export class Reloader {
  readonly #options: ReloaderOptions;
  readonly #journal = new Journal<ReloadReport>();
  readonly #watcher: Watcher;
  readonly #refreshes: SpecRefreshes;
  readonly #retry = new Retry(() => this.#ask({ trigger: 'retry' }));
  readonly #closing = new AbortController();
  /** The config and sources that the current table was made from. */
  #loaded: LoadedConfig | null = null;
  #states: ReadonlyMap<string, UpstreamState> = new Map();
  /** Settings that the process was started with. */
  #started: Config['server'] | null = null;
  #pending: ReloadWork | null = null;
  #loop: Promise<void> | null = null;
  #running: AbortController | null = null;
  #restarts = 0;
  #startError: unknown = null;
  /** Settings that wait for a restart, as last logged. */
  #waiting = '';
  /** The newest config is not in force. */
  #failing = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    const { logger, metrics } = options;
    this.#watcher = new Watcher({
      logger,
      metrics,
      debounce: () => this.#loaded?.config.reload.debounce ?? 100,
      pollInterval: () => this.#loaded?.config.reload.poll_interval ?? 2_000,
      onChange: () => this.#ask({ trigger: 'file' }),
    });
    this.#refreshes = new SpecRefreshes({
      logger,
      metrics,
      current: () => (this.#loaded === null ? null : { config: this.#loaded.config, states: this.#states }),
      onChanged: (fetched) => this.#ask({ trigger: 'refresh', fetched }),
      onSame: (upstream, state, parts) => this.#keepValidators(upstream, state, parts),
    });
  }

  /** @throws McpAnythingError whose `problems` name all that is wrong; nothing serves then. */
  async start(): Promise<void> {
    const report = await this.request({ trigger: 'start' });
    if (report.outcome === 'failed') throw this.#startError ?? new Error('the first load failed');
  }

  /** Asks for a run of the loop; resolves with how that run ended. @throws McpAnythingError when closed. */
  request(request: ReloadRequest): Promise<ReloadReport> {
    if (this.#closing.signal.aborted) {
      return Promise.reject(new McpAnythingError('MCP_ANYTHING_ERR_CLOSED', 'closed'));
    }
    this.#pending ??= new ReloadWork();
    const report = this.#pending.add(request);
    if (request.trigger !== 'refresh' && this.#restarts < MAX_RESTARTS) this.#running?.abort();
    this.#loop ??= this.#run();
    return report;
  }

  journal(): readonly ReloadReport[] {
    return this.#journal.entries();
  }

  /** What every upstream that serves was made from: the document, then the overlays in order. */
  sources(): ReadonlyMap<string, readonly SourceSnapshot[]> {
    return new Map([...this.#states].map(([name, { sources }]) => [name, sources]));
  }

  /** Milliseconds until the next refresh of the upstream; null = none is planned. */
  nextRefreshIn(upstream: string): Milliseconds | null {
    return this.#refreshes.nextIn(upstream);
  }

  /** Upstreams that have failed to refresh at least `max_refresh_failures` times in a row. */
  failingUpstreams(): readonly { readonly upstream: string; readonly failures: number }[] {
    return (this.#loaded?.config.upstreams ?? []).flatMap(({ name, enabled, openapi }) => {
      const failures = this.#refreshes.failures(name);
      const limit = openapi.max_refresh_failures;
      return enabled && limit > 0 && failures >= limit ? [{ upstream: name, failures }] : [];
    });
  }

  /** Stops every trigger, gives up a build in progress. The table is the writer's to close. Idempotent. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#running?.abort();
    this.#retry.reset();
    this.#refreshes.close();
    await this.#watcher.close();
    await this.#loop;
  }

  /** Only if nothing has replaced what the refresh compared against. */
  #keepValidators(upstream: string, state: UpstreamState, parts: ReadonlyMap<number, SourceSnapshot>): void {
    if (this.#states.get(upstream) !== state) return;
    const sources = state.sources.map((source, part) => parts.get(part) ?? source);
    this.#states = new Map([...this.#states, [upstream, { ...state, sources }]]);
  }

  #ask(request: ReloadRequest): void {
    this.request(request).catch(() => {
      // Closed in the meantime; a run that fails resolves with a report.
    });
  }

  async #run(): Promise<void> {
    for (let work = this.#pending; work !== null; work = this.#pending) {
      this.#pending = null;
      if (this.#closing.signal.aborted) {
        work.fail(new McpAnythingError('MCP_ANYTHING_ERR_CLOSED', 'closed while reloading'));
        continue;
      }
      const running = new AbortController();
      this.#running = running;
      try {
        const report = await this.#reload(work, running.signal);
        this.#running = null;
        if (report === null) this.#postpone(work);
        else work.settle(report);
        this.#restarts = report === null ? this.#restarts + 1 : 0;
      } catch (error) {
        // A defect of ours must not end the loop: what serves keeps serving, and later triggers still count.
        this.#running = null;
        this.#options.logger.error({ problems: problemsOf(error) }, 'reload failed unexpectedly');
        work.fail(error);
      }
    }
    // At once with the last look at what is pending, so that no request falls between.
    this.#loop = null;
  }

  /** Takes up overtaken work again, together with what has overtaken it. */
  #postpone(work: ReloadWork): void {
    if (this.#pending !== null) work.absorb(this.#pending);
    this.#pending = work;
  }

  /** null = overtaken: newer input has come, nothing was applied. */
  async #reload(work: ReloadWork, signal: AbortSignal): Promise<ReloadReport | null> {
    const started = performance.now();
    const attempt = await attemptReload(work, {
      options: this.#options,
      loaded: this.#loaded,
      states: this.#states,
      signal,
    });
    if (signal.aborted) {
      attempt.candidate?.discard();
      return null;
    }
    const former = this.#options.reader.peek();
    const outcome = this.#decide(attempt, former, work);
    const report: ReloadReport = {
      time: new Date().toISOString(),
      trigger: [...work.triggers].join('+'),
      durationSeconds: (performance.now() - started) / 1_000,
      generation: this.#options.reader.peek()?.generation ?? 0,
      ...outcome,
    };
    this.#record(work, attempt, report);
    this.#tell(attempt, report, former);
    this.#rearm(attempt, report);
    return report;
  }

  /** Swaps, or says why not. */
  #decide(
    attempt: Attempt,
    former: RoutingTable | null,
    work: ReloadWork,
  ): Pick<ReloadReport, 'outcome' | 'diff' | 'problems' | 'warnings' | 'restartRequired'> {
    const { candidate } = attempt;
    const problems = [
      ...attempt.errors.flatMap(problemsOf),
      ...failuresOf(candidate).flatMap((failure) => failure.problems),
    ];
    const common = {
      warnings: candidate?.warnings ?? [],
      restartRequired: this.#restartRequired(attempt),
    };
    if (candidate === null) return { outcome: 'failed', diff: [], problems, ...common };
    if (this.#serves(candidate)) {
      this.#states = candidate.states;
      const outcome = problems.length > 0 ? 'failed' : 'unchanged';
      return { outcome, diff: [], problems, ...common };
    }
    const diff = diffTables(former, candidate.table);
    const held = former === null || work.force ? [] : gateProblems(former, candidate.table, diff);
    if (held.length > 0) {
      candidate.discard();
      return { outcome: 'held', diff, problems: [...held, ...problems], ...common };
    }
    this.#options.writer.swap(candidate.table);
    this.#loaded = candidate.loaded;
    this.#states = candidate.states;
    this.#started ??= candidate.loaded.config.server;
    return { outcome: 'applied', diff, problems, ...common };
  }

  /** True where the current table was made of just the same. */
  #serves(candidate: Candidate): boolean {
    return (
      candidate.loaded.digest === this.#loaded?.digest &&
      [...candidate.states].every(([name, state]) => this.#states.get(name)?.snapshot === state.snapshot)
    );
  }

  #restartRequired({ candidate, newest }: Attempt): string[] {
    if (this.#options.use !== 'sidecar' || this.#started === null) return [];
    const next = candidate?.loaded ?? newest ?? this.#loaded;
    return next === null ? [] : restartRequired(this.#started, next.config.server);
  }

  #record(work: ReloadWork, { candidate, configFailed }: Attempt, report: ReloadReport): void {
    const config = work.onlyRefresh ? null : configResult(report, configFailed);
    recordReload(this.#options.metrics, report, config, this.#failing);
    if (config !== null) this.#failing = config === 'failure';
    if (candidate === null || report.outcome === 'held') this.#refreshes.recordRejected(work.fetched);
    else this.#refreshes.recordLoads(candidate.loads, work.fetched);
    this.#journal.add(report);
  }

  #tell(attempt: Attempt, report: ReloadReport, former: RoutingTable | null): void {
    const { logger, metrics, reader } = this.#options;
    const starting = former === null;
    for (const warning of report.outcome === 'applied' ? report.warnings : []) {
      logger.warn({ trigger: report.trigger }, warning);
    }
    if (!starting) {
      for (const error of [...attempt.errors, ...failuresOf(attempt.candidate)]) {
        logFailure(logger, error, report.trigger);
      }
    }
    const waiting = report.restartRequired.join();
    if (waiting !== this.#waiting && waiting !== '') {
      logger.warn(
        { settings: report.restartRequired },
        'these settings have changed and apply only after a restart',
      );
    }
    this.#waiting = waiting;
    const table = reader.peek();
    if (report.outcome === 'applied' && table !== null) {
      recordSwap(metrics, former, table);
      logSwap(logger, report, table);
      this.#options.onSwap(report, table);
    }
    if (report.outcome === 'held') logHeld(logger, report);
    if (starting && report.outcome === 'failed') this.#startError = attempt.errors[0] ?? null;
    if (report.problems.length > 0) this.#options.onFailure(report);
  }

  /** Points watcher, refresher and retry timer at what is in force now. */
  #rearm(attempt: Attempt, report: ReloadReport): void {
    if (!this.#options.watch || this.#closing.signal.aborted || this.#loaded === null) return;
    const files = watchedFiles([this.#loaded, attempt.newest], this.#states);
    // Of a config that breaks a rule only this is known: what was looked for, found or not.
    if (attempt.configFailed) for (const file of attempt.seen.keys()) files.add(file);
    this.#watcher.watch(files, attempt.seen);
    if (report.generation === 1 && report.outcome === 'applied') void this.#warnOfFrozenMounts(files);
    this.#refreshes.schedule(this.#loaded.config, this.#states);
    if (!attempt.errors.some(timeMayHeal)) {
      this.#retry.reset();
      return;
    }
    const delay = this.#retry.schedule();
    this.#options.logger.info({ delay, trigger: report.trigger }, 'the failed reload will be tried again');
  }

  async #warnOfFrozenMounts(files: Iterable<string>): Promise<void> {
    for (const warning of await mountWarnings(files)) this.#options.logger.warn({}, warning);
  }
}

function failuresOf(candidate: Candidate | null): UpstreamLoadError[] {
  return [...(candidate?.loads.values() ?? [])].flatMap((load) => load.failure ?? []);
}

/** A config that breaks a rule stays broken until somebody changes it, and that is an event of its own. */
function timeMayHeal(error: unknown): boolean {
  return !(error instanceof ConfigError) || error.cause !== undefined;
}
