import { type CallToolResult, isJsonObject, type JsonObject, openTable } from '../lib/index.js';
import { selectGroups } from './tools.js';
import { UsageError } from './usageError.js';

export interface CallOptions {
  readonly config: string;
  readonly group?: string;
  readonly tool: string;
  /** The arguments, a JSON object. */
  readonly text: string;
  readonly json?: boolean;
}

/** Calls one tool and prints what an agent would get; 1 when that is an error. @throws McpAnythingError, UsageError */
export async function call({ config, group, tool, text, json = false }: CallOptions): Promise<number> {
  const toolArguments = parseArguments(text);
  const table = await openTable({ config });
  const interruption = new AbortController();
  process.once('SIGINT', () => interruption.abort());
  try {
    const holder = selectGroups(table, group).find(({ tools }) => tools.some(({ name }) => name === tool));
    if (!holder)
      throw new UsageError(
        `there is no tool "${tool}"; \`mcp-anything tools --config ${config}\` lists them`,
      );
    const result = await table.call(holder.name, tool, toolArguments, interruption.signal);
    process.stdout.write(`${json ? JSON.stringify(result, null, 2) : readable(result)}\n`);
    return result.isError ? 1 : 0;
  } finally {
    await table.close();
  }
}

function parseArguments(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(`the arguments are not JSON: ${text}`);
  }
  if (!isJsonObject(value)) throw new UsageError(`the arguments must be a JSON object, got ${text}`);
  return value;
}

function readable({ content }: CallToolResult): string {
  return content
    .map((block) => {
      switch (block.type) {
        case 'text':
          return block.text;
        case 'image':
        case 'audio':
          return `[${block.type}: ${block.mimeType}, ${Buffer.byteLength(block.data, 'base64')} bytes; --json shows them]`;
        default:
          return JSON.stringify(block, null, 2);
      }
    })
    .join('\n');
}
