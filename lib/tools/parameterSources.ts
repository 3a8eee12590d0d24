import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { OperationProblem, type References } from './references.js';
import type { ParameterLocation, ParameterStyle } from './tool.js';

/** A parameter as the document has it, whichever version that is written in. */
export interface ParameterSource {
  readonly name: string;
  readonly in: ParameterLocation;
  readonly required: boolean;
  readonly description: string;
  readonly deprecated: boolean;
  /** What its value may be; `{}` if nothing is said. */
  readonly schema: Json;
  readonly example: Json | undefined;
  readonly style: ParameterStyle;
  readonly explode: boolean;
  readonly allowReserved: boolean;
  readonly contentType: string | null;
}

/** Swagger 2.0 puts the body among the parameters. */
export interface SwaggerBodyParameters {
  readonly body: JsonObject | null;
  readonly form: readonly JsonObject[];
}

export interface ParameterSources {
  readonly parameters: readonly ParameterSource[];
  readonly swagger: SwaggerBodyParameters;
}

const LOCATIONS: ReadonlySet<string> = new Set(['path', 'query', 'querystring', 'header', 'cookie']);
const STYLES: ReadonlySet<string> = new Set([
  'form',
  'simple',
  'label',
  'matrix',
  'spaceDelimited',
  'pipeDelimited',
  'deepObject',
  'cookie',
]);
/** "If `in` is header and the name is one of these, the parameter definition SHALL be ignored" (Parameter Object). */
const IGNORED_HEADERS: ReadonlySet<string> = new Set(['accept', 'content-type', 'authorization']);

/**
 * The parameters of an operation: path-level ones first, each replaced by the operation's own of the same name
 * and place, compared after references are followed.
 * @throws OperationProblem
 */
export function parameterSources(
  pathItem: JsonObject,
  operation: JsonObject,
  references: References,
  swagger: boolean,
): ParameterSources {
  const nodes = new Map<string, JsonObject>();
  for (const [owner, what] of [
    [pathItem, 'path-level parameters'],
    [operation, 'parameters'],
  ] as const) {
    for (const [index, value] of listOf(owner, what).entries()) {
      const node = references.object(value, `${what}[${index}]`);
      if (node === null) continue;
      const name = swagger && node['in'] === 'body' ? '' : node['name'];
      nodes.set(JSON.stringify([node['in'] ?? null, name ?? null]), node);
    }
  }
  const parameters: ParameterSource[] = [];
  const form: JsonObject[] = [];
  let body: JsonObject | null = null;
  for (const node of nodes.values()) {
    if (swagger && node['in'] === 'body') body = node;
    else if (swagger && node['in'] === 'formData') form.push(node);
    else if (!isIgnored(node)) parameters.push(parameterSource(node, references, swagger));
  }
  return { parameters, swagger: { body, form } };
}

function listOf(owner: JsonObject, what: string): readonly Json[] {
  const list = Object.hasOwn(owner, 'parameters') ? owner['parameters'] : undefined;
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw new OperationProblem(`${what}: must be a list`);
  return list;
}

function isIgnored(node: JsonObject): boolean {
  return (
    node['in'] === 'header' &&
    typeof node['name'] === 'string' &&
    IGNORED_HEADERS.has(node['name'].toLowerCase())
  );
}

function parameterSource(node: JsonObject, references: References, swagger: boolean): ParameterSource {
  const place = node['in'];
  if (typeof place !== 'string' || !LOCATIONS.has(place)) {
    throw new OperationProblem(`a parameter has "in": ${JSON.stringify(place ?? null)}`);
  }
  // A querystring parameter has a name for readers only.
  const name = node['name'] ?? (place === 'querystring' ? 'querystring' : undefined);
  if (typeof name !== 'string' || name === '') throw new OperationProblem(`a ${place} parameter has no name`);
  const location = place as ParameterLocation;
  const [contentType, media] = swagger ? [null, null] : contentOf(node, name, references);
  return {
    name,
    in: location,
    required: location === 'path' || node['required'] === true,
    description: typeof node['description'] === 'string' ? node['description'] : '',
    deprecated: node['deprecated'] === true,
    schema: swagger ? inlineSchema(node) : ((media === null ? node['schema'] : media['schema']) ?? {}),
    example: exampleOf(node, references),
    ...(swagger ? swaggerStyle(node, location) : openapiStyle(node, location)),
    contentType: contentType ?? (location === 'querystring' ? 'application/x-www-form-urlencoded' : null),
  };
}

/** A `content`-typed parameter has exactly one media type. */
function contentOf(
  node: JsonObject,
  name: string,
  references: References,
): [string | null, JsonObject | null] {
  if (!isJsonObject(node['content'])) return [null, null];
  const [entry] = Object.entries(node['content']);
  if (entry === undefined) return [null, null];
  return [entry[0], references.object(entry[1], `the content of parameter ${name}`)];
}

function openapiStyle(
  node: JsonObject,
  location: ParameterLocation,
): Pick<ParameterSource, 'style' | 'explode' | 'allowReserved'> {
  const usual = location === 'path' || location === 'header' ? 'simple' : 'form';
  const stated = node['style'];
  const style = typeof stated === 'string' && STYLES.has(stated) ? (stated as ParameterStyle) : usual;
  const explode =
    typeof node['explode'] === 'boolean' ? node['explode'] : style === 'form' || style === 'cookie';
  return { style, explode, allowReserved: node['allowReserved'] === true };
}

/** Swagger 2.0's `collectionFormat`, in OpenAPI 3's words. */
export function swaggerStyle(
  node: JsonObject,
  location: ParameterLocation | 'formData',
): Pick<ParameterSource, 'style' | 'explode' | 'allowReserved'> {
  const spread = location === 'query' || location === 'formData';
  const styles: Readonly<Record<string, ParameterStyle>> = {
    ssv: 'spaceDelimited',
    pipes: 'pipeDelimited',
    tsv: 'tabDelimited',
  };
  const format = typeof node['collectionFormat'] === 'string' ? node['collectionFormat'] : 'csv';
  const delimited = Object.hasOwn(styles, format) ? styles[format] : undefined;
  const usual = spread ? 'form' : 'simple';
  return { style: delimited ?? usual, explode: spread && format === 'multi', allowReserved: false };
}

/** Swagger 2.0: the parameter is its own schema. */
export function inlineSchema(node: JsonObject): JsonObject {
  const { name: _, in: __, required: ___, description: ____, collectionFormat: _____, ...schema } = node;
  return schema;
}

function exampleOf(node: JsonObject, references: References): Json | undefined {
  if (node['example'] !== undefined) return node['example'];
  if (!isJsonObject(node['examples'])) return undefined;
  try {
    const [first] = Object.values(node['examples']);
    return references.object(first, 'example')?.['value'];
  } catch {
    return undefined;
  }
}
