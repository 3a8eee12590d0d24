import type { LoadedConfig } from '../config/config.js';
import { isUrl } from '../spec/source.js';
import type { Attempt } from './attempt.js';
import type { UpstreamState } from './upstreamLoad.js';

/** Every file that the table which serves was made of: what its config names, and what documents refer to. */
export function watchedFiles(
  loaded: LoadedConfig,
  states: ReadonlyMap<string, UpstreamState>,
): readonly string[] {
  return [
    ...filesOf(loaded),
    ...Array.from(states.values(), ({ snapshot }) => snapshot.compiled.files.map(({ path }) => path)).flat(),
  ];
}

/**
 * What the newest config names, in force or not: a spec that arrives after the config that names it must be seen to
 * arrive. Of a config that breaks a rule only this is known: what was looked for, found or not.
 */
export function awaitedFiles({ newest, configFailed, seen }: Attempt): ReadonlySet<string> {
  return new Set([...(newest === null ? [] : filesOf(newest)), ...(configFailed ? seen.keys() : [])]);
}

function filesOf({ files, config }: LoadedConfig): readonly string[] {
  const sources = config.upstreams.flatMap(({ enabled, openapi, overlay }) =>
    enabled ? [openapi, ...overlay].map(({ source }) => source) : [],
  );
  return [...files, ...sources.filter((source) => !isUrl(source))];
}
