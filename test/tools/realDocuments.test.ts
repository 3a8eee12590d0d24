import { readFileSync } from 'node:fs';
import { ListToolsResultSchema, ToolSchema } from '@modelcontextprotocol/sdk/types.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, test } from 'vitest';
import { isJsonObject, type JsonObject } from '../../lib/json.js';
import { type PreparedDocument, prepareDocument } from '../../lib/spec/document.js';
import { isReference, resolvePointer } from '../../lib/spec/reference.js';
import { type CompiledDocument, compileDocument } from '../../lib/tools/compile.js';
import { dryRun } from '../../lib/tools/dryRun.js';
import { OUTPUT_LIMIT } from '../../lib/tools/outputSchema.js';
import type { CompileOptions } from '../../lib/tools/tool.js';
import { schemaObjections } from '../support/acceptedSchema.js';
import { compileOptions } from '../support/compileOptions.js';
import { GITHUB, REAL_DOCUMENTS, type RealDocument } from '../support/realDocuments.js';

/** Operations counted by a plain walk over the document, references between path items included. */
function operationsOf(root: JsonObject): string[] {
  const paths = isJsonObject(root['paths']) ? root['paths'] : {};
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(isReference(item) ? (resolvePointer(root, item.$ref).value ?? {}) : (item ?? {}))
      .filter((key) => /^(?:get|put|post|delete|options|head|patch|trace|query)$/.test(key))
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
}

async function prepared(document: RealDocument): Promise<PreparedDocument> {
  return prepareDocument(
    { location: document.path, bytes: readFileSync(document.path) },
    [],
    compileOptions(),
  );
}

const timings: string[] = [];
afterAll(() => console.log(`milliseconds to compile, without parsing:\n${timings.join('\n')}`));

async function compiled(
  document: RealDocument,
  changes: Partial<CompileOptions> = {},
): Promise<CompiledDocument & { readonly root: JsonObject }> {
  const source = await prepared(document);
  const start = performance.now();
  const result = compileDocument(source, compileOptions(changes));
  const elapsed = performance.now() - start;
  if (elapsed > 10)
    timings.push(`${elapsed.toFixed(0).padStart(6)}  ${document.name} (${result.tools.length} tools)`);
  return { ...result, root: source.root };
}

function ajv(): Ajv2020 {
  return new Ajv2020({ strict: false, validateSchema: false, logger: false });
}

describe.each(REAL_DOCUMENTS.map((document) => ({ title: document.name, document })))(
  '$title',
  ({ document }) => {
    test('every operation becomes a tool that clients accept, or is named as dropped', async () => {
      const { tools, warnings, root } = await compiled(document, { tool_prefix: 'api' });
      const dry = dryRun(tools, document.path);

      const operations = operationsOf(root);
      const lost = operations.filter((label) => !dry.tools.some((tool) => tool.operation === label));
      const named = [...warnings, ...dry.warnings].filter((line) => line.endsWith('; dropped'));
      expect(lost.filter((label) => !named.some((line) => line.startsWith(`${label}: `)))).toEqual([]);
      expect(dry.tools.length).toBe(operations.length - lost.length);

      const names = tools.map((tool) => tool.name);
      expect(new Set(names).size).toBe(names.length);
      expect(names.filter((name) => !/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(name))).toEqual([]);
      expect(names).toEqual([...names].sort());

      const objections = tools.flatMap((tool) =>
        schemaObjections(tool.inputSchema).map((objection) => `${tool.name} ${objection}`),
      );
      expect(objections).toEqual([]);

      const validator = ajv();
      for (const tool of tools) {
        expect(() => validator.compile(tool.inputSchema), tool.name).not.toThrow();
        ToolSchema.parse(tool);
      }
      expect(ListToolsResultSchema.parse({ tools }).tools).toHaveLength(tools.length);
    });

    test('verbatim and output schemas compile as well', async () => {
      const { tools } = await compiled(document, { schema_profile: 'verbatim', output_schema: true });
      const validator = ajv();
      for (const tool of tools) {
        expect(tool.inputSchema['type']).toBe('object');
        expect(() => validator.compile(tool.inputSchema), tool.name).not.toThrow();
        ToolSchema.parse(tool);
        if (tool.outputSchema === undefined) continue;
        expect(tool.outputSchema['type']).toBe('object');
        expect(JSON.stringify(tool.outputSchema).length).toBeLessThan(OUTPUT_LIMIT + 2_000);
        expect(JSON.stringify(tool.outputSchema)).not.toContain('"$ref"');
        expect(() => validator.compile(tool.outputSchema ?? {}), tool.name).not.toThrow();
      }
    });
  },
);

test('GitHub’s document gives all of its 1,223 operations', async () => {
  const { tools, warnings } = await compiled(GITHUB);
  expect(tools).toHaveLength(1_223);
  expect(dryRun(tools, GITHUB.path).tools).toHaveLength(1_223);
  expect(warnings.filter((line) => line.endsWith('; dropped'))).toEqual([]);
});
