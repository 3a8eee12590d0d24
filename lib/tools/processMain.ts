import { Socket } from 'node:net';
import { redactedLocation } from '../spec/location.js';
import { CompileThread } from './compileThread.js';
import { readFrames, writeFrame } from './frames.js';
import { giveWay } from './niceness.js';
import { answerFrame, CHANNEL, type FramedJob, jobOf } from './processMessages.js';
import type { CompileJob } from './tool.js';
import { failureMessage, type WorkerAnswer } from './workerMessages.js';

// Before the thread is made, which inherits it.
giveWay();

// A terminal sends these to all processes of its group; what they mean here is for the parent to say.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const channel = new Socket({ fd: CHANNEL });
// A thread of its own has a stack and a memory limit of its own; this one sees when the parent is gone.
const thread = new CompileThread(Number(process.argv[2]));
const sharedMemory = (length: number) => new Uint8Array(new SharedArrayBuffer(length));

try {
  for await (const frame of readFrames<FramedJob, Uint8Array>(channel, sharedMemory)) {
    // Not awaited: the end of the stream is the end of the parent, and must be seen while a job runs.
    void reply(jobOf(frame));
  }
} finally {
  process.exit();
}

async function reply(job: CompileJob): Promise<void> {
  await writeFrame(answerFrame(await answer(job)), channel);
}

async function answer(job: CompileJob): Promise<WorkerAnswer> {
  try {
    return { kind: 'compiled', upstream: await thread.run(job) };
  } catch (error) {
    return { kind: 'failed', failure: failureMessage(error, redactedLocation(job.document.location)) };
  }
}
