import type { LoadedConfig } from '../config/config.js';
import { isUrl } from '../spec/source.js';
import type { UpstreamState } from './upstreamLoad.js';

/**
 * Every file whose change must be noticed: what the configs name, and what documents refer to.
 * @param configs The one in force and the newest one, usable or not: a spec that arrives after the config that
 *   names it must be seen to arrive.
 */
export function watchedFiles(
  configs: readonly (LoadedConfig | null)[],
  states: ReadonlyMap<string, UpstreamState>,
): Set<string> {
  const files = new Set<string>();
  for (const loaded of configs) {
    for (const file of loaded?.files ?? []) files.add(file);
    for (const { enabled, openapi, overlay } of loaded?.config.upstreams ?? []) {
      for (const { source } of enabled ? [openapi, ...overlay] : []) {
        if (!isUrl(source)) files.add(source);
      }
    }
  }
  for (const { snapshot } of states.values()) {
    for (const { path } of snapshot.compiled.files) files.add(path);
  }
  return files;
}
