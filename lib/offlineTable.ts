import type { Readable, Writable } from 'node:stream';
import { callTool } from './call/callTool.js';
import type { CallToolResult } from './call/callToolResult.js';
import { createEngine, type EngineOptions } from './engine.js';
import type { JsonObject } from './json.js';
import { serveStdio } from './mcp/stdio.js';
import { prepareDocument } from './spec/document.js';
import { validateDocument } from './spec/validateDocument.js';
import type { UpstreamSnapshot } from './table/routingTable.js';
import type { ListedTool } from './tools/tool.js';
import { version } from './version.js';

export interface OpenTableOptions extends EngineOptions {
  /** Watch files and refresh specs. @default false */
  readonly watch?: boolean;
}

/** A tool as `tools/list` shows it, and the operation it calls. */
export interface OfflineTool extends ListedTool {
  /** `GET /pets/{petId}`. */
  readonly operation: string;
}

export interface OfflineGroup {
  readonly name: string;
  readonly endpoint: string;
  readonly tools: readonly OfflineTool[];
}

/** The table that would serve, for use in the same process. */
export interface OfflineTable {
  readonly groups: readonly OfflineGroup[];
  /** Accepted, but worth knowing. One line each. */
  readonly warnings: readonly string[];
  /**
   * What a validator of OpenAPI says of the documents, overlays applied: advice, since many documents fail it and
   * work all the same. Takes seconds of this thread for large documents. One line each.
   */
  validateDocuments(): Promise<string[]>;
  /** @throws RangeError for a group or tool that is not there; the signal's reason. Failures are results. */
  call(group: string, tool: string, args: JsonObject, signal: AbortSignal): Promise<CallToolResult>;
  /** Serves MCP over stdio until the client has gone or `signal` aborts. */
  serveStdio(
    group: string,
    streams: { readonly stdin: Readable; readonly stdout: Writable },
    signal: AbortSignal,
  ): Promise<void>;
  close(): Promise<void>;
}

/**
 * Does everything that serving does, short of listening: loads the config and every document, compiles and
 * dry-runs all tools.
 * @throws McpAnythingError whose `problems` name all that is wrong.
 */
export async function openTable(options: OpenTableOptions): Promise<OfflineTable> {
  const engine = createEngine(
    { use: 'sidecar', watch: false, ...options },
    {
      onSwap: (report, table) => {
        engine.listeners.notify(report.diff.flatMap((diff) => table.groups.get(diff.endpoint)?.name ?? []));
      },
      onFailure: () => {},
    },
  );
  const { reader, reloader, listeners, metrics, logger } = engine;
  try {
    await reloader.start();
  } catch (error) {
    await engine.close();
    throw error;
  }
  return {
    groups: [...(reader.peek()?.groups.values() ?? [])].map(({ name, endpoint, tools }) => ({
      name,
      endpoint,
      tools: tools.map(({ compiled }) => ({
        ...(JSON.parse(Buffer.from(compiled.listed).toString()) as ListedTool),
        operation: compiled.operation,
      })),
    })),
    warnings: reloader.journal()[0]?.warnings ?? [],
    async validateDocuments() {
      const advice: string[] = [];
      const upstreams = reader.peek()?.upstreams ?? new Map<string, UpstreamSnapshot>();
      for (const [name, [document, ...overlays]] of reloader.sources()) {
        const config = upstreams.get(name)?.config;
        if (document === undefined || config === undefined) continue;
        const { root } = await prepareDocument(document, overlays, {
          ...config.openapi,
          allow_private_spec_servers: reader.peek()?.config.egress.allow_private_spec_servers ?? false,
        });
        for (const line of await validateDocument(root)) advice.push(`upstream "${name}": ${line}`);
      }
      return advice;
    },
    async call(groupName, toolName, args, signal) {
      const lease = reader.lease();
      try {
        const group = [...(lease?.table.groups.values() ?? [])].find(({ name }) => name === groupName);
        const entry = group?.lookup.get(toolName);
        if (group === undefined || entry === undefined) {
          throw new RangeError(`group "${groupName}" has no tool "${toolName}"`);
        }
        return await callTool(entry, args, {
          signal,
          logger,
          metrics,
          endpoint: group.endpoint,
          caller: { id: null, scopes: [], claims: {} },
          request: null,
        });
      } finally {
        lease?.release();
      }
    },
    serveStdio: (group, streams, signal) =>
      serveStdio({ reader, group, listeners, logger, metrics, version, ...streams }, signal),
    close: () => engine.close(),
  };
}
