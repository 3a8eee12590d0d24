import { availableParallelism, totalmem } from 'node:os';
import { bounded } from '../bounded.js';
import type { Milliseconds } from '../config/config.js';
import { McpAnythingError, SourceError } from '../errors.js';
import { redactedLocation } from '../spec/location.js';
import type { PackedUpstream } from './compileJob.js';
import { CompileProcess } from './compileProcess.js';
import { CompileThread } from './compileThread.js';
import { type CompileWorker, hasWorkingDirectory } from './compileWorker.js';
import { unpackTools } from './packedTools.js';
import type { CompiledUpstream, CompileJob } from './tool.js';

/**
 * `thread`: starts at once. `process`: takes 0.3 s to start, and leaves more to what runs beside it: it shares no helper
 * threads of V8, and whatever it does to its memory, it is alone in it.
 */
export type CompilePlace = 'thread' | 'process';

export interface CompilerOptions {
  /** What a worker is. @default 'thread' */
  readonly place?: CompilePlace;
  /** Heap of one worker, in megabytes. @default a third of the memory there is, 256 to 1,024 */
  readonly memoryLimitMb?: number;
  /** Workers at the same time. @default os.availableParallelism() */
  readonly parallelism?: number;
  /** How long a worker that is done waits for another job. @default 3 s */
  readonly linger?: Milliseconds;
}

export interface CompileLimits {
  /** Of the job itself, not of its waiting for a free worker. */
  readonly deadline: Milliseconds;
  readonly signal?: AbortSignal;
}

/**
 * A worker that is done lingers for this long: changes come in bursts, and one that has compiled before is three times
 * as fast as a new one.
 */
const LINGER: Milliseconds = 3_000;

/**
 * Compiles upstreams in workers: a document of megabytes takes a second and hundreds of megabytes, and a hostile one
 * takes whatever it is given. A worker that fails its job, be it past its deadline or past its memory, is ended; one
 * that is done takes the next job in line, or ends a little later.
 */
export class Compiler {
  readonly #newWorker: () => CompileWorker;
  readonly #parallelism: number;
  readonly #linger: Milliseconds;
  readonly #waiting: (() => void)[] = [];
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  readonly #idle = new Map<CompileWorker, NodeJS.Timeout>();
  #free: number;

  constructor(options: CompilerOptions = {}) {
    const memoryLimitMb = options.memoryLimitMb ?? defaultMemoryLimit();
    // A process can be started somewhere else than here.
    this.#newWorker = () =>
      options.place === 'process' || !hasWorkingDirectory()
        ? new CompileProcess(memoryLimitMb)
        : new CompileThread(memoryLimitMb);
    this.#parallelism = Math.max(1, options.parallelism ?? availableParallelism());
    this.#linger = options.linger ?? LINGER;
    this.#free = this.#parallelism;
  }

  /**
   * @throws SourceError of whatever stage failed; stage `compile` for a deadline, exhausted memory or a crash.
   * @throws the signal's reason when aborted; McpAnythingError `MCP_ANYTHING_ERR_CLOSED` after `close()`.
   */
  async compile(job: CompileJob, limits: CompileLimits): Promise<CompiledUpstream> {
    const signals = [this.#closing.signal, ...(limits.signal === undefined ? [] : [limits.signal])];
    return bounded({ signals }, (signal) => this.#compile(job, limits.deadline, signal));
  }

  async #compile(job: CompileJob, deadline: Milliseconds, signal: AbortSignal): Promise<CompiledUpstream> {
    await this.#turn(signal);
    const run = this.#run(job, deadline, signal);
    this.#running.add(run);
    try {
      return unpacked(await run);
    } finally {
      this.#running.delete(run);
      this.#passOn();
    }
  }

  /** A job is about to come: a worker starts for it unless one is there, and ends if none does. */
  prepare(): void {
    const isThere = this.#free < this.#parallelism || this.#idle.size > 0;
    if (!isThere && !this.#closing.signal.aborted && this.#linger > 0) this.#park(this.#newWorker());
  }

  /** Ends every job, waiting or running, and every worker. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new McpAnythingError('MCP_ANYTHING_ERR_CLOSED', 'the compiler is closed'));
    await Promise.allSettled(this.#running);
    await Promise.all([...this.#idle.keys()].map((worker) => this.#end(worker)));
  }

  /** Rejects once the worker has ended, so that its memory is free again. */
  async #run(job: CompileJob, deadline: Milliseconds, signal: AbortSignal): Promise<PackedUpstream> {
    const worker = this.#takeWorker();
    try {
      const packed = await within(deadline, signal, job, worker.run(job));
      await this.#keep(worker);
      return packed;
    } catch (error) {
      await worker.end();
      throw error;
    }
  }

  #takeWorker(): CompileWorker {
    for (const [worker, timer] of this.#idle) {
      clearTimeout(timer);
      this.#idle.delete(worker);
      if (!worker.ended) return worker;
    }
    return this.#newWorker();
  }

  /** For the next job in line, or, one at a time, for what may come soon. */
  async #keep(worker: CompileWorker): Promise<void> {
    const isWanted = this.#waiting.length > 0 || this.#idle.size === 0;
    if (this.#closing.signal.aborted || this.#linger === 0 || !isWanted) return worker.end();
    this.#park(worker);
  }

  #park(worker: CompileWorker): void {
    const timer = setTimeout(() => void this.#end(worker), this.#linger);
    timer.unref();
    this.#idle.set(worker, timer);
  }

  async #end(worker: CompileWorker): Promise<void> {
    clearTimeout(this.#idle.get(worker));
    this.#idle.delete(worker);
    await worker.end();
  }

  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const start = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(start), 1);
        reject(signal.reason);
      };
      this.#waiting.push(start);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** A worker that is done makes room for the next job in line. */
  #passOn(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

/** @throws SourceError past the deadline; the signal's reason when aborted; whatever the run throws. */
async function within<T>(
  deadline: Milliseconds,
  signal: AbortSignal,
  job: CompileJob,
  run: Promise<T>,
): Promise<T> {
  let stopWaiting = () => {};
  const stopped = new Promise<never>((_, reject) => {
    const source = redactedLocation(job.document.location);
    const tooLate = () =>
      reject(
        new SourceError('compile', source, `is not compiled after ${Math.round(deadline / 100) / 10} s`),
      );
    const timer = setTimeout(tooLate, deadline);
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    stopWaiting = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
  });
  try {
    return await Promise.race([run, stopped]);
  } finally {
    stopWaiting();
  }
}

function unpacked(packed: PackedUpstream): CompiledUpstream {
  const { tools, selections, ...rest } = packed;
  const compiled = unpackTools(tools);
  return Object.freeze({
    ...rest,
    tools: compiled,
    selections: new Map(
      selections.map(({ filter, tools: positions }) => [
        filter,
        new Set(positions.map((position) => compiled[position]).filter((tool) => tool !== undefined)),
      ]),
    ),
  });
}

function defaultMemoryLimit(): number {
  const limits = [totalmem(), process.constrainedMemory() ?? 0].filter((bytes) => bytes > 0);
  return Math.min(1024, Math.max(256, Math.floor(Math.min(...limits) / 3 / 2 ** 20)));
}
