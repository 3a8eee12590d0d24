import { LoadError, McpAnythingError, messageOf, UpstreamLoadError } from '../errors.js';
import type { Logger } from '../observe/logger.js';
import { CALL_OUTCOMES, type Metrics, type ReloadResult } from '../observe/metrics.js';
import type { EndpointDiff } from '../table/diff.js';
import type { RoutingTable } from '../table/routingTable.js';
import type { ReloadReport } from './report.js';

/** Names shown per endpoint in a log line; the journal has all of them. */
const NAMES_LOGGED = 20;

/** What a reload that looked at the config came to, as far as the config is concerned. */
export function configResult(report: ReloadReport, configFailed: boolean): ReloadResult {
  if (configFailed || report.outcome === 'held') return 'failure';
  return report.outcome === 'applied' ? 'success' : 'unchanged';
}

/**
 * @param config null = only sources were refreshed: that says nothing of the config.
 * @param wasFailing The newest config was not in force before.
 */
export function recordReload(
  metrics: Metrics,
  report: ReloadReport,
  config: ReloadResult | null,
  wasFailing: boolean,
): void {
  const held = report.outcome === 'held';
  // A refresh that went well says nothing of a config that is held.
  if (held || config !== null || !wasFailing) metrics.reloadHeld.set(held ? 1 : 0);
  metrics.restartRequired.set(report.restartRequired.length);
  if (config === null) return;
  metrics.configReloads.inc({ result: config });
  metrics.configReloadDuration.observe(report.durationSeconds);
  metrics.configLastReloadSuccessful.set(config === 'failure' ? 0 : 1);
  // Back to what is in force after a failure is a success, too, though nothing had to be applied.
  if (config === 'success' || (config === 'unchanged' && wasFailing)) {
    metrics.configLastReloadSuccessTimestamp.set(Date.now() / 1_000);
  }
}

/** The metrics that describe what serves; set in one place, after the swap. */
export function recordSwap(metrics: Metrics, former: RoutingTable | null, table: RoutingTable): void {
  metrics.tableSwaps.inc();
  metrics.tableGeneration.set(table.generation);
  metrics.tableInfo.reset();
  metrics.tableInfo.set({ fingerprint: table.fingerprint }, 1);
  for (const endpoint of former?.groups.keys() ?? []) {
    if (!table.groups.has(endpoint)) metrics.tableTools.remove({ endpoint });
  }
  for (const [endpoint, group] of table.groups) metrics.tableTools.set({ endpoint }, group.tools.length);
}

/** Drops the series of upstreams that left. @param retired No call runs on it any more. */
export function forgetUpstreams(metrics: Metrics, retired: RoutingTable, current: RoutingTable | null): void {
  // The last table keeps its series: they are read once more when the process ends.
  if (current === null) return;
  for (const upstream of retired.upstreams.keys()) {
    if (!current.upstreams.has(upstream)) removeUpstreamSeries(metrics, upstream);
  }
}

function removeUpstreamSeries(metrics: Metrics, upstream: string): void {
  for (const outcome of CALL_OUTCOMES) metrics.toolCalls.remove({ upstream, outcome });
  metrics.toolCallDuration.remove({ upstream });
}

export function logSwap(logger: Logger, report: ReloadReport, table: RoutingTable): void {
  logger.info(
    {
      trigger: report.trigger,
      generation: table.generation,
      fingerprint: table.fingerprint,
      durationSeconds: report.durationSeconds,
      diff: report.diff.map(summarise),
    },
    `routing table ${table.generation} serves`,
  );
}

export function logHeld(logger: Logger, report: ReloadReport): void {
  logger.error(
    { trigger: report.trigger, problems: report.problems },
    'reload held, what served before keeps serving; let it through with handler.reload({ force: true }), with POST /-/reload?force=true where server.admin_reload is on, or by a restart',
  );
}

function summarise(diff: EndpointDiff): object {
  const shorten = (names: readonly string[]): readonly string[] =>
    names.length > NAMES_LOGGED
      ? [...names.slice(0, NAMES_LOGGED), `… ${names.length - NAMES_LOGGED} more`]
      : names;
  return {
    endpoint: diff.endpoint,
    added: shorten(diff.added),
    removed: shorten(diff.removed),
    changed: shorten(diff.changed),
  };
}

/**
 * One line per failure: what it was, in which upstream and stage; the operator's text, never the client's.
 * @param scope What was not applied: all that the reload would have changed, or one upstream's new version.
 */
export function logFailure(logger: Logger, error: unknown, trigger: string, scope: 'all' | 'upstream'): void {
  if (error instanceof LoadError) {
    for (const inner of error.errors) logFailure(logger, inner, trigger, scope);
    return;
  }
  const fields =
    error instanceof UpstreamLoadError
      ? { trigger, code: error.code, upstream: error.upstream, stage: error.stage }
      : { trigger, code: error instanceof McpAnythingError ? error.code : 'unexpected' };
  const what =
    scope === 'upstream'
      ? 'reload failed for one upstream, its last good version keeps serving'
      : 'reload failed, what served before keeps serving';
  logger.error({ ...fields, problems: problemsOf(error) }, what);
}

/** Nothing was swapped, and nothing is wrong: said to who asked, and to who has read of a failure. */
export function logUnchanged(logger: Logger, report: ReloadReport, wasFailing: boolean): void {
  const what = wasFailing ? 'the config in force is the newest one again' : 'nothing has changed';
  logger.info({ trigger: report.trigger, generation: report.generation }, `reload: ${what}`);
}

/** The lines an operator reads of anything thrown. */
export function problemsOf(error: unknown): readonly string[] {
  return error instanceof McpAnythingError ? error.problems : [messageOf(error)];
}
