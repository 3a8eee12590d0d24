import type { DocumentFiles, DocumentSize } from './documents.js';
import type { NamedCandidate, Scene } from './runningCandidate.js';

/** What every part of the benchmark is given. */
export interface Stage {
  readonly candidates: readonly NamedCandidate[];
  readonly upstream: string;
  readonly documents: Readonly<Record<DocumentSize, DocumentFiles>>;
  /** Measured rounds; figures are the median of them. */
  readonly rounds: number;
  /** Of one measurement. */
  readonly seconds: number;
  /** A short run, to see that everything works; its figures mean little. */
  readonly quick: boolean;
  /** Tells what is going on. */
  readonly say: (text: string) => void;
}

export function sceneOf(stage: Stage, size: DocumentSize): Scene {
  const { document, tools } = stage.documents[size];
  return { upstream: stage.upstream, document, tools };
}

/** The candidate that parts (c), (d) and (e) are about. */
export function sidecarOf(stage: Stage): NamedCandidate {
  const sidecar = stage.candidates.find(({ name }) => name === 'sidecar');
  if (sidecar === undefined) throw new Error('this part needs the candidate "sidecar"');
  return sidecar;
}

/** Why a candidate has no figures. */
export interface Failure {
  readonly failure: string;
}

export function failureOf(error: unknown): Failure {
  const text = error instanceof Error ? error.message : String(error);
  return { failure: text.split('\n').slice(0, 3).join(' ').slice(0, 300) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}
