import type { Measurements } from './measurements.js';
import { type Failure, median } from './part.js';
import { afterFifthSwap, afterLastSwap } from './parts/memory.js';
import type { RoundFigures } from './parts/requests.js';

/** One promise, and whether this run keeps it. */
export interface Verdict {
  readonly target: string;
  /** What was measured; null = not measured in this run. */
  readonly measured: number | null;
  readonly limit: number;
  /** Whether more is better. @default false */
  readonly atLeast?: boolean;
  readonly unit: '×' | 'ms' | 'requests';
}

/** The figures that a release is held to. All but the stall and the errors are ratios within one run. */
export function verdicts({ parts }: Measurements): Verdict[] {
  const { call, list, reload, memory } = parts;
  return [
    {
      target: 'tools/call, processor time: sidecar / bare Node proxy',
      measured: ratio(call?.['sidecar'], call?.['bareNode']),
      limit: 1.5,
      unit: '×',
    },
    {
      target: 'tools/call, processor time: in Express / bare Express route',
      measured: ratio(call?.['inExpress'], call?.['bareExpress']),
      limit: 1.25,
      unit: '×',
    },
    {
      target: 'tools/call, processor time: naive proxy / sidecar',
      measured: ratio(call?.['naive'], call?.['sidecar']),
      limit: 5,
      atLeast: true,
      unit: '×',
    },
    {
      target: 'tools/list of GitHub, processor time: naive proxy / sidecar',
      measured: ratio(list?.['naive'], list?.['sidecar']),
      limit: 20,
      atLeast: true,
      unit: '×',
    },
    {
      target: 'longest event-loop stall while GitHub reloads',
      measured: reload === undefined ? null : Math.max(...reload.map(({ reloading }) => reloading.stallMax)),
      limit: 50,
      unit: 'ms',
    },
    {
      target: 'p99 of calls: while GitHub reloads / idle',
      measured:
        reload === undefined ? null : median(reload.map(({ reloading, idle }) => reloading.p99 / idle.p99)),
      limit: 2,
      unit: '×',
    },
    {
      target: 'failed calls while GitHub reloads',
      measured:
        reload === undefined ? null : reload.reduce((sum, { reloading }) => sum + reloading.failed, 0),
      limit: 0,
      unit: 'requests',
    },
    {
      target: 'resident memory: after the last swap of GitHub / after the 5th',
      measured: memory === undefined ? null : afterLastSwap(memory) / afterFifthSwap(memory),
      limit: 1.1,
      unit: '×',
    },
  ];
}

export function isKept({ measured, limit, atLeast }: Verdict): boolean | null {
  if (measured === null) return null;
  return atLeast === true ? measured >= limit : measured <= limit;
}

/** The median of the rounds' ratios; null when either was not measured. */
export function ratio(
  one: readonly RoundFigures[] | Failure | undefined,
  other: readonly RoundFigures[] | Failure | undefined,
): number | null {
  if (!isMeasured(one) || !isMeasured(other)) return null;
  return median(one.map(({ cpu }, round) => cpu / (other[round]?.cpu ?? Number.NaN)));
}

export function isMeasured<T>(figures: readonly T[] | Failure | undefined): figures is readonly T[] {
  return Array.isArray(figures);
}
