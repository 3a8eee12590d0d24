import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { bounded } from '../lib/bounded.js';
import { collectGarbage } from './support/garbage.js';
import { until } from './support/until.js';

/** Ends with its signal alone. */
const endless = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });

describe('bounded', () => {
  it('gives what the work gives, or throws what it throws', async () => {
    expect(await bounded({ signals: [], limit: 1_000 }, async () => 'done')).toBe('done');
    const failing = bounded({ signals: [] }, () => Promise.reject(new Error('failed')));
    await expect(failing).rejects.toThrow('failed');
  });

  it('ends the work past its limit, however much is collected meanwhile', async () => {
    let ended: unknown = null;
    bounded({ signals: [new AbortController().signal], limit: 100 }, endless).catch((error: unknown) => {
      ended = error;
    });
    await until(() => {
      collectGarbage();
      return ended !== null;
    });
    expect(ended).toMatchObject({ name: 'TimeoutError' });
  });

  it.each([0, 1])('ends the work with signal %s of two, for its reason', async (which) => {
    const controllers = [new AbortController(), new AbortController()];
    const work = bounded({ signals: controllers.map(({ signal }) => signal) }, endless);
    collectGarbage();
    controllers[which]?.abort(new Error(`signal ${which}`));
    await expect(work).rejects.toThrow(`signal ${which}`);
  });

  it('starts aborted where a signal already is', async () => {
    const reason = new Error('closed');
    await bounded({ signals: [AbortSignal.abort(reason)] }, async (signal) => {
      expect(signal.reason).toBe(reason);
    });
  });

  it('leaves nothing behind: what is still under way ends, and no signal is listened to', async () => {
    const outer = new AbortController();
    const abandoned: unknown[] = [];
    await bounded({ signals: [outer.signal], limit: 50 }, async (signal) => {
      endless(signal).catch((error: unknown) => abandoned.push(error));
    });
    await until(() => abandoned.length === 1);
    expect(abandoned).toEqual([expect.objectContaining({ name: 'AbortError' })]);
    expect(getEventListeners(outer.signal, 'abort')).toEqual([]);
  });

  it('warns of nothing where much work has one signal', async () => {
    const warnings: Error[] = [];
    const heard = (warning: Error) => warnings.push(warning);
    process.on('warning', heard);
    const outer = new AbortController();
    const work = Array.from({ length: 100 }, () => bounded({ signals: [outer.signal] }, endless));
    await sleep(0);
    outer.abort();
    await Promise.allSettled(work);
    process.off('warning', heard);
    expect(warnings).toEqual([]);
  });
});
