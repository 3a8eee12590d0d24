import type { PackedUpstream } from './compileJob.js';
import type { Frame } from './frames.js';
import type { PackedTools } from './packedTools.js';
import type { CompileJob } from './tool.js';
import type { WorkerAnswer } from './workerMessages.js';

/** The file descriptor, in the child, of the socket that jobs come and answers go by. */
export const CHANNEL = 3;

/** A job as it crosses to another process: its texts are the frame's blobs. */
export interface FramedJob extends Omit<CompileJob, 'document' | 'overlays'> {
  /** Of the document, then of the overlays. */
  readonly locations: readonly string[];
}

/** An answer as it crosses back: the tools' bytes are the frame's only blob. */
export type FramedAnswer =
  | Extract<WorkerAnswer, { kind: 'failed' }>
  | {
      readonly kind: 'compiled';
      readonly upstream: Omit<PackedUpstream, 'tools'>;
      readonly index: PackedTools['index'];
    };

const NOTHING = new Uint8Array(0);

export function jobFrame({ document, overlays, ...rest }: CompileJob): Frame<FramedJob> {
  const texts = [document, ...overlays];
  return {
    value: { ...rest, locations: texts.map(({ location }) => location) },
    blobs: texts.map(({ bytes }) => bytes),
  };
}

export function jobOf({ value: { locations, ...rest }, blobs }: Frame<FramedJob>): CompileJob {
  const text = (location: string, part: number) => ({ location, bytes: blobs[part] ?? NOTHING });
  const [document = text('', 0), ...overlays] = locations.map(text);
  return { ...rest, document, overlays };
}

export function answerFrame(answer: WorkerAnswer): Frame<FramedAnswer> {
  if (answer.kind === 'failed') return { value: answer, blobs: [] };
  const { tools, ...upstream } = answer.upstream;
  return { value: { kind: 'compiled', upstream, index: tools.index }, blobs: [tools.bytes] };
}

export function answerOf({
  value,
  blobs: [bytes = NOTHING],
}: Frame<FramedAnswer, Uint8Array<ArrayBuffer>>): WorkerAnswer {
  if (value.kind === 'failed') return value;
  const { upstream, index } = value;
  return { kind: 'compiled', upstream: { ...upstream, tools: { bytes, index } } };
}
