import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Socket } from 'node:net';
import { parse } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, SourceError } from '../errors.js';
import { redactedLocation } from '../spec/location.js';
import type { PackedUpstream } from './compileJob.js';
import { builtFile, type CompileWorker, hasWorkingDirectory } from './compileWorker.js';
import { type Frame, readFrames, writeFrame } from './frames.js';
import { answerOf, CHANNEL, type FramedAnswer, jobFrame } from './processMessages.js';
import type { CompileJob } from './tool.js';
import { errorOf, type WorkerAnswer } from './workerMessages.js';

/**
 * V8 may neither collect garbage nor optimise code in the background: its helper threads have started before any
 * code runs that could make them give way, and take their turns with the requests.
 */
const FLAGS = ['--single-threaded', '--v8-pool-size=1'];

/** A worker thread in a process of its own: it shares neither memory nor V8's helpers with what serves requests. */
export class CompileProcess implements CompileWorker {
  readonly #child: ChildProcess;
  readonly #channel: Socket;
  readonly #answers: AsyncIterator<Frame<FramedAnswer, Uint8Array<ArrayBuffer>>>;
  /** Resolves with the reason. */
  readonly #exit: Promise<string>;
  #ended = false;

  /** @param memoryLimitMb Of the heap, in megabytes. */
  constructor(memoryLimitMb: number) {
    this.#child = spawn(
      executable(),
      [...FLAGS, fileURLToPath(builtFile('processMain')), String(memoryLimitMb)],
      {
        // No path of a job is relative; those of NODE_OPTIONS may be, and mean the directory as long as it is there.
        ...(hasWorkingDirectory() ? {} : { cwd: parse(process.execPath).root }),
        stdio: Array.from({ length: CHANNEL + 1 }, (_, fd) => (fd === CHANNEL ? 'pipe' : 'ignore')),
      },
    );
    this.#exit = once(this.#child, 'exit')
      .then(([code, signal]) => String(signal ?? `code ${code}`), messageOf)
      .finally(() => {
        this.#ended = true;
      });
    const stdio: ChildProcess['stdio'] | undefined = this.#child.stdio;
    // There is none where the system has no file descriptor left; why nothing is answered is told then as ever.
    this.#channel = (stdio?.[CHANNEL] ?? new Socket().destroy()) as Socket;
    // Whoever reads or writes at the time is told as well.
    this.#channel.on('error', () => {});
    this.#answers = readFrames(this.#channel, (length) => new Uint8Array(length));
    this.#child.unref();
    this.#channel.unref();
  }

  get ended(): boolean {
    return this.#ended;
  }

  async run(job: CompileJob): Promise<PackedUpstream> {
    this.#channel.ref();
    try {
      const answer = await this.#exchange(job);
      if (answer !== null && answer.kind === 'compiled') return answer.upstream;
      if (answer !== null) throw errorOf(answer.failure);
    } finally {
      this.#channel.unref();
    }
    await this.end();
    const message = `the compiler ended without an answer (${await this.#exit})`;
    throw new SourceError('compile', redactedLocation(job.document.location), message);
  }

  async end(): Promise<void> {
    this.#child.ref();
    this.#child.kill('SIGKILL');
    await this.#exit;
  }

  /** null = there will be no answer. */
  async #exchange(job: CompileJob): Promise<WorkerAnswer | null> {
    try {
      await writeFrame(jobFrame(job), this.#channel);
      const answer = await this.#answers.next();
      return answer.done === true ? null : answerOf(answer.value);
    } catch {
      return null;
    }
  }
}

/** Of this process, which runs on when an update of Node has removed its file; Linux still has that. */
function executable(): string {
  return process.platform === 'linux' && !existsSync(process.execPath) ? '/proc/self/exe' : process.execPath;
}
