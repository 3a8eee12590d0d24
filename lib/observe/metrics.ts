import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** How a config reload ended. */
export type ReloadResult = 'success' | 'failure' | 'unchanged';
/** How a refresh of one upstream's sources ended. `held`: all went well, and the safety gate holds the change. */
export const REFRESH_RESULTS = ['changed', 'not_modified', 'unchanged', 'held', 'failure'] as const;
export type RefreshResult = (typeof REFRESH_RESULTS)[number];
/**
 * How a tool call ended. `ok`: a success status. `upstream_error`: another status. `invalid_arguments`: refused
 * before any upstream call. `failure`: no usable answer (connection, timeout, size). `cancelled`: the client left.
 * `circuit_open`: not sent, the upstream has failed too often. `denied`: refused by auth, a hook, a limit or the egress
 * rules.
 */
export const CALL_OUTCOMES = [
  'ok',
  'upstream_error',
  'invalid_arguments',
  'failure',
  'cancelled',
  'circuit_open',
  'denied',
] as const;
export type CallOutcome = (typeof CALL_OUTCOMES)[number];

const PREFIX = 'mcp_anything_';

/**
 * Every metric of the project: names, help texts and labels are declared here and nowhere else.
 * Label values are bounded: upstream names and endpoints of the config, and the unions above.
 */
export class Metrics {
  readonly registry: Registry;
  readonly configReloads: Counter<'result'>;
  readonly configLastReloadSuccessful: Gauge;
  readonly configLastReloadSuccessTimestamp: Gauge;
  readonly configReloadDuration: Histogram;
  readonly reloadHeld: Gauge;
  readonly restartRequired: Gauge;
  readonly specRefreshes: Counter<'upstream' | 'result'>;
  readonly specLastRefreshSuccessful: Gauge<'upstream'>;
  readonly specLastRefreshSuccessTimestamp: Gauge<'upstream'>;
  readonly specRefreshConsecutiveFailures: Gauge<'upstream'>;
  readonly watcherPolling: Gauge;
  readonly tableGeneration: Gauge;
  readonly tableSwaps: Counter;
  readonly tableTools: Gauge<'endpoint'>;
  readonly tableInfo: Gauge<'fingerprint'>;
  readonly tablesDraining: Gauge;
  readonly requestsInFlight: Gauge;
  readonly toolCalls: Counter<'upstream' | 'outcome'>;
  readonly toolCallDuration: Histogram<'upstream'>;
  readonly listeners: Gauge<'endpoint'>;
  readonly circuitState: Gauge<'upstream'>;

  readonly #names: readonly string[];

  /** What `requestsInFlight` shows when it is read: setting the gauge itself twice would cost each request 2 µs. */
  inFlight = 0;

  /**
   * What `circuitState` shows when it is read, by upstream; null = what it showed last. Clients that are to serve, or
   * served, have breakers as well.
   */
  circuits: () => ReadonlyMap<string, number> | null = () => null;

  /** @param registry The host's own; default: a new one, with prom-client's process metrics. */
  constructor(registry?: Registry) {
    this.registry = registry ?? new Registry();
    if (registry === undefined) collectDefaultMetrics({ register: this.registry });
    const registers = [this.registry];
    const others = new Set(this.registry.getMetricsAsArray().map(({ name }) => name));
    const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
      new Counter<L>({ name: PREFIX + name, help, labelNames, registers });
    const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
      new Gauge<L>({ name: PREFIX + name, help, labelNames, registers });

    this.configReloads = counter('config_reloads_total', 'Config reloads by result.', ['result']);
    this.configLastReloadSuccessful = gauge(
      'config_last_reload_successful',
      '1 if the last config reload applied or found nothing to apply, 0 if it failed.',
    );
    this.configLastReloadSuccessTimestamp = gauge(
      'config_last_reload_success_timestamp_seconds',
      'Unix time of the last successful config reload.',
    );
    this.configReloadDuration = new Histogram({
      name: `${PREFIX}config_reload_duration_seconds`,
      help: 'From the trigger being taken up to the swap or the failure.',
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    });
    this.reloadHeld = gauge('reload_held', '1 while reload.max_tool_removal holds a change back.');
    this.restartRequired = gauge(
      'restart_required',
      'Number of changed settings that wait for a restart of the process.',
    );
    this.specRefreshes = counter('spec_refreshes_total', 'Refreshes of an upstream’s sources by result.', [
      'upstream',
      'result',
    ]);
    this.specLastRefreshSuccessful = gauge(
      'spec_last_refresh_successful',
      '1 if the last refresh of the upstream succeeded, 0 if it failed.',
      ['upstream'],
    );
    this.specLastRefreshSuccessTimestamp = gauge(
      'spec_last_refresh_success_timestamp_seconds',
      'Unix time of the upstream’s last successful refresh.',
      ['upstream'],
    );
    this.specRefreshConsecutiveFailures = gauge(
      'spec_refresh_consecutive_failures',
      'Refresh failures of the upstream since its last success.',
      ['upstream'],
    );
    this.watcherPolling = gauge(
      'watcher_polling',
      'Directories watched by polling because file events are not available for them.',
    );
    this.tableGeneration = gauge('table_generation', 'Generation of the routing table that serves.');
    this.tableSwaps = counter('table_swaps_total', 'Routing tables put into service, the first included.');
    this.tableTools = gauge('table_tools', 'Tools that an endpoint lists.', ['endpoint']);
    this.tableInfo = gauge('table_info', 'Always 1; the fingerprint of the tools that serve.', [
      'fingerprint',
    ]);
    this.tablesDraining = gauge(
      'tables_draining',
      'Retired routing tables that requests in flight still use.',
    );
    const inFlight = () => this.inFlight;
    this.requestsInFlight = new Gauge({
      name: `${PREFIX}requests_in_flight`,
      help: 'MCP requests being answered, streams excluded.',
      registers,
      collect() {
        this.set(inFlight());
      },
    });
    this.toolCalls = counter('tool_calls_total', 'Tool calls by upstream and outcome.', [
      'upstream',
      'outcome',
    ]);
    this.toolCallDuration = new Histogram({
      name: `${PREFIX}tool_call_duration_seconds`,
      help: 'Tool calls that reached their upstream, from request to the last byte of the answer.',
      labelNames: ['upstream'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    });
    this.listeners = gauge('listeners', 'Open streams that hear list changes.', ['endpoint']);
    const circuits = () => this.circuits();
    this.circuitState = new Gauge({
      name: `${PREFIX}circuit_state`,
      help: 'Circuit breaker of the upstream: 0 closed, 1 half open, 2 open.',
      labelNames: ['upstream'],
      registers,
      collect() {
        const states = circuits();
        if (states === null) return;
        this.reset();
        for (const [upstream, state] of states) this.set({ upstream }, state);
      },
    });
    this.#names = this.registry
      .getMetricsAsArray()
      .map(({ name }) => name)
      .filter((name) => !others.has(name));
  }

  /** Takes everything out of the registry, so that it has room for another handler's. */
  withdraw(): void {
    for (const name of this.#names) this.registry.removeSingleMetric(name);
  }
}
