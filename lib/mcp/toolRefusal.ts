import { isJsonObject } from '../json.js';
import type { Group, ToolEntry } from '../table/routingTable.js';
import type { AuthorizeTool, ToolRefusal } from './exchange.js';

/** A refusal, and the tool it is about. */
export interface FoundRefusal {
  readonly refusal: ToolRefusal;
  readonly entry: ToolEntry;
}

/**
 * Asks about every tool that a body would call, before any SDK or upstream sees it: a refusal is an HTTP status,
 * which can no longer be sent once a batch has begun to be answered.
 * @param message The parsed body; one that is not JSON calls nothing.
 */
export async function findRefusal(
  group: Group,
  message: unknown,
  authorize: AuthorizeTool,
): Promise<FoundRefusal | null> {
  for (const item of Array.isArray(message) ? message : [message]) {
    if (!isJsonObject(item) || item['method'] !== 'tools/call' || !isJsonObject(item['params'])) continue;
    const { name } = item['params'];
    const entry = typeof name === 'string' ? group.lookup.get(name) : undefined;
    if (entry === undefined) continue;
    const refusal = await authorize(entry);
    if (refusal !== null) return { refusal, entry };
  }
  return null;
}
