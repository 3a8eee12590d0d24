import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Config } from '../../lib/config/config.js';
import { createLiveTable } from '../../lib/table/liveTable.js';
import type { RoutingTable, UpstreamClient, UpstreamSnapshot } from '../../lib/table/routingTable.js';

class RecordingClient implements UpstreamClient {
  readonly circuitState = null;
  closed = 0;
  async send(): Promise<never> {
    throw new Error('not called in this test');
  }
  async close(): Promise<void> {
    this.closed += 1;
  }
}

function tableOf(generation: number, clients: readonly RecordingClient[]): RoutingTable {
  const upstreams = clients.map(
    (client, index) => [`u${index}`, { client } as unknown as UpstreamSnapshot] as const,
  );
  return {
    generation,
    fingerprint: String(generation),
    config: { reload: { drain_timeout: 1_000 } } as unknown as Config,
    groups: new Map(),
    upstreams: new Map(upstreams),
  };
}

describe('live table', () => {
  let draining: number[];
  let disposed: number[];
  const options = {
    onDraining: (tables: number) => void draining.push(tables),
    onDisposed: ({ generation }: RoutingTable) => void disposed.push(generation),
    onCloseError: (error: unknown) => {
      throw error;
    },
  };

  beforeEach(() => {
    draining = [];
    disposed = [];
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('has no lease to give before the first swap and after close', async () => {
    const { reader, writer } = createLiveTable(options);
    expect(reader.lease()).toBeNull();
    writer.swap(tableOf(1, []));
    expect(reader.lease()?.table.generation).toBe(1);
    reader.lease()?.release();
    const closed = writer.close();
    expect(reader.lease()).toBeNull();
    expect(reader.peek()).toBeNull();
    await vi.advanceTimersByTimeAsync(1_000);
    await closed;
  });

  it('keeps a leased table and its client whole until the last lease ends', () => {
    const client = new RecordingClient();
    const { reader, writer } = createLiveTable(options);
    writer.swap(tableOf(1, [client]));
    const first = reader.lease();
    const second = reader.lease();
    writer.swap(tableOf(2, [new RecordingClient()]));
    expect(first?.table.generation).toBe(1);
    expect(reader.lease()?.table.generation).toBe(2);
    expect(draining).toEqual([1]);
    first?.release();
    first?.release();
    expect(client.closed).toBe(0);
    expect(disposed).toEqual([]);
    second?.release();
    expect(client.closed).toBe(1);
    expect(draining).toEqual([1, 0]);
    expect(disposed).toEqual([1]);
  });

  it('leaves a client open that a newer table uses too', () => {
    const shared = new RecordingClient();
    const gone = new RecordingClient();
    const { writer } = createLiveTable(options);
    writer.swap(tableOf(1, [shared, gone]));
    writer.swap(tableOf(2, [shared]));
    expect([shared.closed, gone.closed]).toEqual([0, 1]);
  });

  it('lets go of a table whose lease never ends once the drain bound has passed', async () => {
    const client = new RecordingClient();
    const { reader, writer } = createLiveTable(options);
    writer.swap(tableOf(1, [client]));
    const forgotten = reader.lease();
    writer.swap(tableOf(2, []));
    await vi.advanceTimersByTimeAsync(999);
    expect(client.closed).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(client.closed).toBe(1);
    expect(disposed).toEqual([1]);
    forgotten?.release();
    expect(client.closed).toBe(1);
    expect(draining).toEqual([1, 0]);
    // What the lease did meanwhile is to be forgotten as well.
    expect(disposed).toEqual([1, 1]);
  });

  it('resolves close only after leases have ended and clients are closed', async () => {
    const client = new RecordingClient();
    const { reader, writer } = createLiveTable(options);
    writer.swap(tableOf(1, [client]));
    const lease = reader.lease();
    let closed = false;
    const closing = writer.close().then(() => {
      closed = true;
    });
    await vi.advanceTimersByTimeAsync(10);
    expect(closed).toBe(false);
    lease?.release();
    await closing;
    expect(client.closed).toBe(1);
  });
});
