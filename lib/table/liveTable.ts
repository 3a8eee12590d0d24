import type { RoutingTable } from './routingTable.js';

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
  /** Retires the current table; leases already given stay good. */
  close(): void;
}

export interface LiveTable {
  readonly reader: TableReader;
  readonly writer: TableWriter;
}
