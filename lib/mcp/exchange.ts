import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '../call/hooks.js';
import type { Group, RoutingTable, ToolEntry } from '../table/routingTable.js';

/** What came with the request. */
export type RequestBody =
  /** Nothing was read: the method carries no message. */
  | { readonly kind: 'none' }
  /** The bytes as they arrived, complete and within the limit. */
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  /** The host's own parser had read them already. */
  | { readonly kind: 'parsed'; readonly value: unknown };

/** Why a caller may not use one tool; answered as this HTTP status with the challenge. */
export interface ToolRefusal {
  readonly status: 401 | 403;
  /** Value of `WWW-Authenticate`. */
  readonly challenge: string;
  /** Safe to show a client. */
  readonly message: string;
}

/** Asked before a tool is called; null = may be called. */
export type AuthorizeTool = (entry: ToolEntry) => ToolRefusal | null | Promise<ToolRefusal | null>;

/** One HTTP request to one endpoint, with everything it was decided by: all of one table. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly table: RoutingTable;
  readonly group: Group;
  readonly caller: Caller;
  readonly body: RequestBody;
  /** null = every tool of the group is open to this caller. */
  readonly authorizeTool: AuthorizeTool | null;
  /** The endpoint's group where `group` is only what this caller gets to see of it. @default `group` */
  readonly wholeGroup?: Group;
  /** Who calls a tool whose policy is its own; to be asked once the tool is authorized. @default `caller` */
  readonly callerOf?: (entry: ToolEntry) => Caller;
  /** The request needs its table no longer: it was answered, or it has become a stream. Idempotent. */
  settle(): void;
}
