import type { Milliseconds } from '../config/config.js';
import type { RoutingTable, UpstreamClient } from './routingTable.js';

/** Pins one table for the length of one request. */
export interface Lease {
  readonly table: RoutingTable;
  /** Idempotent. */
  release(): void;
}

/** What requests see. */
export interface TableReader {
  /** The current table, pinned; null before the first swap. */
  lease(): Lease | null;
  /** The current table without a lease, for what answers synchronously; null before the first swap. */
  peek(): RoutingTable | null;
}

/** What only the reloader holds. */
export interface TableWriter {
  /** Makes `next` current at once and retires the former table. */
  swap(next: RoutingTable): void;
  /**
   * Retires the current table; leases already given stay good.
   * Resolves when every table has drained (or its bound has passed) and every client is closed. Idempotent.
   */
  close(): Promise<void>;
}

export interface LiveTable {
  readonly reader: TableReader;
  readonly writer: TableWriter;
}

export interface LiveTableOptions {
  /** Called after the number of retired tables still in use has changed. */
  readonly onDraining: (tables: number) => void;
  /** A retired table was let go of; once more when requests that its drain did not wait for have ended. */
  readonly onDisposed: (table: RoutingTable) => void;
  /** An upstream client could not be closed cleanly. */
  readonly onCloseError: (error: unknown) => void;
}

/** One table and how many requests pin it. */
interface Tenancy {
  readonly table: RoutingTable;
  leases: number;
  /** Set while the retired table waits for its last lease. */
  bound: NodeJS.Timeout | null;
}

/**
 * The one mutable reference of the serving side. Reading it is one field access; writing is one assignment.
 * A retired table is let go of when its last lease ends or its config's `reload.drain_timeout` has passed;
 * then the clients that no newer table uses are closed.
 */
export function createLiveTable(options: LiveTableOptions): LiveTable {
  let current: Tenancy | null = null;
  let closing: Promise<void> | null = null;
  const draining = new Set<Tenancy>();
  const clientsClosing = new Set<Promise<void>>();
  let drained: (() => void) | null = null;

  function lease(): Lease | null {
    const tenancy = current;
    if (tenancy === null) return null;
    tenancy.leases += 1;
    let released = false;
    return {
      table: tenancy.table,
      release() {
        if (released) return;
        released = true;
        tenancy.leases -= 1;
        if (tenancy.leases > 0 || tenancy === current) return;
        if (draining.has(tenancy)) dispose(tenancy);
        else options.onDisposed(tenancy.table);
      },
    };
  }

  function retire(tenancy: Tenancy): void {
    draining.add(tenancy);
    if (tenancy.leases === 0) {
      dispose(tenancy);
      return;
    }
    const timeout: Milliseconds = tenancy.table.config.reload.drain_timeout;
    tenancy.bound = setTimeout(() => dispose(tenancy), timeout);
    tenancy.bound.unref();
    options.onDraining(draining.size);
  }

  function dispose(tenancy: Tenancy): void {
    if (!draining.delete(tenancy)) return;
    if (tenancy.bound !== null) clearTimeout(tenancy.bound);
    const inUse = new Set<UpstreamClient>();
    for (const alive of [...draining, ...(current === null ? [] : [current])]) {
      for (const upstream of alive.table.upstreams.values()) inUse.add(upstream.client);
    }
    for (const upstream of tenancy.table.upstreams.values()) {
      if (!inUse.has(upstream.client)) closeClient(upstream.client);
    }
    options.onDisposed(tenancy.table);
    options.onDraining(draining.size);
    if (draining.size === 0) drained?.();
  }

  function closeClient(client: UpstreamClient): void {
    const closed = client
      .close()
      .catch(options.onCloseError)
      .finally(() => clientsClosing.delete(closed));
    clientsClosing.add(closed);
  }

  async function drain(): Promise<void> {
    if (draining.size > 0) {
      await new Promise<void>((resolve) => {
        drained = resolve;
      });
    }
    await Promise.all(clientsClosing);
  }

  return {
    reader: { lease, peek: () => current?.table ?? null },
    writer: {
      swap(next) {
        const former = current;
        current = { table: next, leases: 0, bound: null };
        if (former !== null) retire(former);
      },
      close() {
        if (closing === null) {
          const last = current;
          current = null;
          if (last !== null) retire(last);
          closing = drain();
        }
        return closing;
      },
    },
  };
}
