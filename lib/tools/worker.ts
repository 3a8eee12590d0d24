import { parentPort, resourceLimits } from 'node:worker_threads';
import { SourceError } from '../errors.js';
import { redactedLocation } from '../spec/location.js';
import { runCompileJob } from './compileJob.js';
import { parsedMegabytes } from './memoryEstimate.js';
import { giveWay } from './niceness.js';
import type { CompileJob } from './tool.js';
import { failureMessage, outOfMemory, type WorkerAnswer } from './workerMessages.js';

// Elsewhere the whole process would give way.
if (process.platform === 'linux') giveWay();

parentPort?.on('message', (job: CompileJob) => void answer(job));

async function answer(job: CompileJob): Promise<void> {
  try {
    const limit = resourceLimits.maxOldGenerationSizeMb ?? Infinity;
    for (const { location, bytes } of [job.document, ...job.overlays]) {
      if (parsedMegabytes(bytes) > limit) {
        throw new SourceError('compile', redactedLocation(location), outOfMemory(limit));
      }
    }
    const upstream = await runCompileJob(job);
    const compiled: WorkerAnswer = { kind: 'compiled', upstream };
    parentPort?.postMessage(compiled, [upstream.tools.bytes.buffer]);
  } catch (error) {
    const failure = failureMessage(error, redactedLocation(job.document.location));
    parentPort?.postMessage({ kind: 'failed', failure } satisfies WorkerAnswer);
  }
}
