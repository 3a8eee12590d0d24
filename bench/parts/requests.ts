import type { DocumentSize } from '../documents.js';
import { ITEM_ARGUMENTS } from '../documents.js';
import { type Connection, connect, type LoadOptions, type Request } from '../load.js';
import { type Failure, failureOf, type Stage, sceneOf } from '../part.js';
import { type NamedCandidate, type RunningCandidate, startCandidate } from '../runningCandidate.js';

/** One round of one candidate. */
export interface RoundFigures {
  /** Microseconds of the candidate's processor time per request. */
  readonly cpu: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
}

/** By candidate. */
export type RequestFigures = Readonly<Record<string, readonly RoundFigures[] | Failure>>;

interface Contestant {
  readonly named: NamedCandidate;
  readonly running: RunningCandidate;
  readonly connection: Connection;
  readonly request: Request;
}

/** What a candidate is asked for. */
type RequestOf = (connection: Connection, named: NamedCandidate) => Promise<Request>;

/** Part (a): `tools/call` of one operation with a small JSON answer. */
export function measureCalls(stage: Stage): Promise<RequestFigures> {
  return measure(stage, stage.candidates, 'small', 32, async (connection, { candidate }) => {
    const name = candidate.lists ? await onlyTool(connection) : 'getItem';
    return { method: 'tools/call', params: { name, arguments: ITEM_ARGUMENTS } };
  });
}

/** Part (b): `tools/list` of GitHub's document. */
export function measureLists(stage: Stage): Promise<RequestFigures> {
  const lists = stage.candidates.filter(({ candidate }) => candidate.lists);
  return measure(stage, lists, 'github', 8, async () => ({ method: 'tools/list', params: {} }));
}

/** All candidates run at the same time and are measured in turn, round by round, so that a slow moment hits all. */
async function measure(
  stage: Stage,
  candidates: readonly NamedCandidate[],
  size: DocumentSize,
  connections: number,
  requestOf: RequestOf,
): Promise<RequestFigures> {
  const figures: Record<string, RoundFigures[] | Failure> = {};
  const contestants: Contestant[] = [];
  try {
    for (const named of candidates) {
      stage.say(`starting ${named.name}`);
      const contestant = await enter(stage, named, size, requestOf).catch(failureOf);
      if ('failure' in contestant) {
        stage.say(`${named.name} does not take part: ${contestant.failure}`);
        figures[named.name] = contestant;
      } else {
        contestants.push(contestant);
        const { connection, request } = contestant;
        await connection.run(request, { connections, seconds: stage.seconds });
      }
    }
    for (let round = 1; round <= stage.rounds; round += 1) {
      for (const contestant of contestants) {
        const { named } = contestant;
        const result = await measureRound(contestant, { connections, seconds: stage.seconds });
        stage.say(`round ${round}, ${named.name}: ${result.cpu.toFixed(0)} µs, ${result.failed} failed`);
        const earlier = figures[named.name];
        figures[named.name] = [...(Array.isArray(earlier) ? earlier : []), result];
      }
    }
    return figures;
  } finally {
    for (const { connection, running } of contestants) {
      await connection.close().catch(() => {});
      await running[Symbol.asyncDispose]();
    }
  }
}

async function enter(
  stage: Stage,
  named: NamedCandidate,
  size: DocumentSize,
  requestOf: RequestOf,
): Promise<Contestant> {
  const running = await startCandidate(named, sceneOf(stage, size));
  try {
    const { transport } = named.candidate;
    const connection = await connect(running.url, transport);
    const request = await requestOf(connection, named);
    await connection.answer(request);
    return { named, running, connection, request };
  } catch (error) {
    await running[Symbol.asyncDispose]();
    throw error;
  }
}

async function measureRound(
  { running: { process }, connection, request }: Contestant,
  options: LoadOptions,
): Promise<RoundFigures> {
  const before = process.cpuSeconds;
  const { answered, failed, seconds, p50, p99 } = await connection.run(request, options);
  const cpu = ((process.cpuSeconds - before) * 1e6) / answered;
  return { cpu, perSecond: answered / seconds, p50, p99, failed };
}

/** Candidates name tools as they like; the small document makes one. */
async function onlyTool(connection: Connection): Promise<string> {
  const list = await connection.answer({ method: 'tools/list', params: {} });
  const name = /"name":"([^"]+)"/.exec(list)?.[1];
  if (name === undefined) throw new Error('tools/list names no tool');
  return name;
}
