import { describe, expect, it } from 'vitest';
import { type ListenerStream, Listeners } from '../../lib/mcp/listeners.js';
import { Metrics } from '../../lib/observe/metrics.js';
import { until } from '../support/until.js';

interface FakeStream extends ListenerStream {
  notified: number;
  ended: string[];
}

function stream(address = '10.0.0.1', onNotify: () => void = () => {}): FakeStream {
  const fake: FakeStream = {
    address,
    notified: 0,
    ended: [],
    notify() {
      fake.notified += 1;
      onNotify();
    },
    end: (manner) => fake.ended.push(manner),
  };
  return fake;
}

async function gauge(metrics: Metrics): Promise<Record<string, number>> {
  const { values } = await metrics.listeners.get();
  return Object.fromEntries(values.map(({ labels, value }) => [String(labels.endpoint), value]));
}

describe('Listeners', () => {
  it('notifies the streams of the named endpoints and no others', () => {
    const listeners = new Listeners({ metrics: new Metrics() });
    const [first, second, other] = [stream(), stream(), stream()];
    listeners.add('/mcp', first);
    listeners.add('/mcp', second);
    listeners.add('/other', other);
    listeners.notify(['/mcp', '/unknown']);
    expect([first.notified, second.notified, other.notified]).toEqual([1, 1, 0]);
  });

  it('counts streams per endpoint, in the metric too', async () => {
    const metrics = new Metrics();
    const listeners = new Listeners({ metrics });
    const remove = listeners.add('/mcp', stream());
    listeners.add('/mcp', stream());
    expect(listeners.count('/mcp')).toBe(2);
    expect(await gauge(metrics)).toEqual({ '/mcp': 2 });
    remove();
    remove();
    expect(listeners.count('/mcp')).toBe(1);
    expect(await gauge(metrics)).toEqual({ '/mcp': 1 });
  });

  it('admits so many streams per address, and the next once one has gone', () => {
    const listeners = new Listeners({ metrics: new Metrics() });
    const remove = listeners.add('/mcp', stream('10.0.0.1'));
    listeners.add('/other', stream('10.0.0.1'));
    expect(listeners.admits('10.0.0.1', 2)).toBe(false);
    expect(listeners.admits('10.0.0.2', 2)).toBe(true);
    expect(listeners.admits('10.0.0.1', 0)).toBe(true);
    remove();
    expect(listeners.admits('10.0.0.1', 2)).toBe(true);
  });

  it('cuts the streams of endpoints that left, and drops their series', async () => {
    const metrics = new Metrics();
    const listeners = new Listeners({ metrics });
    const [kept, gone] = [stream(), stream()];
    listeners.add('/mcp', kept);
    const remove = listeners.add('/gone', gone);
    listeners.retain(new Set(['/mcp']));
    expect([kept.ended, gone.ended]).toEqual([[], ['abrupt']]);
    // The stream takes itself out when its connection closes, which is later.
    remove();
    expect(await gauge(metrics)).toEqual({ '/mcp': 1 });
  });

  it('knows which streams a swap would have cut, had they been open', () => {
    const listeners = new Listeners({ metrics: new Metrics() });
    expect(listeners.outdated('/mcp', 1)).toBe(false);
    listeners.retain(new Set(['/mcp', '/other']));
    listeners.cut(['/mcp'], 2);
    expect(listeners.outdated('/mcp', 1)).toBe(true);
    expect(listeners.outdated('/mcp', 2)).toBe(false);
    expect(listeners.outdated('/other', 1)).toBe(false);
    listeners.retain(new Set(['/other']));
    expect(listeners.outdated('/mcp', 2)).toBe(true);
    listeners.retain(new Set(['/mcp']));
    expect(listeners.outdated('/mcp', 1)).toBe(false);
  });

  it('lets go of a stream that fails to be notified, and notifies the rest', () => {
    const listeners = new Listeners({ metrics: new Metrics() });
    const broken = stream('10.0.0.1', () => {
      throw new Error('gone');
    });
    const whole = stream();
    listeners.add('/mcp', broken);
    listeners.add('/mcp', whole);
    listeners.notify(['/mcp']);
    expect([broken.ended, whole.notified]).toEqual([['abrupt'], 1]);
  });

  it('gives other work its turn while it notifies many, and skips those that left meanwhile', async () => {
    const listeners = new Listeners({ metrics: new Metrics() });
    const streams = Array.from({ length: 1_000 }, () => stream());
    const removers = streams.map((fake) => listeners.add('/mcp', fake));
    listeners.notify(['/mcp']);
    const before = streams.filter(({ notified }) => notified > 0).length;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(1_000);
    removers.at(-1)?.();
    await until(() => streams.slice(0, -1).every(({ notified }) => notified === 1));
    expect(streams.at(-1)?.notified).toBe(0);
  });

  it('ends every stream for good at shutdown and admits none after', () => {
    const listeners = new Listeners({ metrics: new Metrics() });
    const one = stream();
    listeners.add('/mcp', one);
    listeners.close();
    expect(one.ended).toEqual(['graceful']);
    expect(listeners.admits('10.0.0.9', 100)).toBe(false);
  });
});
