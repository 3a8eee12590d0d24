import { existsSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Milliseconds } from '../config/config.js';
import { McpAnythingError, SourceError } from '../errors.js';
import { redactedLocation } from '../spec/location.js';
import type { SourceText } from '../spec/source.js';
import type { PackedUpstream } from './compileJob.js';
import { unpackTools } from './packedTools.js';
import type { CompiledUpstream, CompileJob } from './tool.js';
import { errorOf, outOfMemory, type WorkerAnswer } from './workerMessages.js';

export interface CompilerOptions {
  /** Heap of one worker, in megabytes. @default a third of the memory there is, 256 to 1,024 */
  readonly memoryLimitMb?: number;
  /** Workers at the same time. @default os.availableParallelism() */
  readonly parallelism?: number;
}

export interface CompileLimits {
  /** Of the job itself, not of its waiting for a free worker. */
  readonly deadline: Milliseconds;
  readonly signal?: AbortSignal;
}

/**
 * Compiles upstreams in worker threads: a document of megabytes takes a second and hundreds of megabytes, and
 * a hostile one takes whatever it is given. Each job has a thread of its own, ended when the job is done, past
 * its deadline, past its memory or no longer wanted.
 */
export class Compiler {
  readonly #memoryLimitMb: number;
  readonly #parallelism: number;
  readonly #waiting: (() => void)[] = [];
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  #free: number;

  constructor(options: CompilerOptions = {}) {
    this.#memoryLimitMb = options.memoryLimitMb ?? defaultMemoryLimit();
    this.#parallelism = Math.max(1, options.parallelism ?? availableParallelism());
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
    const run = runInWorker(job, this.#memoryLimitMb, limits.deadline, signal);
    this.#running.add(run);
    try {
      return unpacked(await run);
    } finally {
      this.#running.delete(run);
      this.#passOn();
    }
  }

  /** Ends every job, waiting or running. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new McpAnythingError('MCP_ANYTHING_ERR_CLOSED', 'the compiler is closed'));
    await Promise.allSettled(this.#running);
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

/** Resolves or rejects once the thread has ended, so that its memory is free again. */
async function runInWorker(
  job: CompileJob,
  memoryLimitMb: number,
  deadline: Milliseconds,
  signal: AbortSignal,
): Promise<PackedUpstream> {
  const source = redactedLocation(job.document.location);
  const failed = (message: string) => new SourceError('compile', source, message);
  const data = copyOf(job);
  const worker = new Worker(workerFile(), {
    workerData: data,
    transferList: [data.document, ...data.overlays].map((text) => text.bytes.buffer),
    resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb, stackSizeMb: STACK_SIZE_MB },
    // Flags such as --input-type are meant for the main thread, and fail in this one.
    execArgv: [],
    stdout: true,
    stderr: true,
  });
  worker.stdout.resume();
  worker.stderr.resume();
  let timer: NodeJS.Timeout | undefined;
  let abort = () => {};
  try {
    return await new Promise<PackedUpstream>((resolve, reject) => {
      timer = setTimeout(() => reject(failed(`is not compiled after ${deadline / 1000} s`)), deadline);
      abort = () => reject(signal.reason);
      if (signal.aborted) abort();
      signal.addEventListener('abort', abort, { once: true });
      worker.once('message', (answer: WorkerAnswer) => {
        if (answer.kind === 'compiled') resolve(answer.upstream);
        else reject(errorOf(answer.failure));
      });
      worker.once('error', (error: NodeJS.ErrnoException) => {
        reject(
          failed(
            error.code === 'ERR_WORKER_OUT_OF_MEMORY'
              ? outOfMemory(memoryLimitMb)
              : `cannot be compiled: ${error.message}`,
          ),
        );
      });
      worker.once('exit', (code) => reject(failed(`the compiler ended without an answer (code ${code})`)));
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    await worker.terminate();
  }
}

/** Enough for the recursion that a document's nesting limit allows; the default 4 MB is just short of it. */
const STACK_SIZE_MB = 8;

/** Bytes of its own for the thread: what is transferred is gone here. */
function copyOf(job: CompileJob) {
  const text = ({ location, bytes }: SourceText) => ({ location, bytes: new Uint8Array(bytes) });
  return { ...job, document: text(job.document), overlays: job.overlays.map(text) };
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

/**
 * The worker's file. A thread cannot run TypeScript: when this module runs from source, as in tests, the worker
 * is the built one.
 */
function workerFile(): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL('./worker.js', import.meta.url);
  const built = new URL('../../dist/lib/tools/worker.js', import.meta.url);
  if (!existsSync(fileURLToPath(built)))
    throw new Error(`${fileURLToPath(built)} is missing: run npm run build first`);
  return built;
}
