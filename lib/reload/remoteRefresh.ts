import { bounded } from '../bounded.js';
import type { Config, UpstreamConfig } from '../config/config.js';
import { SourceError } from '../errors.js';
import { isUrl, loadSource, type SourceSnapshot } from '../spec/source.js';
import type { UpstreamState } from './upstreamLoad.js';
import { sourceRequests } from './upstreamSources.js';

/** What asking the servers of some parts of one upstream brought. */
export interface RemoteRefresh {
  readonly parts: readonly number[];
  /** Parts with new bytes. */
  readonly changed: ReadonlyMap<number, SourceSnapshot>;
  /** Parts whose bytes are the same; the snapshots carry the newest validators. */
  readonly same: ReadonlyMap<number, SourceSnapshot>;
  /** `not_modified` only if every part answered so. */
  readonly result: 'changed' | 'unchanged' | 'not_modified';
}

/** The parts to ask for when `part` is due: the document takes along the overlays without a schedule of their own. */
export function partsDue(upstream: UpstreamConfig, part: number): number[] {
  if (part > 0) return [part];
  const followers = upstream.overlay.flatMap((overlay, index) =>
    overlay.refresh_interval === null && isUrl(overlay.source) ? [index + 1] : [],
  );
  return [0, ...followers];
}

/**
 * Fetches outside the reload loop, so that a server that hangs holds up nothing else.
 * @throws SourceError stage `fetch`: of the first part that failed.
 */
export async function refreshRemote(
  upstream: UpstreamConfig,
  config: Config,
  state: UpstreamState,
  parts: readonly number[],
  signal: AbortSignal,
): Promise<RemoteRefresh> {
  const requests = sourceRequests(upstream, config);
  const limit = config.server.startup_validation_timeout;
  const changed = new Map<number, SourceSnapshot>();
  const same = new Map<number, SourceSnapshot>();
  let everyNotModified = true;
  const ask = async (part: number, until: AbortSignal) => {
    const request = requests[part];
    if (request === undefined) throw new SourceError('fetch', upstream.name, `has no part ${part}`);
    const outcome = await loadSource(request, state.sources[part] ?? null, until);
    (outcome.result === 'changed' ? changed : same).set(part, outcome.snapshot);
    everyNotModified &&= outcome.result === 'not_modified';
  };
  // Of several sources one may fail while others are on their way: they end with it.
  await bounded({ signals: [signal], limit }, (until) => Promise.all(parts.map((part) => ask(part, until))));
  return {
    parts,
    changed,
    same,
    result: changed.size > 0 ? 'changed' : everyNotModified ? 'not_modified' : 'unchanged',
  };
}
