import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GITHUB, SIDECAR } from './paths.js';

const run = promisify(execFile);

/** The operation that is called, and in part (d) renamed. */
const ITEM = {
  operationId: 'getItem',
  summary: 'One item.',
  parameters: [
    { name: 'id', in: 'path', required: true, schema: { type: 'integer' } },
    { name: 'view', in: 'query', schema: { type: 'string', enum: ['short', 'full'] } },
  ],
  responses: {
    '200': { description: 'The item.', content: { 'application/json': { schema: { type: 'object' } } } },
  },
};

const SMALL = {
  openapi: '3.0.3',
  info: { title: 'Items', version: '1.0.0' },
  servers: [{ url: 'http://127.0.0.1' }],
  paths: { '/items/{id}': { get: ITEM } },
};

export type DocumentSize = 'small' | 'github';

/** The call that every candidate is asked for. */
export const ITEM_ARGUMENTS = { id: 42 };

/** The texts of the documents that are served: one operation of our own, alone or beside all of GitHub's. */
export function documentText(size: DocumentSize, operationId = ITEM.operationId): string {
  const document = size === 'small' ? SMALL : (JSON.parse(readFileSync(GITHUB, 'utf8')) as typeof SMALL);
  const item = { ...ITEM, operationId };
  return JSON.stringify({ ...document, paths: { ...document.paths, '/items/{id}': { get: item } } });
}

/** Writes both documents and the list of their tools, as the sidecar makes them. */
export async function writeDocuments(folder: string): Promise<Record<DocumentSize, DocumentFiles>> {
  const [small, github] = await Promise.all([
    writeDocument(folder, 'small'),
    writeDocument(folder, 'github'),
  ]);
  return { small, github };
}

export interface DocumentFiles {
  readonly document: string;
  /** JSON array of the tools as `tools/list` shows them. */
  readonly tools: string;
  readonly count: number;
}

async function writeDocument(folder: string, size: DocumentSize): Promise<DocumentFiles> {
  const own = join(folder, size);
  mkdirSync(own);
  const document = join(own, 'openapi.json');
  writeFileSync(document, documentText(size));
  const config = join(own, 'mcp.json');
  const upstream = { name: 'bench', tool_prefix: '', openapi: { source: document } };
  writeFileSync(config, JSON.stringify({ upstreams: [upstream] }));
  const { stdout } = await run(process.execPath, [SIDECAR, 'tools', '--json', '--config', config], {
    maxBuffer: 2 ** 28,
  });
  const groups = JSON.parse(stdout) as { tools: Record<string, unknown>[] }[];
  const listed = groups.flatMap((group) => group.tools.map(({ operation: _, ...tool }) => tool));
  const tools = join(own, 'tools.json');
  writeFileSync(tools, JSON.stringify(listed));
  return { document, tools, count: listed.length };
}
