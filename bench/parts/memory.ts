import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChangingDocument } from '../changingDocument.js';
import type { DocumentSize } from '../documents.js';
import { median, type Stage, sceneOf, sidecarOf } from '../part.js';
import { type RunningCandidate, startCandidate } from '../runningCandidate.js';

/** Bytes of resident memory. */
export interface MemoryFigures {
  readonly small: number;
  readonly github: number;
  /** What 1,000 tools of GitHub's document add. */
  readonly perThousandTools: number;
  readonly afterFifthSwap: number;
  readonly afterLastSwap: number;
  /** Of GitHub's document. */
  readonly swaps: number;
}

/** Part (e): resident memory of the sidecar, and whether it grows with the number of swaps. */
export async function measureMemory(stage: Stage): Promise<MemoryFigures> {
  const small = await afterLoad(stage, 'small');
  const github = await afterLoad(stage, 'github');
  const added = stage.documents.github.count - stage.documents.small.count;
  const swaps = stage.quick ? 7 : 50;
  const grown = await afterSwaps(stage, swaps);
  return { small, github, perThousandTools: ((github - small) / added) * 1_000, swaps, ...grown };
}

async function afterLoad(stage: Stage, size: DocumentSize): Promise<number> {
  await using running = await startCandidate(sidecarOf(stage), sceneOf(stage, size));
  return await settledMemory(running);
}

async function afterSwaps(stage: Stage, swaps: number) {
  const scene = sceneOf(stage, 'github');
  const document = new ChangingDocument(dirname(scene.document), 'github');
  await using running = await startCandidate(sidecarOf(stage), { ...scene, document: document.path });
  let afterFifthSwap = Number.NaN;
  for (let swap = 1; swap <= swaps; swap += 1) {
    await document.change(running.url);
    if (swap === 5) afterFifthSwap = await settledMemory(running);
    if (swap % 10 === 0) stage.say(`swap ${swap}: ${megabytes(running.process.residentBytes)} MB`);
  }
  return { afterFifthSwap, afterLastSwap: await settledMemory(running) };
}

/** The median over two seconds, once whatever the load has left to do is done. */
async function settledMemory({ process }: RunningCandidate): Promise<number> {
  await sleep(3_000);
  const samples: number[] = [];
  for (let sample = 0; sample < 10; sample += 1) {
    await sleep(200);
    samples.push(process.residentBytes);
  }
  return median(samples);
}

export function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
