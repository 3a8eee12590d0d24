import { expect, test } from 'vitest';
import type { JsonObject } from '../../lib/json.js';
import { keepObjects, packTools, unpackTools } from '../../lib/tools/packedTools.js';
import type { CompiledTool } from '../../lib/tools/tool.js';
import { compiledDocument, openapi } from '../support/compiledDocument.js';

/** The tools of one table, as they are after they have crossed from a worker. */
async function toolsOf(operation: JsonObject): Promise<CompiledTool[]> {
  const answer = (schema: JsonObject) => ({
    responses: { 200: { description: 'It.', content: { 'application/json': { schema } } } },
  });
  const parameters = [{ name: 'n', in: 'query', schema: { type: 'integer' } }];
  const other = { operationId: 'other', ...answer({ type: 'object', properties: { o: {} } }) };
  const it = { operationId: 'it', parameters, ...answer({ type: 'object', properties: { i: {} } }) };
  const document = openapi({ '/it': { get: { ...it, ...operation } }, '/other': { get: other } });
  return unpackTools(packTools((await compiledDocument(document, { output_schema: true })).tools));
}

const named = (tools: readonly CompiledTool[], name = 'it') => {
  const found = tools.find((tool) => tool.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found.tool();
};

/** A tool of `first` is called; then `next` replace them. */
function replaced(first: readonly CompiledTool[], next: readonly CompiledTool[]) {
  const before = named(first);
  keepObjects(next, first);
  return { before, after: named(next) };
}

test('schemas that stay the same stay the same objects', async () => {
  const { before, after } = replaced(await toolsOf({ summary: 'Old.' }), await toolsOf({ summary: 'New.' }));
  expect(after.title).toBe('New.');
  expect(after.inputSchema).toBe(before.inputSchema);
  expect(after.outputSchema).toBe(before.outputSchema);
  expect(before.outputSchema).toBeDefined();
});

test.each<[string, JsonObject]>([
  ['a parameter more', { parameters: [{ name: 'm', in: 'query', schema: { type: 'integer' } }] }],
  [
    'another description of a parameter',
    { parameters: [{ name: 'n', in: 'query', description: 'N.', schema: { type: 'integer' } }] },
  ],
])('%s is another schema', async (_, change) => {
  const { before, after } = replaced(await toolsOf({}), await toolsOf(change));
  expect(after.inputSchema).toEqual(named(await toolsOf(change)).inputSchema);
  expect(after.inputSchema).not.toEqual(before.inputSchema);
  expect(after.outputSchema).toBe(before.outputSchema);
});

test('an output schema that goes is gone', async () => {
  const { before, after } = replaced(
    await toolsOf({}),
    await toolsOf({ responses: { 200: { description: 'It.' } } }),
  );
  expect(before.outputSchema).toBeDefined();
  expect(after.outputSchema).toBeUndefined();
});

test('a table in which nobody calls the tool hands its schemas on', async () => {
  const first = await toolsOf({ summary: '1' });
  const second = await toolsOf({ summary: '2' });
  const third = await toolsOf({ summary: '3' });
  const before = named(first);
  keepObjects(second, first);
  keepObjects(third, second);
  expect(named(third).inputSchema).toBe(before.inputSchema);
  expect(named(third).title).toBe('3');
});

test('a tool that was never called has nothing to hand on', async () => {
  const first = await toolsOf({});
  const next = await toolsOf({});
  named(first);
  keepObjects(next, first);
  expect(named(next, 'other').inputSchema).not.toBe(named(first, 'other').inputSchema);
});
