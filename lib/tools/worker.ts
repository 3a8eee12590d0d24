import { parentPort, resourceLimits, workerData } from 'node:worker_threads';
import { SourceError } from '../errors.js';
import { redactedLocation } from '../spec/location.js';
import { runCompileJob } from './compileJob.js';
import { parsedMegabytes } from './memoryEstimate.js';
import type { CompileJob } from './tool.js';
import { failureMessage, outOfMemory, type WorkerAnswer } from './workerMessages.js';

/** A worker thread compiles one job and ends; its memory goes with it. */
const job = workerData as CompileJob;

try {
  const limit = resourceLimits.maxOldGenerationSizeMb ?? Infinity;
  for (const { location, bytes } of [job.document, ...job.overlays]) {
    if (parsedMegabytes(bytes) > limit) {
      throw new SourceError('compile', redactedLocation(location), outOfMemory(limit));
    }
  }
  const upstream = await runCompileJob(job);
  const answer: WorkerAnswer = { kind: 'compiled', upstream };
  parentPort?.postMessage(answer, [upstream.tools.bytes.buffer]);
} catch (error) {
  const failure = failureMessage(error, redactedLocation(job.document.location));
  parentPort?.postMessage({ kind: 'failed', failure } satisfies WorkerAnswer);
}
