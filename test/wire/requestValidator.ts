import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express';
import { middleware as openApiValidator } from 'express-openapi-validator';
import { isJsonObject, type Json, type JsonObject } from '../../lib/json.js';
import { resolved, type ValidatedOperation, validatorDocument } from './validatorDocument.js';

/** The validator takes long to set up, and its work for one operation grows with the document. */
const OPERATIONS_TOGETHER = 40;

/** Operations that one set-up of the validator serves. */
interface Batch {
  readonly kind: string;
  readonly operations: ValidatedOperation[];
  app: Express | null;
}

/**
 * Checks requests against OpenAPI 3.x documents with express-openapi-validator, behind Express and its body
 * parsers. Nothing of the library under test takes part.
 */
export class RequestValidator {
  readonly #batches: Batch[] = [];
  readonly #batchOf = new Map<string, readonly [Batch, ValidatedOperation]>();

  add(operation: ValidatedOperation): void {
    const kind = kindOf(operation);
    // Two operations with one route and method (told apart by a fragment) need set-ups of their own.
    let batch = this.#batches.find(
      ({ kind: other, operations }) =>
        kind === other &&
        operations.length < OPERATIONS_TOGETHER &&
        !operations.some(({ route, method }) => route === operation.route && method === operation.method),
    );
    if (batch === undefined) {
      batch = { kind, operations: [], app: null };
      this.#batches.push(batch);
    }
    batch.operations.push(operation);
    this.#batchOf.set(operation.base + operation.label, [batch, operation]);
  }

  /** Answers 200 to a valid request for the operation of a server, else 4xx with the reason. */
  handle(base: string, label: string, ...[request, response]: Parameters<Express>): void {
    const found = this.#batchOf.get(base + label);
    if (found === undefined) throw new Error(`${base} has no ${label}`);
    const [batch, { route }] = found;
    batch.app ??= validatingApp(batch);
    request.headers['x-operation-route'] = route;
    batch.app(request, response);
  }
}

/** Versions have their own kinds of schemas; what is sent in a form is text that stands for something else. */
function kindOf({ root, path, method }: ValidatedOperation): string {
  const [, version] = /^(\d+\.\d+)/.exec(String(root['openapi'])) ?? [];
  const item = resolved(root, resolved(root, root['paths'])[path]);
  const content = resolved(root, resolved(root, resolved(root, item[method])['requestBody'])['content']);
  const types = Object.keys(content);
  const form = types.some((type) => FORM.test(type)) && !types.some((type) => JSON_TYPE.test(type));
  return `${version}${form ? ' form' : ''}`;
}

const FORM = /^(?:multipart\/|application\/x-www-form-urlencoded)/;
const JSON_TYPE = /[/+]json/;

function validatingApp({ kind, operations }: Batch): Express {
  const document = validatorDocument(operations);
  const app = express();
  app.use(
    cookies,
    express.json({ strict: false, type: ({ headers }) => JSON_TYPE.test(headers['content-type'] ?? '') }),
    express.urlencoded({ extended: true }),
    express.text({ type: ['text/*', 'application/xml'] }),
    multipart,
    express.raw({ type: () => true }),
    declaredShape(document),
    ...openApiValidator({
      apiSpec: document as unknown as Parameters<typeof openApiValidator>[0]['apiSpec'],
      validateApiSpec: false,
      validateSecurity: false,
      validateResponses: false,
      fileUploader: false,
      validateRequests: { coerceTypes: kind.endsWith('form') ? 'array' : false },
    }),
    matched,
  );
  app.use(refused);
  return app;
}

const cookies: RequestHandler = (request, _, next) => {
  const pairs = (request.headers.cookie ?? '').split('; ').filter((pair) => pair !== '');
  request.cookies = Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [name, decodeURIComponent(value.join('='))];
    }),
  );
  next();
};

/** Node's own reader of multipart; a file counts as the binary string that documents call it. */
const multipart: RequestHandler = (request, _, next) => {
  const type = request.headers['content-type'] ?? '';
  if (!type.startsWith('multipart/')) return next();
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    new Response(Buffer.concat(chunks), { headers: { 'content-type': type } }).formData().then((data) => {
      const body: Record<string, Json> = {};
      for (const name of new Set(data.keys())) {
        const values = data.getAll(name).map((value) => (typeof value === 'string' ? value : ''));
        body[name] = values.length === 1 ? (values[0] ?? '') : values;
      }
      request.body = body;
      next();
    }, next);
  });
};

/** Fields of a form as their schema says: one of a list is a list, an object travels as JSON. */
function declaredShape(document: JsonObject): RequestHandler {
  return (request, _, next) => {
    const route = String(request.headers['x-operation-route']);
    const node = resolved(document, (document['paths'] as Record<string, JsonObject>)[route]);
    const operation = resolved(document, node[request.method.toLowerCase()]);
    const [type = ''] = (request.headers['content-type'] ?? '').split(';');
    const content = resolved(document, resolved(document, operation['requestBody'])['content']);
    const fields = FORM.test(type) ? content[type.trim()] : undefined;
    const properties = propertiesOf(document, resolved(document, fields)['schema']);
    const body: unknown = request.body;
    if (isJsonObject(body)) {
      request.body = Object.fromEntries(
        Object.entries(body).map(([name, value]) => [name, shaped(document, properties.get(name), value)]),
      );
    }
    next();
  };
}

function propertiesOf(document: JsonObject, schema: Json | undefined): Map<string, JsonObject> {
  const { properties, allOf } = resolved(document, schema);
  const own = isJsonObject(properties) ? Object.entries(properties) : [];
  const inherited = Array.isArray(allOf) ? allOf.flatMap((part) => [...propertiesOf(document, part)]) : [];
  return new Map([...inherited, ...own.map(([name, value]) => [name, resolved(document, value)] as const)]);
}

function shaped(document: JsonObject, schema: JsonObject | undefined, value: Json): Json {
  if (schema?.['type'] === 'array') {
    const items = Array.isArray(value) ? (value as readonly Json[]) : [value];
    return items.map((item) => shaped(document, resolved(document, schema['items']), item));
  }
  if (typeof value !== 'string' || !/^[[{]/.test(value) || schema?.['type'] === 'string') return value;
  return JSON.parse(value) as Json;
}

/** The validator's own router has to have found the same operation. */
const matched: RequestHandler = (request, response) => {
  const found = (request as { readonly openapi?: { readonly openApiRoute: string } }).openapi?.openApiRoute;
  const meant = request.headers['x-operation-route'];
  if (found === meant) response.json({ valid: true });
  else response.status(404).json({ problem: `the request leads to ${found}`, sent: sentText(request) });
};

const refused: ErrorRequestHandler = (error: { status?: number; message: string }, request, response, _) => {
  response.status(error.status ?? 500).json({ problem: error.message, sent: sentText(request) });
};

/** Headers that say nothing of the operation. */
const USUAL =
  /^(?:host|connection|user-agent|accept|accept-encoding|content-length|x-upstream|x-operation.*)$/;

function sentText(request: Request): string {
  const headers = Object.entries(request.headers).filter(([name]) => !USUAL.test(name));
  const [, path = ''] = /^\/[^/]+(.*)$/.exec(request.originalUrl) ?? [];
  return [`${request.method} ${path}`, ...headers.map(([name, value]) => `${name}: ${value}`)].join(' | ');
}
