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
  /** After each swap of GitHub's document, the first one first. */
  readonly swaps: readonly number[];
}

/** Swaps that are looked at together: how much garbage waits to be collected differs from one to the next. */
const WINDOW = 9;

/** The median from the fifth swap on. */
export function afterFifthSwap({ swaps }: MemoryFigures): number {
  return median(swaps.slice(4, 4 + WINDOW));
}

/** The median up to the last swap. */
export function afterLastSwap({ swaps }: MemoryFigures): number {
  return median(swaps.slice(-WINDOW));
}

/** Part (e): resident memory of the sidecar, and whether it grows with the number of swaps. */
export async function measureMemory(stage: Stage): Promise<MemoryFigures> {
  const small = await afterLoad(stage, 'small');
  const github = await afterLoad(stage, 'github');
  const added = stage.documents.github.count - stage.documents.small.count;
  const swaps = await afterSwaps(stage, stage.quick ? 7 : 50);
  return { small, github, perThousandTools: ((github - small) / added) * 1_000, swaps };
}

async function afterLoad(stage: Stage, size: DocumentSize): Promise<number> {
  await using running = await startCandidate(sidecarOf(stage), sceneOf(stage, size));
  return await settledMemory(running);
}

async function afterSwaps(stage: Stage, count: number): Promise<number[]> {
  const scene = sceneOf(stage, 'github');
  const document = new ChangingDocument(dirname(scene.document), 'github');
  await using running = await startCandidate(sidecarOf(stage), { ...scene, document: document.path });
  const swaps: number[] = [];
  for (let swap = 1; swap <= count; swap += 1) {
    await document.change(running.url);
    await sleep(500);
    swaps.push(running.process.residentBytes);
    if (swap % 10 === 0) stage.say(`swap ${swap}: ${megabytes(running.process.residentBytes)} MB`);
  }
  return swaps;
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
