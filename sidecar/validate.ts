import { openTable } from '../lib/index.js';

/** Loads, compiles and dry-runs everything, and says what a validator makes of the documents. @throws McpAnythingError with one problem per line */
export async function validate(file: string): Promise<number> {
  const table = await openTable({ config: file });
  for (const warning of table.warnings) process.stderr.write(`warning: ${warning}\n`);
  for (const line of await table.validateDocuments()) process.stderr.write(`advice: ${line}\n`);
  const endpoints = table.groups.map(
    ({ endpoint, tools }) => `${endpoint} with ${counted(tools.length, 'tool')}`,
  );
  await table.close();
  process.stdout.write(`${file} is valid: ${endpoints.join(', ')}\n`);
  return 0;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
