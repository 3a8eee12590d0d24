import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../lib/observe/logger.js';
import { Refresher, type RefreshSchedule } from '../../lib/reload/refresher.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

function schedule(interval: number, changes: Partial<RefreshSchedule> = {}): RefreshSchedule {
  return { upstream: 'pets', part: 0, interval, minimumInterval: null, ...changes };
}

let due: { upstream: string; part: number; at: number }[] = [];
let random = 0.5;
let refresher: Refresher;

beforeEach(() => {
  vi.useFakeTimers();
  due = [];
  random = 0.5;
  const start = performance.now();
  refresher = new Refresher({
    logger: silentLogger,
    onDue: (upstream, part) => due.push({ upstream, part, at: performance.now() - start }),
    random: () => random,
  });
});

afterEach(() => {
  refresher.close();
  vi.useRealTimers();
});

/** When each refresh was due, in milliseconds from the start. */
const times = () => due.map(({ at }) => Math.round(at));

describe('regular refreshes', () => {
  it('is due after the interval, and again after the interval from its success', () => {
    refresher.update([schedule(5 * MINUTE)]);
    vi.advanceTimersByTime(5 * MINUTE - 1);
    expect(times()).toEqual([]);
    vi.advanceTimersByTime(1 + 20 * SECOND);
    expect(times()).toEqual([5 * MINUTE]);
    refresher.succeeded('pets', 0, null);
    vi.advanceTimersByTime(5 * MINUTE);
    expect(times()).toEqual([5 * MINUTE, 10 * MINUTE + 20 * SECOND]);
  });

  it.each([
    { random: 0, at: 54 * SECOND },
    { random: 0.5, at: 60 * SECOND },
    { random: 1, at: 66 * SECOND },
  ])('spreads by 10 % to either side: $random', ({ random: number, at }) => {
    random = number;
    refresher.update([schedule(MINUTE)]);
    vi.advanceTimersByTime(2 * MINUTE);
    expect(times()).toEqual([at]);
  });

  it('starts no refresh on top of one that is in progress', () => {
    refresher.update([schedule(SECOND)]);
    vi.advanceTimersByTime(SECOND);
    refresher.update([schedule(SECOND)]);
    refresher.update([schedule(2 * SECOND)]);
    vi.advanceTimersByTime(HOUR);
    expect(due).toHaveLength(1);
    refresher.succeeded('pets', 0, null);
    vi.advanceTimersByTime(2 * SECOND);
    expect(due).toHaveLength(2);
  });

  it('goes on after a refresh that was abandoned, but not on behalf of one that is not in progress', () => {
    refresher.update([schedule(MINUTE)]);
    vi.advanceTimersByTime(MINUTE);
    refresher.abandoned('pets', 0);
    vi.advanceTimersByTime(30 * SECOND);
    refresher.abandoned('pets', 0);
    vi.advanceTimersByTime(30 * SECOND);
    expect(times()).toEqual([MINUTE, 2 * MINUTE]);
  });

  it('counts anew after a refresh that somebody else started', () => {
    refresher.update([schedule(MINUTE)]);
    vi.advanceTimersByTime(40 * SECOND);
    refresher.succeeded('pets', 0, null);
    vi.advanceTimersByTime(59 * SECOND);
    expect(due).toEqual([]);
    vi.advanceTimersByTime(SECOND);
    expect(times()).toEqual([100 * SECOND]);
  });

  it.each([
    { what: 'a longer wish of the server', interval: MINUTE, wish: 10 * MINUTE, at: 10.5 * MINUTE },
    { what: 'a shorter wish, which changes nothing', interval: MINUTE, wish: SECOND, at: MINUTE },
    { what: 'an immoderate wish, up to an hour', interval: MINUTE, wish: 24 * HOUR, at: 1.05 * HOUR },
    { what: 'an interval longer than any wish', interval: 6 * HOUR, wish: 24 * HOUR, at: 6 * HOUR },
  ])('heeds $what', ({ interval, wish, at }) => {
    refresher.update([schedule(interval, { minimumInterval: wish })]);
    vi.advanceTimersByTime(8 * HOUR);
    expect(times()).toEqual([at]);
  });

  it('heeds what the last answer asked for, never before it is over', () => {
    random = 0;
    refresher.update([schedule(MINUTE)]);
    refresher.succeeded('pets', 0, 10 * MINUTE);
    vi.advanceTimersByTime(11 * MINUTE);
    expect(times()).toEqual([10 * MINUTE]);
  });

  it('waits out intervals that no single timer can hold', () => {
    refresher.update([schedule(60 * 24 * HOUR)]);
    vi.advanceTimersByTime(59 * 24 * HOUR);
    expect(due).toEqual([]);
    vi.advanceTimersByTime(2 * 24 * HOUR);
    expect(times()).toEqual([60 * 24 * HOUR]);
  });
});

