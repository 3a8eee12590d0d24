import { beforeEach, describe, expect, it } from 'vitest';
import { ReloadLoop } from '../../lib/reload/reloadLoop.js';
import type { ReloadWork } from '../../lib/reload/reloadWork.js';
import type { ReloadReport, ReloadTrigger } from '../../lib/reload/report.js';
import { type Deferred, deferred } from '../support/deferred.js';
import { until } from '../support/until.js';

interface Run {
  readonly work: ReloadWork;
  readonly signal: AbortSignal;
  /** Ends it; null where a run that was aborted says so. */
  readonly end: Deferred<ReloadReport | null | Error>;
}

const reportOf = (trigger: string): ReloadReport => ({
  time: '',
  trigger,
  outcome: 'unchanged',
  durationSeconds: 0,
  generation: 1,
  diff: [],
  problems: [],
  warnings: [],
  restartRequired: [],
});

describe('the reload loop', () => {
  let runs: Run[];
  let defects: unknown[];
  let loop: ReloadLoop;

  beforeEach(() => {
    runs = [];
    defects = [];
    loop = new ReloadLoop({
      async run(work, signal) {
        const end = deferred<ReloadReport | null | Error>();
        runs.push({ work, signal, end });
        signal.addEventListener('abort', () => end.resolve(null), { once: true });
        const result = await end.promise;
        if (result instanceof Error) throw result;
        return result;
      },
      onDefect: (_, error) => void defects.push(error),
    });
  });

  const request = (trigger: ReloadTrigger) => loop.request({ trigger });
  const triggersOf = (run: Run | undefined) => [...(run?.work.triggers ?? [])];
  const runCount = (count: number) => until(() => runs.length === count);

  it('takes up in one run all that is asked for during another', async () => {
    const first = request('refresh');
    const rest = Promise.all([request('refresh'), request('refresh')]);
    expect(runs).toHaveLength(1);
    runs[0]?.end.resolve(reportOf('first'));
    expect(await first).toMatchObject({ trigger: 'first' });
    await runCount(2);
    runs[1]?.end.resolve(reportOf('second'));
    expect(await rest).toMatchObject([{ trigger: 'second' }, { trigger: 'second' }]);
    expect(runs).toHaveLength(2);
  });

  it('gives a run up for newer input, and takes up its work with it', async () => {
    const first = loop.request({ trigger: 'file', force: true });
    const second = loop.request({ trigger: 'signal', refetch: true });
    expect(runs[0]?.signal.aborted).toBe(true);
    await runCount(2);
    expect(triggersOf(runs[1])).toEqual(['file', 'signal']);
    expect(runs[1]?.work).toMatchObject({ force: true, refetch: true });
    runs[1]?.end.resolve(reportOf('both'));
    expect(await Promise.all([first, second])).toMatchObject([{ trigger: 'both' }, { trigger: 'both' }]);
  });

  it('gives no run up for a refresh', async () => {
    const first = request('file');
    const second = request('refresh');
    expect(runs[0]?.signal.aborted).toBe(false);
    runs[0]?.end.resolve(reportOf('first'));
    await first;
    await runCount(2);
    runs[1]?.end.resolve(reportOf('second'));
    await second;
  });

  it('lets a run through that was given up three times, whatever comes', async () => {
    const reports: Promise<ReloadReport>[] = [request('file')];
    for (let run = 1; run <= 3; run += 1) {
      reports.push(request('file'));
      await runCount(run + 1);
    }
    reports.push(request('file'));
    expect(runs[3]?.signal.aborted).toBe(false);
    runs[3]?.end.resolve(reportOf('fourth'));
    await runCount(5);
    reports.push(request('file'));
    expect(runs[4]?.signal.aborted).toBe(true);
    await runCount(6);
    runs[5]?.end.resolve(reportOf('last'));
    expect((await Promise.all(reports)).map(({ trigger }) => trigger)).toEqual([
      ...Array.from({ length: 4 }, () => 'fourth'),
      'last',
      'last',
    ]);
  });

  it('goes on after a run that threw', async () => {
    const defect = new Error('a defect');
    const first = request('file');
    runs[0]?.end.resolve(defect);
    await expect(first).rejects.toBe(defect);
    expect(defects).toEqual([defect]);
    const second = request('file');
    await runCount(2);
    runs[1]?.end.resolve(reportOf('second'));
    expect(await second).toMatchObject({ trigger: 'second' });
  });

  it('goes on after a run that threw when nobody could be told of it', async () => {
    loop = new ReloadLoop({
      async run(work) {
        if (work.triggers.has('start')) throw new Error('a defect');
        return reportOf('second');
      },
      onDefect: () => {
        throw new Error('another defect');
      },
    });
    await expect(request('start')).rejects.toThrow('a defect');
    expect(await request('file')).toMatchObject({ trigger: 'second' });
    await loop.close();
  });

  it('gives up what runs and refuses what waits when it is closed, and all that comes after', async () => {
    const closed = { code: 'MCP_ANYTHING_ERR_CLOSED' };
    const asked = [request('file'), request('refresh')].map((report) =>
      expect(report).rejects.toMatchObject(closed),
    );
    await loop.close();
    await loop.close();
    expect(runs).toHaveLength(1);
    await Promise.all(asked);
    await expect(request('file')).rejects.toMatchObject(closed);
    expect(runs).toHaveLength(1);
  });
});
