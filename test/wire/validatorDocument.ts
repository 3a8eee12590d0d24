import { isJsonObject, type Json, type JsonObject } from '../../lib/json.js';

/** One operation of a document, by method and key under `paths`. */
export interface ValidatedOperation {
  /** `GET /pets/{petId}`. */
  readonly label: string;
  readonly operationId: string | null;
  /** Lower case. */
  readonly method: string;
  readonly path: string;
  readonly root: JsonObject;
  /** Where its server is: `/pets-api`. Tells the operations of several documents apart. */
  readonly base: string;
  /** What the validator knows the path as, base included. */
  readonly route: string;
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

/** Every operation of an OpenAPI 3.x document. */
export function operationsOf(root: JsonObject, base: string): ValidatedOperation[] {
  const paths = isJsonObject(root['paths']) ? root['paths'] : {};
  return Object.entries(paths).flatMap(([path, value]) => {
    const item = resolved(root, value);
    return METHODS.filter((method) => isJsonObject(item[method])).map((method) => ({
      label: `${method.toUpperCase()} ${path}`,
      operationId: operationIdOf(item[method]),
      method,
      path,
      root,
      base,
      route: base + routeOf(path),
    }));
  });
}

function operationIdOf(node: Json | undefined): string | null {
  const id = memberOf(node, 'operationId');
  return typeof id === 'string' ? id : null;
}

/** A fragment is not part of a path; the validator's router takes word characters for names only. */
function routeOf(path: string): string {
  let count = 0;
  return path.replace(/#.*$/, '').replace(/\{[^{}]+\}/g, () => `{p${count++}}`);
}

/**
 * A document of these operations only, which may come from several ones of a version, with whatever they refer
 * to: the validator's work grows with the document, and each takes its time to set up. It means what the
 * originals mean, in the form that the validator reads: references to anything but schemas are followed, names
 * in paths are word characters, and what the specification says is so by default, or does not count, is written
 * out or left out.
 */
export function validatorDocument(operations: readonly ValidatedOperation[]): JsonObject {
  const referred = new Map<string, ReferredSchemas>();
  const paths: Record<string, Record<string, Json>> = {};
  for (const { root, base, method, path, route } of operations) {
    const schemas = referred.get(base) ?? new ReferredSchemas(root, base);
    referred.set(base, schemas);
    const item = resolved(root, memberOf(root['paths'], path));
    const operation = resolved(root, item[method]);
    const parameters = parametersOf(root, item, operation).map((node) => parameter(node, path, schemas));
    const body = resolved(root, operation['requestBody']);
    paths[route] ??= {};
    paths[route][method] = {
      ...(parameters.length > 0 ? { parameters } : {}),
      ...(isJsonObject(body['content']) ? { requestBody: requestBody(body, schemas) } : {}),
      responses: { 200: { description: '' } },
    };
  }
  return {
    openapi: operations[0]?.root['openapi'] ?? '',
    info: { title: '', version: '' },
    servers: [{ url: '/' }],
    paths,
    components: { schemas: Object.assign({}, ...[...referred.values()].map((schemas) => schemas.all())) },
  };
}

/** "SHALL be ignored" as header parameters (Parameter Object, `name`). */
const IGNORED = new Set(['accept', 'content-type', 'authorization']);

function parametersOf(root: JsonObject, item: JsonObject, operation: JsonObject): JsonObject[] {
  const all = new Map<string, JsonObject>();
  for (const value of [...listOf(item['parameters']), ...listOf(operation['parameters'])]) {
    const node = resolved(root, value);
    all.set(`${node['in']} ${node['name']}`, node);
  }
  return [...all.values()].filter(
    (node) => node['in'] !== 'header' || !IGNORED.has(String(node['name']).toLowerCase()),
  );
}

function parameter(node: JsonObject, path: string, schemas: ReferredSchemas): JsonObject {
  const { in: place, name, required, style, explode, allowReserved, content } = node;
  const usual = place === 'path' || place === 'header' ? 'simple' : 'form';
  const position = [...path.matchAll(/\{([^{}]+)\}/g)].findIndex(([, each]) => each === name);
  const base = { in: place ?? '', name: place === 'path' ? `p${position}` : (name ?? '') };
  const [media] = isJsonObject(content) ? Object.entries(content) : [];
  return {
    ...base,
    required: required === true,
    ...(media === undefined
      ? {
          style: style ?? usual,
          explode: explode ?? (style ?? usual) === 'form',
          allowReserved: allowReserved === true,
          schema: schemas.ofValue(node['schema'] ?? {}),
        }
      : { content: { [media[0]]: { schema: schemas.ofValue(memberOf(media[1], 'schema') ?? {}) } } }),
  };
}

function requestBody(body: JsonObject, schemas: ReferredSchemas): JsonObject {
  const content = isJsonObject(body['content']) ? body['content'] : {};
  return {
    required: body['required'] === true,
    content: Object.fromEntries(
      Object.entries(content).map(([type, media]) => [
        type,
        { schema: schemas.ofValue(memberOf(media, 'schema') ?? {}) },
      ]),
    ),
  };
}

const ONE = ['items', 'additionalProperties', 'not', 'contains', 'if', 'then', 'else', 'propertyNames'];
const MANY = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const NAMED = ['properties', 'patternProperties'];
/** Say nothing of validity; the validator would fill a `default` in, and then judge it. */
const SILENT = /^(?:default|example|examples|description|title|externalDocs|xml|x-.*)$/;

/** What the validator can judge: OpenAPI's own and JSON Schema's, as far as it has them. */
const FORMAT = new RegExp(
  '^(?:binary|byte|date|date-time|double|duration|email|float|hostname|int32|int64|ipv4|ipv6|json-pointer|' +
    'password|regex|relative-json-pointer|time|uri|uri-reference|uri-template|uuid)$',
);

/** The schemas that references lead to, under names of `components.schemas`. */
class ReferredSchemas {
  readonly #root: JsonObject;
  readonly #prefix: string;
  readonly #names = new Map<string, string>();
  readonly #schemas: Record<string, Json> = {};

  /** @param base Tells apart what has the same name in several documents. */
  constructor(root: JsonObject, base: string) {
    this.#root = root;
    this.#prefix = `${base.replace(/\W/g, '')}.`;
  }

  all(): JsonObject {
    return this.#schemas;
  }

  /** `readOnly` is "relevant only for properties" (Schema Object), not for a value as a whole. */
  ofValue(schema: Json): JsonObject {
    const value = resolved(this.#root, schema);
    const whole = value['readOnly'] === true ? value : schema;
    const { readOnly: _, ...rest } = this.#adapted(whole) as JsonObject;
    return rest;
  }

  #adapted(schema: Json): Json {
    if (!isJsonObject(schema)) return schema;
    if (typeof schema['$ref'] === 'string') return { $ref: this.#referred(schema['$ref']) };
    const copy: Record<string, Json> = {};
    for (const [key, value] of Object.entries(schema)) {
      if (SILENT.test(key) || (key === 'format' && !FORMAT.test(String(value)))) continue;
      if (ONE.includes(key)) copy[key] = this.#adapted(value);
      else if (MANY.includes(key)) copy[key] = listOf(value).map((member) => this.#adapted(member));
      else if (NAMED.includes(key) && isJsonObject(value)) {
        copy[key] = Object.fromEntries(
          Object.entries(value).map(([name, member]) => [name, this.#adapted(member)]),
        );
      } else copy[key] = value;
    }
    if (isJsonObject(schema['discriminator']))
      copy['discriminator'] = this.#discriminator(schema, schema['discriminator']);
    return withNull(copy);
  }

  /** Names of schemas stand for references to them, and an alternative is known by its name unless mapped. */
  #discriminator(schema: JsonObject, node: JsonObject): JsonObject {
    const stated = isJsonObject(node['mapping']) ? Object.entries(node['mapping']) : [];
    const mapping = stated.map(([value, target]): [string, Json] => {
      const text = String(target);
      return [value, this.#referred(text.includes('/') ? text : `#/components/schemas/${text}`)];
    });
    for (const alternative of [...listOf(schema['oneOf']), ...listOf(schema['anyOf'])]) {
      const reference = memberOf(alternative, '$ref');
      if (typeof reference !== 'string') continue;
      const target = this.#referred(reference);
      if (!mapping.some(([, other]) => other === target))
        mapping.push([reference.split('/').at(-1) ?? '', target]);
    }
    return { ...node, ...(mapping.length > 0 ? { mapping: Object.fromEntries(mapping) } : {}) };
  }

  #referred(reference: string): string {
    let name = this.#names.get(reference);
    if (name === undefined) {
      name = this.#prefix + (/^#\/components\/schemas\/([\w.-]+)$/.exec(reference)?.[1] ?? this.#names.size);
      this.#names.set(reference, name);
      this.#schemas[name] = {};
      this.#schemas[name] = this.#adapted(pointed(this.#root, reference) ?? {});
    }
    return `#/components/schemas/${name}`;
  }
}

/** The validator knows `nullable` beside `type` only. */
function withNull(schema: Record<string, Json>): Json {
  if (schema['nullable'] !== true || schema['type'] !== undefined) return schema;
  const { nullable: _, ...rest } = schema;
  return { anyOf: [rest, { type: 'string', nullable: true, enum: [null] }] };
}

/** What a node is after its references are followed; `{}` if that leads nowhere. */
export function resolved(root: JsonObject, value: Json | undefined): JsonObject {
  let node = value;
  for (let hops = 0; hops < 20 && isJsonObject(node) && typeof node['$ref'] === 'string'; hops += 1) {
    node = pointed(root, node['$ref']);
  }
  return isJsonObject(node) ? node : {};
}

function pointed(root: JsonObject, reference: string): Json | undefined {
  const steps = reference.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  return steps
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<Json | undefined>((node, step) => memberOf(node, step), root);
}

function memberOf(node: Json | undefined, key: string): Json | undefined {
  return (node as Readonly<Record<string, Json>> | undefined | null)?.[key];
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
