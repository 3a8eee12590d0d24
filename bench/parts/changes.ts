import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChangingDocument } from '../changingDocument.js';
import type { DocumentSize } from '../documents.js';
import { type Stage, sceneOf, sidecarOf } from '../part.js';
import { startCandidate } from '../runningCandidate.js';

/** By size of the document: milliseconds from each change to the first answer of the new table. */
export type ChangeFigures = Readonly<Record<DocumentSize, readonly number[]>>;

/** Part (d): how long a changed file takes to show, everything at its default, the debounce of 100 ms included. */
export async function measureChanges(stage: Stage): Promise<ChangeFigures> {
  return {
    small: await changes(stage, 'small', stage.quick ? 2 : 15),
    github: await changes(stage, 'github', stage.quick ? 1 : 9),
  };
}

async function changes(stage: Stage, size: DocumentSize, count: number): Promise<number[]> {
  const scene = sceneOf(stage, size);
  const document = new ChangingDocument(dirname(scene.document), size);
  await using running = await startCandidate(sidecarOf(stage), { ...scene, document: document.path });
  const times: number[] = [];
  for (let at = 0; at < count; at += 1) {
    // Whatever the last change has left to do is done by then.
    await sleep(1_500);
    times.push(await document.change(running.url));
  }
  stage.say(`${size}: ${times.map((time) => time.toFixed(0)).join(', ')} ms`);
  return times;
}
