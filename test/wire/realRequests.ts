import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, extname } from 'node:path';
import { CORE_SCHEMA, load } from 'js-yaml';
import { isJsonObject, type Json, type JsonObject } from '../../lib/json.js';
import { nameTools } from '../../lib/tools/naming.js';
import { connectClient } from '../support/mcpClient.js';
import type { RealDocument } from '../support/realDocuments.js';
import { RunningProxy } from '../support/runningProxy.js';
import { realArguments } from './realArguments.js';
import { ValidatingUpstream } from './validatingUpstream.js';
import { operationsOf, type ValidatedOperation } from './validatorDocument.js';

const { convertObj } = createRequire(import.meta.url)('swagger2openapi') as {
  convertObj(document: JsonObject, options: object): Promise<{ readonly openapi: JsonObject }>;
};

/** A call that did not end in a valid request. */
export interface Refusal {
  readonly operation: string;
  /** The proxy's or the validator's words. */
  readonly problem: string;
  /** The request in one line; null = none was sent. */
  readonly sent: string | null;
}

export interface Outcome {
  /** Operations of the document. */
  readonly total: number;
  readonly called: number;
  readonly refusals: readonly Refusal[];
}

interface Served {
  readonly endpoint: string;
  /** Name of a tool → its operation. */
  readonly labels: ReadonlyMap<string, string>;
}

/** A proxy in front of real documents, each at its own endpoint, and an upstream that checks every request. */
export class RealRequests implements AsyncDisposable {
  readonly #proxy: RunningProxy;
  readonly #upstream: ValidatingUpstream;
  readonly #served: ReadonlyMap<RealDocument, Served>;

  private constructor(
    proxy: RunningProxy,
    upstream: ValidatingUpstream,
    served: ReadonlyMap<RealDocument, Served>,
  ) {
    this.#proxy = proxy;
    this.#upstream = upstream;
    this.#served = served;
  }

  static async start(documents: readonly RealDocument[]): Promise<RealRequests> {
    const upstream = await ValidatingUpstream.start();
    const served = new Map<RealDocument, Served>();
    const upstreams: JsonObject[] = [];
    const groups: JsonObject[] = [];
    for (const [index, document] of documents.entries()) {
      const name = `d${index}`;
      const original = parsed(document);
      const root = Object.hasOwn(original, 'swagger') ? await converted(original) : original;
      const operations = operationsOf(root, `/${name}`);
      upstream.add(operations);
      served.set(document, { endpoint: `/${name}`, labels: toolNames(operations, name) });
      upstreams.push({
        name,
        base_url: `${upstream.url}/${name}`,
        openapi: { source: document.path },
        // No request may leave the machine.
        ...(hasInnerServers(original) ? { overlay: { source: 'servers.yaml' } } : {}),
      });
      groups.push({ name, endpoint: `/${name}`, upstreams: [name] });
    }
    const config = { server: { startup_validation_timeout: '60s' }, upstreams, groups };
    const files = {
      'mcp.yaml': JSON.stringify(config),
      'servers.yaml': JSON.stringify(WITHOUT_INNER_SERVERS),
    };
    const proxy = await RunningProxy.start({ files, watch: false, onToolCall: upstream.label });
    return new RealRequests(proxy, upstream, served);
  }

  /**
   * Calls the operations of a document, with sampled arguments.
   * @param step 3 = every third one, in the order of their names.
   */
  async callAll(document: RealDocument, step: number): Promise<Outcome> {
    const served = this.#served.get(document);
    if (served === undefined) throw new Error(`${document.name} is not served`);
    const client = await connectClient(this.#proxy.url(served.endpoint));
    try {
      const { tools } = await client.listTools();
      const refusals: Refusal[] = [];
      const names = new Set(tools.map(({ name }) => name));
      for (const [name, operation] of served.labels) {
        if (!names.has(name)) refusals.push({ operation, problem: 'there is no tool', sent: null });
      }
      const chosen = tools.filter((_, index) => index % step === 0);
      const todo = [...chosen];
      const callNext = async (): Promise<void> => {
        const tool = todo.pop();
        if (tool === undefined) return;
        const operation = served.labels.get(tool.name) ?? tool.name;
        const args = realArguments(shortName(document), operation, tool.inputSchema as JsonObject);
        const result = await client.callTool({ name: tool.name, arguments: args });
        if (result.isError === true) refusals.push(refusalOf(operation, result.content));
        await callNext();
      };
      await Promise.all(Array.from({ length: 4 }, callNext));
      return { total: served.labels.size, called: chosen.length, refusals };
    } finally {
      await client.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy[Symbol.asyncDispose]();
    await this.#upstream[Symbol.asyncDispose]();
  }
}

/** The same for the JSON and the YAML form of a document: its file's name without the ending. */
export function shortName({ path }: RealDocument): string {
  return basename(path, extname(path));
}

/** Operations are told by method and path: the names of tools may be cut. */
function toolNames(operations: readonly ValidatedOperation[], prefix: string): Map<string, string> {
  const names = nameTools(
    operations.map(({ label, operationId }) => ({ operation: label, preferred: operationId })),
    { tool_prefix: prefix, separator: '__', max_length: 64 },
  );
  return new Map(names.map((name, index) => [name, operations[index]?.label ?? '']));
}

function parsed(document: RealDocument): JsonObject {
  const text = readFileSync(document.path, 'utf8');
  const root: unknown = document.path.endsWith('.json')
    ? JSON.parse(text)
    : load(text, { schema: CORE_SCHEMA });
  if (!isJsonObject(root)) throw new Error(`${document.name} is no object`);
  return root;
}

/** Swagger 2.0 in the words of OpenAPI 3.0, which is what the validator reads. */
async function converted(root: JsonObject): Promise<JsonObject> {
  return (await convertObj(structuredClone(root) as JsonObject, { patch: true, warnOnly: true })).openapi;
}

const WITHOUT_INNER_SERVERS = {
  overlay: '1.0.0',
  info: { title: 'No servers of paths and operations', version: '1' },
  actions: [
    { target: '$.paths.*.servers', remove: true },
    { target: '$.paths.*.*.servers', remove: true },
  ],
};

function hasInnerServers(root: JsonObject): boolean {
  const items = isJsonObject(root['paths']) ? Object.values(root['paths']) : [];
  const has = (node: Json): boolean => isJsonObject(node) && Object.hasOwn(node, 'servers');
  return items.some((item) => has(item) || (isJsonObject(item) && Object.values(item).some(has)));
}

/** The proxy tells what the upstream said after a line of its own. */
function refusalOf(operation: string, content: unknown): Refusal {
  const blocks = Array.isArray(content) ? (content as readonly { readonly text?: string }[]) : [];
  const text = blocks.map((block) => block.text ?? '').join('\n');
  const answer = /^The API answered \d+ [^\n]*\n(\{.*\})$/s.exec(text)?.[1];
  if (answer === undefined) return { operation, problem: text, sent: null };
  return { operation, ...(JSON.parse(answer) as { readonly problem: string; readonly sent: string }) };
}
