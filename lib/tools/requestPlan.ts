import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { type ArgumentLayout, layOutArguments, type Profile } from './argumentLayout.js';
import { type BodySource, bodySource, swaggerBodySource } from './bodySource.js';
import type { Operation } from './operations.js';
import { acceptHeader } from './outputSchema.js';
import { type ParameterSource, parameterSources } from './parameterSources.js';
import { type PathTemplate, parsePathTemplate } from './pathTemplate.js';
import type { References } from './references.js';
import type { Schemas } from './schemas.js';
import { securityOf } from './security.js';
import type { ParameterPlan, RequestPlan } from './tool.js';

/** Everything an operation's request is made from, before arguments have names. */
export interface RequestSource {
  readonly operation: Operation;
  readonly template: PathTemplate;
  readonly parameters: readonly ParameterSource[];
  readonly body: BodySource | null;
  readonly accept: string;
  readonly security: RequestPlan['security'];
}

/**
 * Reads an operation out of the document.
 * @param warn Told of what was put right.
 * @throws OperationProblem if it is malformed.
 */
export function requestSource(
  operation: Operation,
  root: JsonObject,
  references: References,
  warn: (text: string) => void,
): RequestSource {
  const { node, pathItem, path } = operation;
  const swagger = Object.hasOwn(root, 'swagger');
  const template = parsePathTemplate(path);
  const sources = parameterSources(pathItem, node, references, swagger);
  return {
    operation,
    template,
    parameters: placedParameters(sources.parameters, template, warn),
    body: swagger
      ? swaggerBodySource(sources.swagger, mediaTypes(node, root, 'consumes'))
      : bodySource(node, references),
    accept: acceptHeader(node, references, swagger ? mediaTypes(node, root, 'produces') : null),
    security: securityOf(node, root, references),
  };
}

/** Swagger 2.0: an operation's own list replaces the document's. */
function mediaTypes(node: JsonObject, root: JsonObject, key: 'consumes' | 'produces'): string[] {
  const list = Array.isArray(node[key]) ? node[key] : root[key];
  return Array.isArray(list) ? (list as readonly Json[]).filter((type) => typeof type === 'string') : [];
}

/** Every name in the path gets its parameter, every path parameter a place in the path. */
function placedParameters(
  declared: readonly ParameterSource[],
  template: PathTemplate,
  warn: (text: string) => void,
): ParameterSource[] {
  const inPath = new Set(
    template.pieces.flatMap((piece) => (typeof piece === 'string' ? [] : [plainName(piece.name)])),
  );
  const inQuery = new Map(template.queryNames.map(([name, variable]) => [variable, name]));
  const placed: ParameterSource[] = [];
  for (const source of declared) {
    const wireName = source.in === 'path' ? inQuery.get(source.name) : undefined;
    if (source.in !== 'path' || inPath.has(source.name)) placed.push(source);
    else if (wireName !== undefined) placed.push({ ...source, name: wireName, in: 'query', ...FORM });
    else warn(`the path parameter "${source.name}" is not in the path and was left out`);
  }
  for (const name of inPath) {
    if (placed.some((source) => source.in === 'path' && source.name === name)) continue;
    warn(`the path's "${name}" is not declared; any string is accepted`);
    placed.push({ ...UNDECLARED, name, in: 'path', style: 'simple', explode: false });
  }
  for (const [, name] of inQuery) {
    if (placed.some((source) => source.in === 'query' && source.name === name)) continue;
    placed.push({ ...UNDECLARED, name, in: 'query', ...FORM });
  }
  return placed;
}

const FORM = { style: 'form', explode: true } as const;
const UNDECLARED = {
  required: true,
  description: '',
  deprecated: false,
  schema: { type: 'string' },
  example: undefined,
  allowReserved: false,
  contentType: null,
} as const;

/** `{+name}`, `{name*}` and `{name=projects/*}` are written by tools that mean `{name}`. */
function plainName(name: string): string {
  return name.replace(/^\+/, '').replace(/(?:\*|=.*)$/, '');
}

/** The plan, and the layout of arguments it goes with. */
export function requestPlan(
  source: RequestSource,
  server: string,
  schemas: Schemas,
  profile: Profile,
): { readonly plan: RequestPlan; readonly layout: ArgumentLayout } {
  const { operation, template } = source;
  const body = isPointless(source.body, operation.method, schemas) ? null : source.body;
  const layout = layOutArguments(source.parameters, body, schemas, profile);
  const plan: RequestPlan = {
    method: operation.method,
    server,
    path: template.pieces.map((piece) =>
      typeof piece === 'string' ? piece : indexOfPath(layout.parameters, plainName(piece.name)),
    ),
    query: template.query,
    parameters: layout.parameters,
    body: layout.body,
    accept: source.accept,
    security: source.security,
  };
  return { plan, layout };
}

function indexOfPath(parameters: readonly ParameterPlan[], name: string): number {
  return parameters.findIndex((parameter) => parameter.in === 'path' && parameter.name === name);
}

/** Generated documents declare an empty form for every GET. */
function isPointless(body: BodySource | null, method: string, schemas: Schemas): boolean {
  if (body === null || (method !== 'GET' && method !== 'HEAD')) return false;
  const { type, properties } = schemas.expand(body.schema).schema;
  return type === 'object' && isJsonObject(properties) && Object.keys(properties).length === 0;
}
