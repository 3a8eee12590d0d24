import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';

/** The built command, as `bin` of the package names it. */
export const MAIN = fileURLToPath(new URL('../../dist/sidecar/main.js', import.meta.url));

export interface ProcessOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Of Node itself, before the script. @default none */
  readonly nodeOptions?: readonly string[];
  /** The script to run. @default the one of this build */
  readonly main?: string;
  /** Numbers of the user and group to run as. @default those of the tests */
  readonly user?: number;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One run of the command, with what it has written so far. */
export class SidecarProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], options: ProcessOptions = {}) {
    const { cwd = process.cwd(), env = {}, nodeOptions = [], main = MAIN, user } = options;
    this.child = spawn(process.execPath, [...nodeOptions, main, ...args], {
      cwd,
      ...(user === undefined ? {} : { uid: user, gid: user }),
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.exit = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  /** The lines of the JSON log. */
  log(): readonly Readonly<Record<string, unknown>>[] {
    return this.stdout
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Waits for a log line with this message. */
  logged(message: string): Promise<Readonly<Record<string, unknown>>> {
    return this.#until(() => this.log().find(({ msg }) => msg === message));
  }

  /** Waits for the listener; the URL it can be reached at. */
  async url(): Promise<string> {
    const { url } = await this.logged('listening');
    return String(url);
  }

  /** Waits for text on stdout. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#until(() => pattern.exec(this.stdout) ?? undefined);
  }

  #until<T>(find: () => T | undefined): Promise<T> {
    return vi.waitFor(
      () => {
        const found = find();
        if (found !== undefined) return found;
        throw new Error(`not seen yet; exit code ${this.child.exitCode}\n${this.stdout}\n${this.stderr}`);
      },
      { timeout: 15_000, interval: 20 },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.exit;
  }
}

/** Runs a command that ends by itself. */
export function runCommand(args: readonly string[], options?: ProcessOptions): Promise<Exit> {
  return new SidecarProcess(args, options).exit;
}
