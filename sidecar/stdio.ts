import type { Logger } from 'pino';
import { openTable } from '../lib/index.js';
import { selectGroups } from './tools.js';
import { UsageError } from './usageError.js';

export interface StdioOptions {
  readonly config: string;
  /** @default the first of the config */
  readonly group?: string;
  /** Must not write to stdout, which belongs to the protocol. */
  readonly logger: Logger;
}

/** Serves one group to the client that started this process, until it leaves. @throws McpAnythingError, UsageError */
export async function stdio({ config, group, logger }: StdioOptions): Promise<void> {
  const table = await openTable({ config, logger, watch: true });
  const end = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => end.abort());
  try {
    const [served] = selectGroups(table, group);
    if (!served) throw new UsageError('the config has no group');
    logger.info({ group: served.name, tools: served.tools.length }, 'serving over stdio');
    await table.serveStdio(served.name, process, end.signal);
  } finally {
    await table.close();
  }
}
