import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { type LoadResult, percentiles } from './load.js';
import { HEADERS } from './message.js';

export interface PacedOptions {
  readonly url: string;
  readonly body: string;
  /** Requests per second, evenly spread, however long the answers take. */
  readonly rate: number;
  readonly seconds: number;
}

/**
 * Sends at a fixed rate, as many independent clients together do. A request's time counts from when it was due, so
 * that requests which wait behind a stall are seen.
 */
export async function pacedLoad({ url, body, rate, seconds }: PacedOptions): Promise<LoadResult> {
  const { origin, pathname: path } = new URL(url);
  const pool = new Pool(origin, { connections: 64 });
  const times: number[] = [];
  const pending = new Set<Promise<void>>();
  let failed = 0;

  async function send(due: number): Promise<void> {
    try {
      const answer = await pool.request({ method: 'POST', path, headers: HEADERS, body });
      const text = await answer.body.text();
      if (answer.statusCode !== 200 || !text.startsWith('{"result"') || text.includes('"isError"'))
        failed += 1;
      else times.push(performance.now() - due);
    } catch {
      failed += 1;
    }
  }

  const start = performance.now();
  const total = Math.round(rate * seconds);
  for (let sent = 0; sent < total; ) {
    const due = start + (sent * 1_000) / rate;
    const early = due - performance.now();
    if (early > 0) {
      await sleep(Math.ceil(early));
      continue;
    }
    sent += 1;
    const one = send(due).finally(() => pending.delete(one));
    pending.add(one);
  }
  await Promise.all(pending);
  const passed = (performance.now() - start) / 1_000;
  await pool.close();
  return { answered: times.length, failed, seconds: passed, ...percentiles(times) };
}
