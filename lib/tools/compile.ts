import { messageOf, SourceError } from '../errors.js';
import { isJsonObject, type JsonObject } from '../json.js';
import { selectLocations } from '../jsonPath.js';
import type { PreparedDocument } from '../spec/document.js';
import { redactedLocation } from '../spec/location.js';
import { toolDescription, visibleText } from './description.js';
import { annotationsOf, type Extensions, extensionsOf } from './extensions.js';
import { aliasesIn, inputSchema } from './inputSchema.js';
import { nameTools } from './naming.js';
import { findOperations, type Operation } from './operations.js';
import { outputSchema } from './outputSchema.js';
import { References } from './references.js';
import { requestPlan, requestSource } from './requestPlan.js';
import { SchemaTiers } from './schemaTiers.js';
import { operationServer, rootServer, type ServerChoice, type ServerSettings } from './servers.js';
import type { CompileOptions, Tool } from './tool.js';

/** The tools of a document. */
export interface CompiledDocument {
  /** By name, in code unit order. */
  readonly tools: readonly Tool[];
  /** For every filter of the options: the operations (`Tool.operation`) that it selects. */
  readonly selections: ReadonlyMap<string, ReadonlySet<string>>;
  /** `base_url` or the document's root server; "" if there is no operation and no server. */
  readonly server: string;
  /** One line each: every dropped operation with the reason, and what was put right. */
  readonly warnings: readonly string[];
}

interface NamedOperation {
  readonly operation: Operation;
  readonly extensions: Extensions;
}

/**
 * Makes one tool of every operation. Pure: equal documents and options give equal tools, in whatever order the
 * document has its operations.
 *
 * @throws SourceError stage `compile` if the operations have no server to be sent to.
 */
export function compileDocument(document: PreparedDocument, options: CompileOptions): CompiledDocument {
  const { root, dialect, location } = document;
  const references = new References(root);
  const warnings = new Set<string>();
  const { operations, problems, view } = findOperations(root, references);
  for (const problem of problems) warnings.add(`${problem}; dropped`);

  const named = operations
    .map((operation): NamedOperation => {
      const warn = (text: string) => warnings.add(`${operation.label}: ${text}`);
      return { operation, extensions: extensionsOf(operation.node, warn) };
    })
    .filter(({ extensions }) => extensions.enabled);
  const names = nameTools(
    named.map(({ operation, extensions }) => ({
      operation: operation.label,
      preferred: extensions.name ?? textIn(operation.node, 'operationId'),
    })),
    options,
  );

  const settings: ServerSettings = { baseUrl: options.base_url, location };
  const server = rootServer(root, settings);
  let current = '';
  const told = new Set<string>();
  const warn = (text: string) => {
    // A shared schema is converted for many operations; the first one that uses it is named.
    if (told.has(text)) return;
    told.add(text);
    warnings.add(`${current}: ${text}`);
  };
  const tiers = new SchemaTiers(dialect, references, options.schema_profile, warn);
  const tools: Tool[] = [];
  for (const [index, { operation, extensions }] of named.entries()) {
    current = operation.label;
    const own = operationServer(operation.node, operation.pathItem, settings);
    if (own === null && 'problem' in server) throw noServer(server.problem, location);
    try {
      const url = serverUrl(own ?? server);
      const name = names[index] ?? operation.label;
      tools.push(
        toolOf(name, url, { operation, extensions, document, references, tiers, options, warnings }),
      );
    } catch (error) {
      warnings.add(`${operation.label}: ${messageOf(error)}; dropped`);
    }
  }
  tools.sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    tools,
    selections: new Map(options.filters.map((filter) => [filter, selected(view, filter, operations)])),
    server: 'url' in server ? server.url : (tools[0]?.plan.server ?? ''),
    warnings: [...warnings],
  };
}

function noServer(problem: string, location: string): SourceError {
  return new SourceError('compile', redactedLocation(location), `${problem}; set base_url`);
}

function serverUrl(choice: ServerChoice): string {
  if ('url' in choice) return choice.url;
  throw new Error(choice.problem);
}

interface ToolContext extends NamedOperation {
  readonly document: PreparedDocument;
  readonly references: References;
  readonly tiers: SchemaTiers;
  readonly options: CompileOptions;
  readonly warnings: Set<string>;
}

/** @throws OperationProblem if the operation is malformed. */
function toolOf(name: string, server: string, context: ToolContext): Tool {
  const { operation, extensions, document, references, tiers, options, warnings } = context;
  const { node, label, method } = operation;
  const { root } = document;
  const warn = (text: string) => warnings.add(`${label}: ${text}`);
  const source = requestSource(operation, root, references, warn);
  const { plan, inputSchema: input } = tiers.fitting((schemas) => {
    const made = requestPlan(source, server, schemas, options.schema_profile);
    const schema = inputSchema(made.layout, schemas);
    const aliases = aliasesIn(schema, schemas);
    return { plan: aliases === undefined ? made.plan : { ...made.plan, aliases }, inputSchema: schema };
  });
  const output = options.output_schema
    ? outputSchema(node, tiers.output, references, document.dialect.family === 'swagger')
    : null;
  const summary = textIn(node, 'summary') ?? '';
  const title = visibleText(summary).replaceAll('\n', ' ');
  const deprecated = node['deprecated'] === true;
  return {
    name,
    ...(title === '' ? {} : { title }),
    description: toolDescription(
      { summary, description: textIn(node, 'description') ?? '', deprecated, operation: label },
      options,
    ),
    inputSchema: input,
    ...(output === null ? {} : { outputSchema: output.schema }),
    annotations: annotationsOf(method, extensions.safe, title),
    operation: label,
    plan,
    responseFormat: extensions.responseFormat,
    authRequired: extensions.authRequired,
    requiredScopes: extensions.requiredScopes,
    wrapsResult: output?.wrapped ?? false,
  };
}

/** The operations whose own node the filter selects. */
function selected(view: JsonObject, filter: string, operations: readonly Operation[]): ReadonlySet<string> {
  const locations = new Set(selectLocations(view, filter).map((location) => JSON.stringify(location)));
  return new Set(
    operations
      .filter(({ location }) => locations.has(JSON.stringify(location)))
      .map((operation) => operation.label),
  );
}

function textIn(node: JsonObject, key: string): string | null {
  const value = isJsonObject(node) && Object.hasOwn(node, key) ? node[key] : undefined;
  return typeof value === 'string' ? value : null;
}
