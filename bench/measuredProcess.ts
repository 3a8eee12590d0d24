import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { PROBE } from './paths.js';
import type { Probe, ProbeRequest } from './probe.js';
import { cpuSeconds, residentBytes } from './processFigures.js';

/** Lines kept of what a process says, for when it fails. */
const KEPT_OUTPUT = 4_000;

/** A Node process with the probe in it. */
export class MeasuredProcess {
  readonly #child: ChildProcess;
  readonly #pid: number;
  #output = '';

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, ['--import', PROBE, ...args], {
      env: { ...process.env, NODE_ENV: 'production', ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#pid = this.#child.pid ?? 0;
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
      });
    }
  }

  get cpuSeconds(): number {
    this.assertRunning();
    return cpuSeconds(this.#pid);
  }

  get residentBytes(): number {
    this.assertRunning();
    return residentBytes(this.#pid);
  }

  /** @throws Error with the process's last words once it has ended. */
  assertRunning(): void {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) return;
    throw new Error(`the process has ended (${exitCode ?? signalCode}): ${this.#output.trim()}`);
  }

  /** From now on the event loop's delays are recorded. */
  watchEventLoop(): void {
    this.#tell('watch');
  }

  async probe(): Promise<Probe> {
    const answer = once(this.#child, 'message');
    this.#tell('read');
    const [probe] = await answer;
    return probe as Probe;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }

  #tell(request: ProbeRequest): void {
    this.#child.send(request);
  }
}
