import type { JsonObject } from '../json.js';
import { isJsonObject } from '../json.js';
import { kindOf } from './overlay.js';

/** Which specification a document follows. */
export interface Dialect {
  readonly family: 'swagger' | 'openapi';
  /** As the document states it: `2.0`, `3.0.3`, `3.1.0` … */
  readonly version: string;
  /** `swagger 2.0`, `openapi 3.1` … */
  readonly label: string;
}

/** A document that is none of ours; the message is one line that reads after its location. */
export class DialectProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DialectProblem';
  }
}

/** What people give by mistake, by a key that tells it. */
const STRANGERS: readonly (readonly [key: string, what: string])[] = [
  ['asyncapi', 'an AsyncAPI document'],
  ['overlay', 'an OpenAPI overlay (which belongs under overlay.source)'],
  ['arazzo', 'an Arazzo document'],
  ['swaggerVersion', 'a Swagger 1 document'],
  ['openrpc', 'an OpenRPC document'],
  ['discoveryVersion', 'a Google discovery document'],
  ['upstreams', 'a configuration of this proxy'],
  ['item', 'a Postman collection'],
];

/** @throws DialectProblem unless the document states a version that is understood, and has paths. */
export function dialectOf(document: unknown): Dialect {
  if (!isJsonObject(document)) {
    throw new DialectProblem(`must be an OpenAPI document (an object), got ${kindOf(document)}`);
  }
  const dialect = statedDialect(document);
  const { paths } = document;
  const mayLackPaths = /^openapi 3\.[1-9]/.test(dialect.label) && (paths === undefined || paths === null);
  if (mayLackPaths && (Object.hasOwn(document, 'webhooks') || Object.hasOwn(document, 'components'))) {
    return dialect;
  }
  if (isJsonObject(paths)) return dialect;
  throw new DialectProblem(`paths: must be an object of path items, got ${kindOf(paths)}`);
}

function statedDialect(document: JsonObject): Dialect {
  const swagger = Object.hasOwn(document, 'swagger') ? document['swagger'] : undefined;
  const openapi = Object.hasOwn(document, 'openapi') ? document['openapi'] : undefined;
  if (swagger !== undefined) {
    if (swagger === 2 || swagger === '2.0' || swagger === '2') {
      return { family: 'swagger', version: '2.0', label: 'swagger 2.0' };
    }
    throw new DialectProblem(`swagger: must be "2.0", got ${JSON.stringify(swagger)?.slice(0, 40)}`);
  }
  if (openapi === undefined) {
    const stranger = STRANGERS.find(([key]) => Object.hasOwn(document, key))?.[1];
    throw new DialectProblem(
      stranger === undefined
        ? 'must be an OpenAPI document: it has neither "openapi" nor "swagger"'
        : `must be an OpenAPI document, is ${stranger}`,
    );
  }
  // YAML reads an unquoted 3.1 as a number.
  const version = typeof openapi === 'number' ? openapi.toFixed(1) : openapi;
  const minor = typeof version === 'string' ? /^3\.(\d+)(?:[.-]|$)/.exec(version)?.[1] : undefined;
  if (typeof version !== 'string' || minor === undefined) {
    throw new DialectProblem(`openapi: must be 3.x, got ${JSON.stringify(openapi)?.slice(0, 40)}`);
  }
  return { family: 'openapi', version, label: `openapi 3.${minor}` };
}
