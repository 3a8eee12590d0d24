import type { Config, LoadedConfig } from '../config/config.js';
import { loadConfig } from '../config/load.js';
import type { TableReader } from '../table/liveTable.js';
import { buildCandidate, type Candidate, type CandidateContext } from './candidate.js';
import { createFileSnapshot, type FileSnapshot } from './fileSnapshot.js';
import type { ReloadWork } from './reloadWork.js';

/** Where everything comes from, for the life of a reloader. */
export interface ReloadInputs extends Pick<CandidateContext, 'compile' | 'createClient'> {
  /** Path of the config file, or the config itself. */
  readonly config: string | object;
  /** Base for relative paths of a config object. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly use: 'middleware' | 'sidecar';
  readonly reader: TableReader;
  /** A config that breaks no rule has been read; what it asks for may still fail to load. */
  readonly onConfig: (config: Config) => void;
}

export interface AttemptContext extends Pick<CandidateContext, 'states' | 'signal'> {
  readonly options: ReloadInputs;
  /** The config in force; null before the first table. */
  readonly loaded: LoadedConfig | null;
}

/** What one run of the loop came to, before it is told to anybody. */
export interface Attempt {
  readonly candidate: Candidate | null;
  readonly errors: readonly unknown[];
  /** The newest config was not usable; what was built, if anything, is the former one. */
  readonly configFailed: boolean;
  /** The newest config that could be read, usable or not: its files are to be watched. */
  readonly newest: LoadedConfig | null;
  /** What the files were like when they were read; for the watcher, so that no change falls between. */
  readonly seen: FileSnapshot['seen'];
}

/**
 * Builds the newest config; where that cannot be, the one in force with the newest of everything else, so that
 * a broken config holds up no spec. Never throws for input that is not usable.
 */
export async function attemptReload(work: ReloadWork, context: AttemptContext): Promise<Attempt> {
  const { options, loaded: inForce, states, signal } = context;
  const limit = inForce?.config.server.startup_validation_timeout;
  const files = createFileSnapshot(limit === undefined ? {} : { limit });
  const readFile = files.read;
  const errors: unknown[] = [];
  let newest: LoadedConfig | null = null;
  let configFailed = false;
  if (inForce === null || !work.onlyRefresh) {
    try {
      const { directory, env, use } = options;
      newest = await loadConfig(options.config, { directory, env, use, readFile });
      options.onConfig(newest.config);
    } catch (error) {
      errors.push(error);
      configFailed = true;
    }
  }
  for (const loaded of distinctConfigs(newest, inForce)) {
    try {
      const candidate = await buildCandidate(loaded, {
        compile: options.compile,
        createClient: options.createClient,
        former: options.reader.peek(),
        states,
        fetched: work.fetched,
        refetch: work.refetch,
        readFile,
        signal,
      });
      return { candidate, errors, configFailed, newest, seen: files.seen };
    } catch (error) {
      if (signal.aborted) break;
      errors.push(error);
      configFailed ||= loaded === newest;
    }
  }
  return { candidate: null, errors, configFailed, newest, seen: files.seen };
}

function distinctConfigs(newest: LoadedConfig | null, inForce: LoadedConfig | null): LoadedConfig[] {
  if (newest?.digest === inForce?.digest) return newest === null ? [] : [newest];
  return [newest, inForce].filter((loaded) => loaded !== null);
}
