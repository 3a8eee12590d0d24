import type { Readable, Writable } from 'node:stream';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { Caller } from '../call/hooks.js';
import type { Lease, TableReader } from '../table/liveTable.js';
import type { Group } from '../table/routingTable.js';
import { type EndpointOptions, endpointSettings } from './endpointOptions.js';
import { createLegacyServer } from './era2025.js';
import { instructionsOf } from './instructions.js';
import { internalFault } from './protocolFault.js';
import { type ToolService, toolService } from './toolService.js';

export interface StdioOptions extends EndpointOptions {
  readonly reader: TableReader;
  /** Name of the group to serve. */
  readonly group: string;
  readonly stdin: Readable;
  readonly stdout: Writable;
}

/** Whoever started the process. */
const LOCAL_CALLER: Caller = { id: null, scopes: [], claims: {} };

/**
 * Serves one group to one local client, by the same tables as HTTP: each request on the one that is current.
 * Resolves when the client has gone or `signal` aborts.
 */
export async function serveStdio(options: StdioOptions, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const settings = endpointSettings(options);
  const withGroup = <T>(work: (service: ToolService) => T): T => {
    const lease = options.reader.lease();
    const group = lease === null ? null : groupNamed(lease, options.group);
    if (lease === null || group === null) {
      lease?.release();
      throw internalFault();
    }
    return settleWith(lease, () => work(toolService(settings, { group, caller: LOCAL_CALLER, req: null })));
  };
  const server = createLegacyServer(settings, instructions(options), {
    list: (cursor) => withGroup((service) => service.list(cursor)),
    call: async (name, args, callSignal) => withGroup((service) => service.call(name, args, callSignal)),
  });
  // By its name, which a change of its endpoint's path leaves as it is.
  const remove = options.listeners.add(options.group, {
    address: 'stdio',
    notify: () => {
      server.sendToolListChanged().catch(() => {
        // The client has just left.
      });
    },
    end: () => void server.close(),
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.onclose = resolve;
      signal.addEventListener('abort', () => void server.close(), { once: true });
      // One that fails, as a socket that was reset, closes without an end.
      for (const event of ['end', 'close']) options.stdin.once(event, () => void server.close());
      server.connect(new StdioServerTransport(options.stdin, options.stdout)).catch(reject);
    });
  } finally {
    remove();
  }
}

function groupNamed({ table }: Lease, name: string): Group | null {
  return [...table.groups.values()].find((group) => group.name === name) ?? null;
}

function instructions({ reader, group }: StdioOptions): string {
  const found = [...(reader.peek()?.groups.values() ?? [])].find(({ name }) => name === group);
  return found === undefined ? '' : instructionsOf(found);
}

/** Holds the lease until the work is done, be it at once or later. */
function settleWith<T>(lease: Lease, work: () => T): T {
  let result: T;
  try {
    result = work();
  } catch (error) {
    lease.release();
    throw error;
  }
  if (result instanceof Promise) result.then(lease.release, lease.release);
  else lease.release();
  return result;
}
