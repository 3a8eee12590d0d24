import { parentPort, workerData } from 'node:worker_threads';
import { redactedLocation } from '../spec/location.js';
import { runCompileJob } from './compileJob.js';
import type { CompileJob } from './tool.js';
import { failureMessage, type WorkerAnswer } from './workerMessages.js';

/** A worker thread compiles one job and ends; its memory goes with it. */
const job = workerData as CompileJob;

try {
  const upstream = await runCompileJob(job);
  const answer: WorkerAnswer = { kind: 'compiled', upstream };
  parentPort?.postMessage(answer, [upstream.tools.bytes.buffer]);
} catch (error) {
  const failure = failureMessage(error, redactedLocation(job.document.location));
  parentPort?.postMessage({ kind: 'failed', failure } satisfies WorkerAnswer);
}
