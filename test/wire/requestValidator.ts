import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { middleware as openApiValidator } from 'express-openapi-validator';
import { isJsonObject, type Json, type JsonObject } from '../../lib/json.js';
import { resolved, type ValidatedOperation, validatorDocument } from './validatorDocument.js';

/** Of the validator's own work for one document. */
const OPERATIONS_TOGETHER = 40;

/**
 * Checks requests against an OpenAPI 3.x document with express-openapi-validator, behind Express and its body
 * parsers. Nothing of the library under test takes part.
 */
export class RequestValidator {
  readonly #root: JsonObject;
  readonly #batches: ValidatedOperation[][] = [];
  readonly #batchOf = new Map<string, ValidatedOperation[]>();
  readonly #apps = new Map<string, Express>();

  constructor(root: JsonObject, operations: readonly ValidatedOperation[]) {
    this.#root = root;
    for (const operation of operations) this.#assign(operation);
  }

  /** Answers 200 to a valid request for an operation, else 4xx with the reason. */
  readonly handle = (
    label: string,
    request: Parameters<Express>[0],
    response: Parameters<Express>[1],
  ): void => {
    const batch = this.#batchOf.get(label) ?? [];
    // Texts of a form stand for numbers and lists; in JSON a text is no number.
    const form = /^(?:multipart\/|application\/x-www-form)/.test(request.headers['content-type'] ?? '');
    const key = `${this.#batches.indexOf(batch)} ${form}`;
    let app = this.#apps.get(key);
    if (app === undefined) {
      app = validatingApp(this.#root, batch, form);
      this.#apps.set(key, app);
    }
    request.headers['x-operation-route'] = batch.find((operation) => operation.label === label)?.route;
    app(request, response);
  };

  /** Two operations with one route and method (told apart by a fragment) need documents of their own. */
  #assign(operation: ValidatedOperation): void {
    const free = this.#batches.find(
      (batch) =>
        batch.length < OPERATIONS_TOGETHER &&
        !batch.some(({ route, method }) => route === operation.route && method === operation.method),
    );
    const batch = free ?? [];
    if (free === undefined) this.#batches.push(batch);
    batch.push(operation);
    this.#batchOf.set(operation.label, batch);
  }
}

function validatingApp(root: JsonObject, batch: readonly ValidatedOperation[], form: boolean): Express {
  const document = validatorDocument(root, batch);
  const app = express();
  app.use(
    cookies,
    express.json({ strict: false, type: ({ headers }) => /[/+]json/.test(headers['content-type'] ?? '') }),
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
      useRequestUrl: true,
      validateRequests: { allErrors: true, coerceTypes: form ? 'array' : false },
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
    const fields = /^(?:multipart\/|application\/x-www-form)/.test(type) ? content[type.trim()] : undefined;
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
  else response.status(404).json({ problem: `the request leads to ${found}` });
};

const refused: ErrorRequestHandler = (error: { status?: number; message: string }, _, response, __) => {
  response.status(error.status ?? 500).json({ problem: error.message });
};
