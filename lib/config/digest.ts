import { createHash } from 'node:crypto';
import { CallerKeys } from './callerKeys.js';
import type { Config } from './config.js';
import { type Environment, variable } from './expand.js';

/** The bytes of a file that the config names. */
export interface FileBytes {
  /** Absolute. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * SHA-256 (hex) of everything a config means: its values whatever the order and notation of its keys, the
 * variables that it names, and the bytes of the files that it names.
 */
export function configDigest(config: Config, files: readonly FileBytes[], env: Environment): string {
  const hash = createHash('sha256');
  hash.update(canonicalJson(config));
  for (const name of [...variableNames(config)].sort()) {
    hash.update('\0' + JSON.stringify([name, variable(env, name) ?? null]));
  }
  for (const { path, bytes } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update('\0' + JSON.stringify([path, bytes.length]));
    hash.update(bytes);
  }
  return hash.digest('hex');
}

/** JSON with the keys of every object in order, and without the callers' keys: where they come from is hashed. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(
          Object.entries(item)
            .filter(([, member]) => !(member instanceof CallerKeys))
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        )
      : item,
  );
}

/** The values of `*_env` keys: the variables that are read later, when a credential is needed. */
function variableNames(config: Config): Set<string> {
  const names = new Set<string>();
  JSON.stringify(config, (key, item: unknown) => {
    if (key.endsWith('_env') && typeof item === 'string') names.add(item);
    return item;
  });
  return names;
}
