import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { PackedUpstream } from './compileJob.js';
import type { CompileJob } from './tool.js';

/** Where one job at a time is compiled: apart from whatever serves requests. */
export interface CompileWorker {
  /** True once it can take no job any more. */
  readonly ended: boolean;
  /**
   * Once this has rejected, the worker is to be ended: it may still be at work.
   * @throws SourceError of whatever stage failed; stage `compile` for exhausted memory or a crash.
   */
  run(job: CompileJob): Promise<PackedUpstream>;
  /** Resolves once its memory is free again. Idempotent. */
  end(): Promise<void>;
}

/**
 * The file of a module in this directory, to be started by itself. Neither a thread nor a process can run TypeScript:
 * when this module runs from source, as in tests, the file is the built one.
 * @param name Without extension.
 */
export function builtFile(name: string): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL(`./${name}.js`, import.meta.url);
  const built = new URL(`../../dist/lib/tools/${name}.js`, import.meta.url);
  if (!existsSync(fileURLToPath(built)))
    throw new Error(`${fileURLToPath(built)} is missing: run npm run build first`);
  return built;
}

/**
 * False once the working directory is removed, as a release's that is no longer the newest: nothing can start there
 * that asks for it, and Node does as it starts, be it in a process or in a thread. `process.cwd()` remembers.
 */
export function hasWorkingDirectory(): boolean {
  try {
    realpathSync.native('.');
    return true;
  } catch {
    return false;
  }
}
