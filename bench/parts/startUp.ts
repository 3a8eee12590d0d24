import { setTimeout as sleep } from 'node:timers/promises';
import type { DocumentSize } from '../documents.js';
import { type Failure, failureOf, type Stage, sceneOf } from '../part.js';
import { type NamedCandidate, startCandidate } from '../runningCandidate.js';

export interface StartFigures {
  /** Milliseconds from the start of the process to its first answer. */
  readonly milliseconds: number;
  /** Bytes of resident memory three seconds later. */
  readonly rss: number;
}

/** By candidate. */
export type StartUpFigures = Readonly<
  Record<string, Readonly<Record<DocumentSize, readonly StartFigures[] | Failure>>>
>;

/** Part (f): start-up to ready, and what is in memory then. */
export async function measureStartUp(stage: Stage): Promise<StartUpFigures> {
  const figures: Record<string, Record<DocumentSize, readonly StartFigures[] | Failure>> = {};
  for (const named of stage.candidates) {
    if (named.candidate.resources !== true) continue;
    figures[named.name] = {
      small: await starts(stage, named, 'small').catch(failureOf),
      github: await starts(stage, named, 'github').catch(failureOf),
    };
  }
  return figures;
}

async function starts(stage: Stage, named: NamedCandidate, size: DocumentSize): Promise<StartFigures[]> {
  const figures: StartFigures[] = [];
  for (let round = 0; round < stage.rounds; round += 1) {
    await using running = await startCandidate(named, sceneOf(stage, size));
    await sleep(stage.quick ? 500 : 3_000);
    figures.push({ milliseconds: running.startUp, rss: running.process.residentBytes });
  }
  const times = figures.map(({ milliseconds }) => milliseconds.toFixed(0)).join(', ');
  stage.say(`${named.name}, ${size}: ${times} ms`);
  return figures;
}
