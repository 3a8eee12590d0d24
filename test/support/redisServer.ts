import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from './freePort.js';
import { rawRedis } from './rawRedis.js';
import { until } from './until.js';

/** Why there is no Redis to test against; null = there is one. */
export const redisMissing: string | null =
  spawnSync('redis-server', ['--version']).status === 0 ? null : 'no redis-server in PATH';

/** A real Redis with a password on a loopback port; it can die and come back, and forgets everything then. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly password: string;
  #process: ChildProcess | null = null;

  private constructor(port: number, password: string) {
    this.port = port;
    this.password = password;
  }

  static async start(password = 'secret'): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), password);
    await server.run();
    return server;
  }

  get url(): string {
    return `redis://:${this.password}@127.0.0.1:${this.port}`;
  }

  /** Resolves when it answers. */
  async run(): Promise<void> {
    const options = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    this.#process = spawn('redis-server', [...options, '--requirepass', this.password], { stdio: 'ignore' });
    const answers = () => this.ask('PING').then((answer) => answer.includes('PONG'));
    await until(() => answers().catch(() => false), { within: 5_000, what: 'Redis answers' });
  }

  /** What it says to one command, in the notation of its protocol. */
  ask(command: string): Promise<string> {
    return rawRedis(this.port, `AUTH ${this.password}`, command);
  }

  /** Stops it without a farewell; or holds it still, with every connection open, until `SIGCONT`. */
  async signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const running = this.#process;
    if (running === null || running.exitCode !== null || running.signalCode !== null) return;
    const ended = name === 'SIGKILL' ? once(running, 'exit') : null;
    running.kill(name);
    await ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.signal('SIGKILL');
  }
}
