import { copyFileSync, writeFileSync } from 'node:fs';
import { copyFile, rename } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { documentText, ITEM_ARGUMENTS } from '../documents.js';
import { message } from '../message.js';
import { pacedLoad } from '../pacedLoad.js';
import { type Stage, sceneOf, sidecarOf } from '../part.js';
import { type RunningCandidate, startCandidate } from '../runningCandidate.js';
import { metric } from '../scrape.js';

/** Calls per second: well below what the sidecar can do, so that times tell of stalls and not of queues. */
const RATE = 400;
/** Milliseconds from one change of the document to the next. */
const PERIOD = 2_000;

export interface PhaseFigures {
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
  /** Milliseconds that the event loop was late. */
  readonly stallMax: number;
  readonly stallP999: number;
  /** Tables swapped in. */
  readonly swaps: number;
}

export interface ReloadingFigures {
  readonly rate: number;
  readonly idle: PhaseFigures;
  readonly reloading: PhaseFigures;
}

/** Part (c): one upstream serves calls while another file event rebuilds all of GitHub's tools every two seconds. */
export async function measureReloading(stage: Stage): Promise<ReloadingFigures[]> {
  const scene = sceneOf(stage, 'github');
  const versions = [`${scene.document}.0`, `${scene.document}.1`];
  // Names swap places, so that every version has other bytes and both have the tool that is called.
  writeFileSync(versions[0] ?? '', documentText('github'));
  writeFileSync(versions[1] ?? '', `${documentText('github')}\n`.replace('"One item."', '"An item."'));
  const live = `${scene.document}.live.json`;
  copyFileSync(scene.document, live);
  await using running = await startCandidate(sidecarOf(stage), { ...scene, document: live });
  const seconds = stage.quick ? 5 : 20;
  await phase(running, seconds / 4);
  const figures: ReloadingFigures[] = [];
  for (let round = 1; round <= stage.rounds; round += 1) {
    const idle = await phase(running, seconds / 2);
    stage.say(`round ${round}, idle: p99 ${idle.p99.toFixed(2)} ms, stall ${idle.stallMax.toFixed(1)} ms`);
    const stopping = new AbortController();
    const changes = keepChanging(live, versions, stopping.signal);
    const reloading = await phase(running, seconds);
    stopping.abort();
    await changes;
    stage.say(
      `round ${round}, reloading: p99 ${reloading.p99.toFixed(2)} ms, ` +
        `stall ${reloading.stallMax.toFixed(1)} ms, ${reloading.swaps} swaps, ${reloading.failed} failed`,
    );
    figures.push({ rate: RATE, idle, reloading });
    await sleep(PERIOD);
  }
  return figures;
}

async function phase({ process, url }: RunningCandidate, seconds: number): Promise<PhaseFigures> {
  const body = message('tools/call', { name: 'getItem', arguments: ITEM_ARGUMENTS });
  const before = await metric(url, 'table_swaps_total');
  process.watchEventLoop();
  const { p50, p99, failed } = await pacedLoad({ url, body, rate: RATE, seconds });
  const { stallMax, stallP999 } = await process.probe();
  const swaps = (await metric(url, 'table_swaps_total')) - before;
  return { p50, p99, failed, stallMax, stallP999, swaps };
}

/** Puts the versions in place in turn, each in one piece. */
async function keepChanging(live: string, versions: readonly string[], signal: AbortSignal): Promise<void> {
  for (let turn = 1; !signal.aborted; turn += 1) {
    await copyFile(versions[turn % versions.length] ?? '', `${live}.next`);
    await rename(`${live}.next`, live);
    await sleep(PERIOD, undefined, { signal }).catch(() => {});
  }
}
