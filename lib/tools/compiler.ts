import { availableParallelism, totalmem } from 'node:os';
import type { Milliseconds } from '../config/config.js';
import { McpAnythingError } from '../errors.js';
import type { PackedUpstream } from './compileJob.js';
import { CompileThread } from './compileThread.js';
import { unpackTools } from './packedTools.js';
import type { CompiledUpstream, CompileJob } from './tool.js';

export interface CompilerOptions {
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
 * A thread that is done lingers for this long: changes come in bursts, and a thread that has compiled before is
 * three times as fast as a new one.
 */
const LINGER: Milliseconds = 3_000;

/**
 * Compiles upstreams in worker threads: a document of megabytes takes a second and hundreds of megabytes, and
 * a hostile one takes whatever it is given. A thread that fails its job, be it past its deadline or past its
 * memory, is ended; one that is done takes the next job in line, or ends a little later.
 */
export class Compiler {
  readonly #memoryLimitMb: number;
  readonly #parallelism: number;
  readonly #linger: Milliseconds;
  readonly #waiting: (() => void)[] = [];
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  readonly #idle = new Map<CompileThread, NodeJS.Timeout>();
  #free: number;

  constructor(options: CompilerOptions = {}) {
    this.#memoryLimitMb = options.memoryLimitMb ?? defaultMemoryLimit();
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
    const signal = AbortSignal.any(signals);
    await this.#turn(signal);
    const run = this.#run(job, limits.deadline, signal);
    this.#running.add(run);
    try {
      return unpacked(await run);
    } finally {
      this.#running.delete(run);
      this.#passOn();
    }
  }

  /** Ends every job, waiting or running, and every thread. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new McpAnythingError('MCP_ANYTHING_ERR_CLOSED', 'the compiler is closed'));
    await Promise.allSettled(this.#running);
    await Promise.all([...this.#idle.keys()].map((thread) => this.#end(thread)));
  }

  /** Rejects once the thread has ended, so that its memory is free again. */
  async #run(job: CompileJob, deadline: Milliseconds, signal: AbortSignal): Promise<PackedUpstream> {
    const thread = this.#takeThread();
    try {
      const packed = await thread.run(job, deadline, signal);
      await this.#keep(thread);
      return packed;
    } catch (error) {
      await thread.end();
      throw error;
    }
  }

  #takeThread(): CompileThread {
    for (const [thread, timer] of this.#idle) {
      clearTimeout(timer);
      this.#idle.delete(thread);
      if (!thread.ended) return thread;
    }
    return new CompileThread(this.#memoryLimitMb);
  }

  /** For the next job in line, or, one at a time, for what may come soon. */
  async #keep(thread: CompileThread): Promise<void> {
    const isWanted = this.#waiting.length > 0 || this.#idle.size === 0;
    if (this.#closing.signal.aborted || this.#linger === 0 || !isWanted) return thread.end();
    const timer = setTimeout(() => void this.#end(thread), this.#linger);
    timer.unref();
    this.#idle.set(thread, timer);
  }

  async #end(thread: CompileThread): Promise<void> {
    clearTimeout(this.#idle.get(thread));
    this.#idle.delete(thread);
    await thread.end();
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
