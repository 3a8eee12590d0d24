import { type OfflineGroup, type OfflineTable, openTable } from '../lib/index.js';
import { UsageError } from './usageError.js';

export interface ToolsOptions {
  readonly config: string;
  readonly group?: string;
  readonly json?: boolean;
}

/** Lists what each group offers. @throws McpAnythingError, UsageError */
export async function tools({ config, group, json = false }: ToolsOptions): Promise<number> {
  const table = await openTable({ config });
  try {
    const groups = selectGroups(table, group);
    process.stdout.write(json ? `${JSON.stringify(groups, null, 2)}\n` : groups.map(listing).join('\n'));
    return 0;
  } finally {
    await table.close();
  }
}

/** Every group, or the named one. @throws UsageError for a name that the config lacks */
export function selectGroups(table: OfflineTable, name: string | undefined): readonly OfflineGroup[] {
  if (name === undefined) return table.groups;
  const selected = table.groups.filter((group) => group.name === name);
  if (selected.length > 0) return selected;
  const names = table.groups.map((group) => `"${group.name}"`).join(', ');
  throw new UsageError(`there is no group "${name}"; the config has ${names}`);
}

function listing({ name, endpoint, tools }: OfflineGroup): string {
  const rows = tools.map(
    (tool) => [tool.name, tool.operation, tool.description.split('\n', 1)[0] ?? ''] as const,
  );
  const nameWidth = Math.max(0, ...rows.map(([tool]) => tool.length));
  const operationWidth = Math.max(0, ...rows.map(([, operation]) => operation.length));
  const lines = rows.map(([tool, operation, description]) =>
    `  ${tool.padEnd(nameWidth)}  ${operation.padEnd(operationWidth)}  ${description}`.trimEnd(),
  );
  return [`${endpoint} (group ${name}, ${tools.length})`, ...lines, ''].join('\n');
}
