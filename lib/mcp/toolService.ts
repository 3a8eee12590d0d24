import type { IncomingMessage } from 'node:http';
import { type CallContext, callTool } from '../call/callTool.js';
import type { CallToolResult } from '../call/callToolResult.js';
import type { Caller } from '../call/hooks.js';
import type { JsonObject } from '../json.js';
import type { Group, ToolEntry } from '../table/routingTable.js';
import type { EndpointSettings } from './endpointOptions.js';
import type { AuthorizeTool } from './exchange.js';
import { listTools, type WirePage } from './listPages.js';
import { internalFault, unknownTool } from './protocolFault.js';

/** What an SDK server of either era needs to answer with; the SDKs see no more of the tools than this. */
export interface ToolService {
  /** @throws ProtocolFault */
  list(cursor: string | undefined): WirePage;
  /** @throws ProtocolFault Upstream and input failures are results. */
  call(name: string, args: JsonObject | undefined, signal: AbortSignal): Promise<CallToolResult>;
}

/** For whom a tool is called. */
export interface CallOrigin {
  readonly group: Group;
  readonly caller: Caller;
  /** Who calls a tool that has a policy of its own. @default `caller` */
  readonly callerOf?: (entry: ToolEntry) => Caller;
  /** @default every tool of the group may be called */
  readonly authorizeTool?: AuthorizeTool | null;
  /** null over stdio. */
  readonly req: IncomingMessage | null;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const NO_ARGUMENTS: JsonObject = Object.freeze({});

/** The tools of one group of one table. */
export function toolService(settings: EndpointSettings, origin: CallOrigin): ToolService {
  return {
    list: (cursor) => listTools(origin.group, cursor),
    async call(name, args, signal) {
      const entry = origin.group.lookup.get(name);
      if (entry === undefined) throw unknownTool(name);
      // Answered by HTTP long before; asked again for the case that an SDK reads a name where we have read none.
      if ((await origin.authorizeTool?.(entry)) != null) throw unknownTool(name);
      return runTool(settings, origin, entry, args ?? NO_ARGUMENTS, signal);
    },
  };
}

/** @throws what `callTool` throws: the signal's reason, when there is nobody left to read an answer. */
export function runTool(
  settings: EndpointSettings,
  origin: CallOrigin,
  entry: ToolEntry,
  args: JsonObject,
  signal: AbortSignal,
): Promise<CallToolResult> {
  const { logger, metrics, onToolCall, gate } = settings;
  const context: Mutable<CallContext> = {
    signal,
    logger,
    metrics,
    endpoint: origin.group.endpoint,
    caller: origin.callerOf?.(entry) ?? origin.caller,
    request: origin.req,
  };
  if (onToolCall !== null) context.onToolCall = onToolCall;
  if (gate !== null) context.gate = gate;
  return callTool(entry, args, context);
}

/** Refuses everything. */
export const noTools: ToolService = {
  list() {
    throw internalFault();
  },
  call: () => Promise.reject(internalFault()),
};
