import { Worker } from 'node:worker_threads';
import { SourceError } from '../errors.js';
import { shared } from '../largeBytes.js';
import { redactedLocation } from '../spec/location.js';
import type { SourceText } from '../spec/source.js';
import type { PackedUpstream } from './compileJob.js';
import { builtFile, type CompileWorker } from './compileWorker.js';
import type { CompileJob } from './tool.js';
import { errorOf, outOfMemory, type WorkerAnswer } from './workerMessages.js';

/** Enough for the recursion that a document's nesting limit allows; the default 4 MB is just short of it. */
const STACK_SIZE_MB = 8;

/** A worker thread that compiles one job at a time, in a heap of its own. */
export class CompileThread implements CompileWorker {
  readonly #memoryLimitMb: number;
  readonly #worker: Worker;
  #ended = false;

  /** @param memoryLimitMb Of the heap, in megabytes. */
  constructor(memoryLimitMb: number) {
    this.#memoryLimitMb = memoryLimitMb;
    this.#worker = new Worker(builtFile('worker'), {
      resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb, stackSizeMb: STACK_SIZE_MB },
      // Flags such as --input-type are meant for the main thread, and fail in this one.
      execArgv: [],
      stdout: true,
      stderr: true,
    });
    this.#worker.stdout.resume();
    this.#worker.stderr.resume();
    // Without a listener, a thread that fails between two jobs would end the process.
    this.#worker.on('error', () => {});
    this.#worker.once('exit', () => {
      this.#ended = true;
    });
    this.#worker.unref();
  }

  get ended(): boolean {
    return this.#ended;
  }

  async run(job: CompileJob): Promise<PackedUpstream> {
    const source = redactedLocation(job.document.location);
    const failed = (message: string) => new SourceError('compile', source, message);
    const message = await withSharedBytes(job);
    const worker = this.#worker;
    let stopListening = () => {};
    worker.ref();
    try {
      return await new Promise<PackedUpstream>((resolve, reject) => {
        const onMessage = (answer: WorkerAnswer) => {
          if (answer.kind === 'compiled') resolve(answer.upstream);
          else reject(errorOf(answer.failure));
        };
        const onError = (error: NodeJS.ErrnoException) => {
          const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
          reject(
            failed(isMemory ? outOfMemory(this.#memoryLimitMb) : `cannot be compiled: ${error.message}`),
          );
        };
        const onExit = (code: number) =>
          reject(failed(`the compiler ended without an answer (code ${code})`));
        worker.on('message', onMessage).on('error', onError).on('exit', onExit);
        stopListening = () => worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        worker.postMessage(message);
      });
    } finally {
      stopListening();
      worker.unref();
    }
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

async function withSharedBytes(job: CompileJob): Promise<CompileJob> {
  const text = async ({ location, bytes }: SourceText) => ({ location, bytes: await shared(bytes) });
  return {
    ...job,
    document: await text(job.document),
    overlays: await Promise.all(job.overlays.map(text)),
  };
}
