import type { Config, LoadedConfig, Milliseconds } from '../config/config.js';
import { ConfigError, type UpstreamLoadError } from '../errors.js';
import type { SourceSnapshot } from '../spec/source.js';
import { diffTables } from '../table/diff.js';
import type { TableWriter } from '../table/liveTable.js';
import type { RoutingTable } from '../table/routingTable.js';
import { problemsOf } from './announce.js';
import { Announcer, type AnnouncerOptions, failuresOf } from './announcer.js';
import { type Attempt, attemptReload, type ReloadInputs } from './attempt.js';
import type { Candidate } from './candidate.js';
import { errorCode } from './entry.js';
import { mountWarnings } from './frozenMount.js';
import { gateProblems } from './gate.js';
import { ReloadLoop } from './reloadLoop.js';
import type { ReloadRequest, ReloadWork } from './reloadWork.js';
import type { ReloadReport } from './report.js';
import { restartRequired } from './restartRequired.js';
import { Retry } from './retry.js';
import { SpecRefreshes } from './specRefreshes.js';
import type { UpstreamState } from './upstreamLoad.js';
import { awaitedFiles, watchedFiles } from './watchedFiles.js';
import { Watcher } from './watcher.js';

export interface ReloaderOptions extends ReloadInputs, AnnouncerOptions {
  readonly watch: boolean;
  /** Documents have changed: as soon as they are left alone they will be compiled. */
  readonly onDocumentsTouched: () => void;
  readonly writer: TableWriter;
}

/**
 * The only writer of the live table. Every trigger asks by `request`; each run of the loop builds a complete table
 * from the newest state of everything, and swaps it in or leaves all as it was.
 */
export class Reloader {
  readonly #options: ReloaderOptions;
  readonly #announcer: Announcer;
  readonly #watcher: Watcher;
  readonly #refreshes: SpecRefreshes;
  readonly #retry = new Retry(() => this.#ask({ trigger: 'retry' }));
  readonly #loop: ReloadLoop;
  #phase: 'open' | 'closed' = 'open';
  /** The config and sources that the current table was made from. */
  #loaded: LoadedConfig | null = null;
  #states: ReadonlyMap<string, UpstreamState> = new Map();
  /** Settings that the process was started with. */
  #started: Config['server'] | null = null;
  #startError: unknown = null;
  /** Files whose change may mend the newest config, or that it names. */
  #awaited: ReadonlySet<string> = new Set();

  constructor(options: ReloaderOptions) {
    this.#options = options;
    const { logger, metrics } = options;
    this.#announcer = new Announcer(options);
    this.#loop = new ReloadLoop({
      run: (work, signal) => this.#reload(work, signal),
      onDefect: (work, error) => {
        this.#refreshes.recordRejected(work.fetched);
        logger.error({ problems: problemsOf(error) }, 'reload failed unexpectedly');
      },
    });
    this.#watcher = new Watcher({
      logger,
      metrics,
      debounce: () => this.#loaded?.config.reload.debounce ?? 100,
      pollInterval: () => this.#loaded?.config.reload.poll_interval ?? 2_000,
      onChange: (files) => {
        if (files.some((file) => this.#loaded?.files.includes(file) === false)) options.onDocumentsTouched();
        this.#ask({ trigger: 'file' });
      },
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
    return this.#loop.request(request);
  }

  journal(): readonly ReloadReport[] {
    return this.#announcer.journal();
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
    this.#phase = 'closed';
    this.#retry.reset();
    this.#refreshes.close();
    await Promise.all([this.#watcher.close(), this.#loop.close()]);
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
    this.#accountFor(work, attempt, report);
    try {
      this.#announcer.announce(work, attempt, report, { former, current: this.#options.reader.peek() });
    } finally {
      // Whoever could not be told: what comes next must be seen.
      this.#rearm(work, attempt, report);
    }
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

  #accountFor(work: ReloadWork, { candidate, errors }: Attempt, report: ReloadReport): void {
    if (work.triggers.has('start') && report.outcome === 'failed') this.#startError = errors[0] ?? null;
    if (candidate === null) this.#refreshes.recordRejected(work.fetched);
    else if (report.outcome === 'held') this.#refreshes.recordHeld(work.fetched);
    else this.#refreshes.recordLoads(candidate.loads, work.fetched);
  }

  /** Points watcher, refresher and retry timer at what is in force now, and at what may mend the rest. */
  #rearm(work: ReloadWork, attempt: Attempt, report: ReloadReport): void {
    if (!this.#options.watch || this.#phase === 'closed' || this.#loaded === null) return;
    if (!work.onlyRefresh) this.#awaited = awaitedFiles(attempt);
    const files = new Set([...watchedFiles(this.#loaded, this.#states), ...this.#awaited]);
    this.#watcher.watch(files, attempt.seen);
    if (report.generation === 1 && report.outcome === 'applied') void this.#warnOfFrozenMounts(files);
    this.#refreshes.schedule(this.#loaded.config, this.#states);
    if (attempt.errors.some(timeMayHeal) || failuresOf(attempt.candidate).some(wasOverdue)) {
      const delay = this.#retry.schedule();
      this.#options.logger.info({ delay, trigger: report.trigger }, 'the failed reload will be tried again');
    } else if (!work.onlyRefresh) {
      // A refresh says nothing of a config that waits to be tried again.
      this.#retry.reset();
    }
  }

  async #warnOfFrozenMounts(files: Iterable<string>): Promise<void> {
    for (const warning of await mountWarnings(files)) this.#options.logger.warn({}, warning);
  }
}

/** A config that breaks a rule stays broken until somebody changes it, and that is an event of its own. */
function timeMayHeal(error: unknown): boolean {
  return !(error instanceof ConfigError) || error.cause !== undefined;
}

/**
 * Out of time or memory now, as on a busy machine, or a file system that hangs: no event will tell that there is more
 * of either, or that it answers.
 */
function wasOverdue({ stage, cause }: UpstreamLoadError): boolean {
  if (stage === 'compile') return true;
  const reason = cause instanceof Error ? cause.cause : undefined;
  const isLate = errorCode(reason) === 'ETIMEDOUT' || (reason as Error | undefined)?.name === 'TimeoutError';
  return stage === 'read' && isLate;
}
