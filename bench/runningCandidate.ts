import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Candidate, type Command, ENDPOINT, type Setting } from './candidate.js';
import { freePort } from './freePort.js';
import { MeasuredProcess } from './measuredProcess.js';
import { HEADERS, PING } from './message.js';
import { CANDIDATE_PROCESS } from './paths.js';
import { installPackages } from './peers.js';

/** The file's name in `candidates/`, without ending. */
export interface NamedCandidate {
  readonly name: string;
  /** `file:` URL. */
  readonly module: string;
  readonly candidate: Candidate;
}

export type Scene = Pick<Setting, 'upstream' | 'document' | 'tools'>;

/** How long the slowest candidate may take to be ready, in milliseconds. */
const START_LIMIT = 120_000;

/** A candidate that answers. */
export interface RunningCandidate extends AsyncDisposable {
  readonly process: MeasuredProcess;
  readonly url: string;
  /** Milliseconds from the start of the process to its first answer. */
  readonly startUp: number;
}

/** Starts a candidate and waits until it answers. @throws Error with its last words when it does not. */
export async function startCandidate(named: NamedCandidate, scene: Scene): Promise<RunningCandidate> {
  const { name, candidate } = named;
  const packages = await installPackages(name, candidate.packages ?? []);
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), `bench-${name}-`));
  let process: MeasuredProcess | null = null;
  const dispose = async () => {
    await process?.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const { args, env } = await commandOf(named, { ...scene, port, directory, packages });
    const url = `http://127.0.0.1:${port}${ENDPOINT}`;
    const start = performance.now();
    process = new MeasuredProcess(args, env);
    await firstAnswer(process, url, start);
    return { process, url, startUp: performance.now() - start, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function commandOf({ candidate, module }: NamedCandidate, setting: Setting): Promise<Command> {
  if ('command' in candidate) return candidate.command(setting);
  return { args: [CANDIDATE_PROCESS, module, JSON.stringify(setting)] };
}

/** Until it answers at all: 503 means not yet, as a refused connection does. */
async function firstAnswer(process: MeasuredProcess, url: string, start: number): Promise<void> {
  while (performance.now() - start < START_LIMIT) {
    process.assertRunning();
    const response = await fetch(url, { method: 'POST', headers: HEADERS, body: PING }).catch(() => null);
    await response?.arrayBuffer();
    if (response !== null && response.status < 500) return;
    await sleep(5);
  }
  throw new Error(`no answer within ${START_LIMIT / 1_000} s`);
}
