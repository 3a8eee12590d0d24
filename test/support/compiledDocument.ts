import type { Json, JsonObject } from '../../lib/json.js';
import { prepareDocument } from '../../lib/spec/document.js';
import { type CompiledDocument, compileDocument } from '../../lib/tools/compile.js';
import type { CompileOptions, Tool } from '../../lib/tools/tool.js';
import { compileOptions } from './compileOptions.js';

/** Compiles a document given as an object, through the same text that a file would have. */
export async function compiledDocument(
  document: JsonObject,
  options: Partial<CompileOptions> = {},
  location = '/specs/api.json',
): Promise<CompiledDocument> {
  const all = compileOptions(options);
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  return compileDocument(await prepareDocument({ location, bytes }, [], all), all);
}

/** An OpenAPI 3.1 document with the given paths; `rest` overrides and adds. */
export function openapi(paths: JsonObject, rest: JsonObject = {}): JsonObject {
  return { openapi: '3.1.0', info: { title: 'API', version: '1' }, paths, ...rest };
}

/** The one tool of a document with one operation. */
export async function onlyTool(document: JsonObject, options: Partial<CompileOptions> = {}): Promise<Tool> {
  const { tools, warnings } = await compiledDocument(document, options);
  const [tool] = tools;
  if (tool === undefined || tools.length > 1)
    throw new Error(`${tools.length} tools; ${warnings.join('; ')}`);
  return tool;
}

/** What a schema becomes as the argument `x` of a tool. */
export async function convertedSchema(
  schema: Json,
  rest: JsonObject = {},
  options: Partial<CompileOptions> = {},
): Promise<{
  readonly schema: Json;
  readonly definitions: JsonObject;
  readonly warnings: readonly string[];
}> {
  const operation = { parameters: [{ name: 'x', in: 'query', schema }], responses: {} };
  const { tools, warnings } = await compiledDocument(openapi({ '/': { get: operation } }, rest), options);
  const input = tools[0]?.inputSchema;
  const properties = input?.['properties'] as JsonObject | undefined;
  return { schema: properties?.['x'] ?? null, definitions: (input?.['$defs'] ?? {}) as JsonObject, warnings };
}
