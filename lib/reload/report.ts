import type { EndpointDiff } from '../table/diff.js';

/** What asked for a reload. `retry`: an earlier attempt failed and its backoff has passed. */
export type ReloadTrigger = 'start' | 'file' | 'refresh' | 'retry' | 'signal' | 'api' | 'http';

/** How one reload ended; an entry of the journal. */
export interface ReloadReport {
  /** When it ended, RFC 3339. */
  readonly time: string;
  /** Every trigger that was coalesced into it, joined by `+`. */
  readonly trigger: string;
  /**
   * `applied`: a new table serves (parts may still have failed: see `problems`). `unchanged`: nothing to do.
   * `failed`: the former table serves. `held`: the same, by `reload.max_tool_removal`.
   */
  readonly outcome: 'applied' | 'unchanged' | 'failed' | 'held';
  readonly durationSeconds: number;
  /** Of the table that serves after it; 0 = none yet. */
  readonly generation: number;
  /** What was applied, or for `held` what would have been. */
  readonly diff: readonly EndpointDiff[];
  /** One line each. */
  readonly problems: readonly string[];
  /** Accepted, but worth knowing: operations dropped, overlay targets that match nothing, … One line each. */
  readonly warnings: readonly string[];
  /** Changed settings that wait for a restart: `server.port`, … */
  readonly restartRequired: readonly string[];
}