describe('changed schedules', () => {
  it('keeps the timer of a schedule that stays the same', () => {
    refresher.update([schedule(MINUTE)]);
    for (let seconds = 0; seconds < 60; seconds += 10) {
      vi.advanceTimersByTime(10 * SECOND);
      random = Math.random();
      refresher.update([schedule(MINUTE), schedule(HOUR, { upstream: 'shops' })]);
    }
    expect(times()).toEqual([MINUTE]);
  });

  it('counts a changed interval from the last refresh', () => {
    refresher.update([schedule(HOUR)]);
    vi.advanceTimersByTime(20 * SECOND);
    refresher.update([schedule(MINUTE)]);
    vi.advanceTimersByTime(40 * SECOND);
    expect(times()).toEqual([MINUTE]);
    refresher.succeeded('pets', 0, null);
    vi.advanceTimersByTime(30 * SECOND);
    refresher.update([schedule(10 * SECOND)]);
    vi.advanceTimersByTime(1);
    expect(due).toHaveLength(2);
  });

  it('stops what is no longer scheduled, and only that', () => {
    const both = [schedule(MINUTE), schedule(MINUTE, { part: 1 }), schedule(MINUTE, { upstream: 'shops' })];
    refresher.update(both);
    refresher.update(both.slice(1));
    vi.advanceTimersByTime(MINUTE);
    expect(due.map(({ upstream, part }) => `${upstream} ${part}`)).toEqual(['pets 1', 'shops 0']);
    refresher.update([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ignores the end of a refresh of something that has left', () => {
    refresher.update([schedule(MINUTE)]);
    vi.advanceTimersByTime(MINUTE);
    refresher.update([]);
    refresher.succeeded('pets', 0, null);
    refresher.abandoned('pets', 0);
    expect(refresher.failed('pets', 0, null)).toEqual({ consecutiveFailures: 0, nextIn: null });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('failures', () => {
  /** Fails each refresh at once; how long each wait was. */
  function waits(interval: number, failures: number, retryAfter: number | null = null): number[] {
    refresher.update([schedule(interval)]);
    return Array.from({ length: failures }, () => refresher.failed('pets', 0, retryAfter).nextIn ?? -1);
  }

  it.each([
    { interval: HOUR, expected: [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600] },
    { interval: MINUTE, expected: [5, 10, 20, 40, 80, 160, 300, 300] },
    { interval: SECOND, expected: [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] },
  ])('tries again soon, then ever more seldom: every $interval ms', ({ interval, expected }) => {
    expect(waits(interval, expected.length).map((wait) => wait / SECOND)).toEqual(expected);
  });

  it('spreads retries, too', () => {
    random = 1;
    expect(waits(HOUR, 1)).toEqual([5.5 * SECOND]);
  });

  it.each([
    { retryAfter: 30 * SECOND, expected: 31.5 * SECOND },
    { retryAfter: SECOND, expected: 5 * SECOND },
    { retryAfter: 48 * HOUR, expected: 1.05 * HOUR },
  ])('heeds Retry-After: $retryAfter', ({ retryAfter, expected }) => {
    expect(waits(MINUTE, 1, retryAfter)).toEqual([expected]);
  });

  it('is due when it says', () => {
    refresher.update([schedule(HOUR)]);
    vi.advanceTimersByTime(HOUR);
    expect(refresher.failed('pets', 0, null)).toEqual({ consecutiveFailures: 1, nextIn: 5 * SECOND });
    vi.advanceTimersByTime(5 * SECOND);
    expect(refresher.failed('pets', 0, null)).toEqual({ consecutiveFailures: 2, nextIn: 10 * SECOND });
    vi.advanceTimersByTime(10 * SECOND);
    expect(times()).toEqual([HOUR, HOUR + 5 * SECOND, HOUR + 15 * SECOND]);
  });

  it('starts from the interval again after a success', () => {
    expect(waits(HOUR, 4).at(-1)).toBe(40 * SECOND);
    refresher.succeeded('pets', 0, null);
    expect(refresher.consecutiveFailures('pets')).toBe(0);
    vi.advanceTimersByTime(HOUR - 1);
    expect(due).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(refresher.failed('pets', 0, null).nextIn).toBe(5 * SECOND);
  });

  it('shortens a long wait when the interval is made short, Retry-After still heeded', () => {
    refresher.update([schedule(HOUR), schedule(HOUR, { upstream: 'shops' })]);
    for (let count = 0; count < 12; count += 1) refresher.failed('pets', 0, null);
    refresher.failed('shops', 0, 10 * MINUTE);
    refresher.update([schedule(MINUTE), schedule(MINUTE, { upstream: 'shops' })]);
    vi.advanceTimersByTime(5 * MINUTE);
    expect(due.map(({ upstream }) => upstream)).toEqual(['pets']);
    vi.advanceTimersByTime(5.5 * MINUTE);
    expect(due.map(({ upstream }) => upstream)).toEqual(['pets', 'shops']);
  });

  it('counts per upstream by the part that fails most', () => {
    refresher.update([
      schedule(HOUR),
      schedule(HOUR, { part: 1 }),
      schedule(HOUR, { part: 2 }),
      schedule(HOUR, { upstream: 'shops' }),
    ]);
    refresher.failed('pets', 1, null);
    refresher.failed('pets', 1, null);
    refresher.failed('pets', 2, null);
    expect(refresher.consecutiveFailures('pets')).toBe(2);
    expect(refresher.consecutiveFailures('shops')).toBe(0);
    expect(refresher.consecutiveFailures('nobody')).toBe(0);
    refresher.succeeded('pets', 1, null);
    expect(refresher.consecutiveFailures('pets')).toBe(1);
  });
});

it('says how long it is to the next refresh of an upstream', () => {
  expect(refresher.nextIn('pets')).toBeNull();
  refresher.update([schedule(HOUR), schedule(MINUTE, { part: 1 })]);
  expect(refresher.nextIn('pets')).toBe(MINUTE);
  vi.advanceTimersByTime(20 * SECOND);
  expect(refresher.nextIn('pets')).toBe(40 * SECOND);
  vi.advanceTimersByTime(40 * SECOND);
  expect(refresher.nextIn('pets')).toBe(0);
});

it('has nothing due after close', () => {
  refresher.update([schedule(MINUTE)]);
  vi.advanceTimersByTime(MINUTE);
  refresher.update([schedule(MINUTE), schedule(MINUTE, { upstream: 'shops' })]);
  refresher.close();
  refresher.close();
  refresher.succeeded('pets', 0, null);
  refresher.update([schedule(MINUTE)]);
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(HOUR);
  expect(due).toHaveLength(1);
});
