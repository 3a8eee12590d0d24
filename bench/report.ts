import type { Measurements } from './measurements.js';
import { median } from './part.js';
import { afterFifthSwap, afterLastSwap, megabytes } from './parts/memory.js';
import type { RequestFigures } from './parts/requests.js';
import { isKept, isMeasured, ratio, type Verdict, verdicts } from './targets.js';

/** The whole run as Markdown. */
export function report(measurements: Measurements): string {
  const { date, quick, machine, parts } = measurements;
  const { processor, cores, memoryGb, system, node, loadBefore, versions } = machine;
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const sections = [
    `${date.slice(0, 10)}, ${processor}, ${cores} cores, ${memoryGb} GB, ${system}, Node ${node}; ` +
      `load before the run ${loadBefore}. ${packages.join(', ')}.`,
    ...(quick ? ['**A quick run: the figures mean little.**'] : []),
    targetTable(verdicts(measurements)),
    ...(parts.call === undefined ? [] : ['### tools/call', requestTable(measurements, parts.call, 'µs', 1)]),
    ...(parts.list === undefined
      ? []
      : ['### tools/list of GitHub’s document', requestTable(measurements, parts.list, 'ms', 1_000)]),
    ...reloadTable(measurements),
    ...changeTable(measurements),
    ...memoryTable(measurements),
    ...startTable(measurements),
  ];
  return sections.join('\n\n');
}

const BEGIN = '<!-- figures: written by npm run bench -- --record -->';
const END = '<!-- end of figures -->';

/** @throws Error when the page has no place for the figures. */
export function replaceSection(page: string, text: string): string {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error(`the page has no ${BEGIN} … ${END}`);
  return `${page.slice(0, from + BEGIN.length)}\n\n${text}\n\n${page.slice(to)}`;
}

function targetTable(all: readonly Verdict[]): string {
  const rows = all
    .filter(({ measured }) => measured !== null)
    .map((verdict) => {
      const { target, measured, limit, atLeast, unit } = verdict;
      const value = unit === 'requests' ? String(measured) : `${number(measured)} ${unit}`;
      const bound = `${atLeast === true ? '≥' : '≤'} ${limit} ${unit}`;
      return [target, bound, value, isKept(verdict) ? 'kept' : '**missed**'];
    });
  return table(['what must hold', 'target', 'measured', ''], rows);
}

function requestTable(
  { candidates }: Measurements,
  figures: RequestFigures,
  unit: string,
  divisor: number,
): string {
  const rows = Object.entries(candidates).flatMap(([name, { title }]) => {
    const own = figures[name];
    if (own === undefined) return [];
    if (!isMeasured(own)) return [[title, 'failed', '', '', '', '']];
    const middle = (value: 'cpu' | 'perSecond' | 'p50' | 'p99') => median(own.map((round) => round[value]));
    return [
      [
        title,
        number(middle('cpu') / divisor),
        number(ratio(own, figures['sidecar'])),
        number(middle('perSecond')),
        number(middle('p99')),
        String(own.reduce((sum, { failed }) => sum + failed, 0)),
      ],
    ];
  });
  return table(['', `processor ${unit}`, '× sidecar', 'per second', 'p99 ms', 'failed'], rows);
}

function reloadTable({ parts: { reload } }: Measurements): string[] {
  if (reload === undefined) return [];
  const rows = (['idle', 'reloading'] as const).map((phase) => {
    const all = reload.map((round) => round[phase]);
    return [
      phase === 'idle' ? 'idle' : 'reloading every 2 s',
      number(median(all.map(({ p50 }) => p50))),
      number(median(all.map(({ p99 }) => p99))),
      number(median(all.map(({ stallP999 }) => stallP999))),
      number(Math.max(...all.map(({ stallMax }) => stallMax))),
      String(all.reduce((sum, { swaps }) => sum + swaps, 0)),
      String(all.reduce((sum, { failed }) => sum + failed, 0)),
    ];
  });
  const head = ['', 'p50 ms', 'p99 ms', 'loop delay p99.9 ms', 'loop delay max ms', 'swaps', 'failed'];
  return [`### ${reload[0]?.rate} calls per second while GitHub’s document reloads`, table(head, rows)];
}

function changeTable({ parts: { change } }: Measurements): string[] {
  if (change === undefined) return [];
  const rows = Object.entries(change).map(([size, times]) => [
    size === 'small' ? '1 operation' : 'GitHub, 1,224 operations',
    number(median(times)),
    number(Math.max(...times)),
  ]);
  return ['### From a changed file to the first answer', table(['', 'median ms', 'max ms'], rows)];
}

function memoryTable({ parts: { memory } }: Measurements): string[] {
  if (memory === undefined) return [];
  const rows = [
    ['1 tool', megabytes(memory.small)],
    ['GitHub, 1,224 tools', megabytes(memory.github)],
    ['per 1,000 tools', megabytes(memory.perThousandTools)],
    ['after 5 swaps of GitHub', megabytes(afterFifthSwap(memory))],
    [`after ${memory.swaps.length} swaps`, megabytes(afterLastSwap(memory))],
  ];
  return ['### Resident memory of the sidecar', table(['', 'MB'], rows)];
}

function startTable({ candidates, parts: { start } }: Measurements): string[] {
  if (start === undefined) return [];
  const rows = Object.entries(start).map(([name, sizes]) => [
    candidates[name]?.title ?? name,
    ...(['small', 'github'] as const).flatMap((size) => {
      const own = sizes[size];
      if (!isMeasured(own)) return ['failed', ''];
      return [
        number(median(own.map(({ milliseconds }) => milliseconds))),
        megabytes(median(own.map(({ rss }) => rss))),
      ];
    }),
  ]);
  return ['### Start to ready', table(['', '1 tool, ms', 'MB', 'GitHub, ms', 'MB'], rows)];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** Three significant digits. */
function number(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '–';
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
