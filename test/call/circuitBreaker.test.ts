import { describe, expect, test } from 'vitest';
import { type CallVerdict, CircuitBreaker, type CircuitState } from '../../lib/call/circuitBreaker.js';

class Clocked {
  now = 1_000_000;
  readonly states: CircuitState[] = [];
  readonly breaker = new CircuitBreaker(
    { threshold: 0.5, min_requests: 4, fallback_duration: 10_000, recovery_duration: 10_000 },
    (state) => this.states.push(state),
    () => this.now,
  );

  /** Calls that are admitted and end so; how many were refused. */
  run(verdict: CallVerdict, times: number): number {
    let refused = 0;
    for (let at = 0; at < times; at += 1) {
      const admission = this.breaker.admit();
      if (admission === null) refused += 1;
      else admission(verdict);
    }
    return refused;
  }
}

describe('a circuit breaker', () => {
  test('stays closed below min_requests and below the threshold', () => {
    const { breaker, ...clocked } = new Clocked();
    expect(clocked.states).toEqual([]);
    const few = new Clocked();
    few.run('failure', 3);
    expect(few.breaker.state).toBe('closed');
    const healthy = new Clocked();
    healthy.run('success', 100);
    healthy.run('failure', 90);
    expect([breaker.state, healthy.breaker.state]).toEqual(['closed', 'closed']);
  });

  test('opens at the threshold, refuses for fallback_duration, and says how long', () => {
    const clocked = new Clocked();
    clocked.run('success', 2);
    clocked.run('failure', 2);
    expect(clocked.breaker.state).toBe('open');
    expect(clocked.run('success', 5)).toBe(5);
    clocked.now += 4_000;
    expect(clocked.breaker.retryAfter).toBe(6_000);
    expect(clocked.run('success', 5)).toBe(5);
  });

  test('forgets failures after a minute', () => {
    const clocked = new Clocked();
    clocked.run('failure', 3);
    clocked.now += 66_000;
    clocked.run('failure', 1);
    expect(clocked.breaker.state).toBe('closed');
  });

  test('neutral ends count for nothing', () => {
    const clocked = new Clocked();
    clocked.run('neutral', 100);
    clocked.run('failure', 3);
    expect(clocked.breaker.state).toBe('closed');
  });

  test('half open admits one probe at a time, and a failed one opens it again', () => {
    const clocked = new Clocked();
    clocked.run('failure', 4);
    clocked.now += 10_000;
    const probe = clocked.breaker.admit();
    expect(probe).not.toBeNull();
    expect(clocked.breaker.admit()).toBeNull();
    probe?.('failure');
    expect(clocked.states).toEqual(['open', 'halfOpen', 'open']);
    expect(clocked.run('success', 1)).toBe(1);
  });

  test('a probe that says nothing lets the next one try', () => {
    const clocked = new Clocked();
    clocked.run('failure', 4);
    clocked.now += 10_000;
    clocked.breaker.admit()?.('neutral');
    expect(clocked.breaker.admit()).not.toBeNull();
  });

  test('after a success the share of admitted calls grows until it closes', () => {
    const clocked = new Clocked();
    clocked.run('failure', 4);
    clocked.now += 10_000;
    clocked.run('success', 1);
    clocked.now += 5_000;
    const held = Array.from({ length: 100 }, () => clocked.breaker.admit()).filter(
      (admission) => admission !== null,
    );
    expect(held.length).toBeGreaterThan(40);
    expect(held.length).toBeLessThan(60);
    for (const admission of held) admission('success');
    expect(clocked.breaker.state).toBe('halfOpen');
    clocked.now += 5_000;
    expect(clocked.run('success', 1)).toBe(0);
    expect(clocked.breaker.state).toBe('closed');
  });

  test('what was admitted before it opened does not judge the probe phase', () => {
    const clocked = new Clocked();
    const late = clocked.breaker.admit();
    clocked.run('failure', 4);
    clocked.now += 10_000;
    clocked.run('success', 1);
    late?.('failure');
    expect(clocked.breaker.state).toBe('halfOpen');
  });
});
