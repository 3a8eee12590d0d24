import type { Json, JsonObject } from '../json.js';
import { emptyRecord } from '../record.js';
import { restoreNames } from '../tools/propertyAlias.js';
import type { ParameterPlan, RequestPlan } from '../tools/tool.js';
import { ArgumentError } from './argumentError.js';
import { buildBody } from './body.js';
import { argumentOf, declaredArguments, isAbsent } from './declaredValue.js';
import { cookieText, headerText, uriEncoder } from './encoding.js';
import { formPairs, isJsonMediaType, pairsOf, pathText, simpleText, textByMediaType } from './serialize.js';

export { ArgumentError } from './argumentError.js';

/** One HTTP request, complete but for credentials and the headers that the config adds. */
export interface BuiltRequest {
  readonly method: string;
  /** Absolute, encoded; to be sent as it is, since parsing it anew could fold parts of it away. */
  readonly url: string;
  /** Lower-case names; no prototype. Values are bytes, one character each. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
}

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * Headers that frame the message, or that the proxy sets itself. OpenAPI ignores parameters named `Accept`,
 * `Content-Type` and `Authorization`; the others would let an argument change how the message is read.
 */
const NOT_FOR_ARGUMENTS: ReadonlySet<string> = new Set(
  (
    'accept accept-encoding authorization connection content-encoding content-length content-type expect host ' +
    'keep-alive proxy-authorization proxy-connection te trailer transfer-encoding upgrade'
  ).split(' '),
);

/**
 * What a plan and its arguments become on the wire. Pure: the same for the dry run at build and for a call.
 * @throws ArgumentError with a sentence for the agent.
 */
export function buildRequest(plan: RequestPlan, given: JsonObject): BuiltRequest {
  const args = wireArguments(plan, given);
  const headers = emptyRecord<string>();
  headers['accept'] = plan.accept;
  const query: string[] = plan.query === '' ? [] : [plan.query];
  const cookies: string[] = [];
  const segments = new Map<number, string>();

  plan.parameters.forEach((parameter, index) => {
    const value = valueToSend(parameter, args);
    if (value === undefined) return;
    switch (parameter.in) {
      case 'path':
        segments.set(index, pathSegment(parameter, value));
        break;
      case 'query':
        query.push(...queryPairs(parameter, value));
        break;
      case 'querystring':
        query.push(wholeQuery(parameter, value));
        break;
      case 'cookie':
        cookies.push(...cookiePairs(parameter, value));
        break;
      case 'header': {
        const name = parameter.name.toLowerCase();
        if (!TOKEN.test(name)) throw new ArgumentError(parameter.argument, 'has no valid header name');
        if (!NOT_FOR_ARGUMENTS.has(name)) headers[name] = headerValue(parameter, value);
        break;
      }
    }
  });
  if (cookies.length > 0) headers['cookie'] = [headers['cookie'] ?? [], cookies].flat().join('; ');

  const built = plan.body === null ? null : buildBody(plan.body, args);
  const send = built !== null && !(built.empty && isBodiless(plan.method));
  if (send) headers['content-type'] = headerText(built.contentType, 'body');
  return {
    method: plan.method,
    url: urlOf(plan, segments, query.filter((pair) => pair !== '').join('&')),
    headers,
    body: send ? built.bytes : null,
  };
}

/** JSON texts parsed, absent ones removed, and names that were aliased for clients put back. */
function wireArguments(plan: RequestPlan, given: JsonObject): JsonObject {
  const args = declaredArguments(plan, given);
  const { aliases } = plan;
  if (aliases === undefined) return args;
  const restored = emptyRecord<Json>();
  for (const [key, value] of Object.entries(args)) restored[key] = restoreNames(value, aliases);
  return restored;
}

/** RFC 9110 §9.3: a body has no defined meaning here, so an empty one is left out. */
function isBodiless(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'TRACE';
}

/** The value to send; undefined = leave the parameter out. */
function valueToSend(parameter: ParameterPlan, args: JsonObject): Json | undefined {
  const given = argumentOf(args, parameter.argument);
  const value = given === undefined || given === null ? requiredDefault(parameter) : given;
  // A media type has a text for `[]` and `{}`, a style has none.
  const absent = parameter.contentType === null ? isAbsent(value) : value === undefined || value === null;
  if (!absent) return value;
  if (parameter.in === 'path' || (parameter.required && given === undefined)) {
    throw new ArgumentError(parameter.argument, 'is required');
  }
  return undefined;
}

function requiredDefault(parameter: ParameterPlan): Json | undefined {
  return parameter.required ? parameter.default : undefined;
}

/**
 * A path value stays inside its segment. URL parsing folds `.` and `..` away even when they are
 * percent-encoded, and servers that decode `%2F` before routing would climb with `a/../b`.
 */
function pathSegment(parameter: ParameterPlan, value: Json): string {
  const encode = uriEncoder(parameter.argument, parameter.allowReserved, 'path');
  const text = pathText(parameter.name, value, parameter, encode);
  if (text === '') throw new ArgumentError(parameter.argument, 'must not be empty: it is part of the path');
  const decoded = text.includes('%') ? decodeURIComponent(text) : text;
  if (decoded === '.' || (decoded.includes('..') && decoded.split(/[\\/]/).includes('..'))) {
    throw new ArgumentError(parameter.argument, 'must not be "." or "..", nor lead out of its path segment');
  }
  return text;
}

function queryPairs(parameter: ParameterPlan, value: Json): string[] {
  return pairsOf(
    parameter.name,
    value,
    parameter,
    uriEncoder(parameter.argument, parameter.allowReserved, 'query'),
  );
}

/** OpenAPI 3.2 `in: querystring`: the value is the whole query, in its media type. */
function wholeQuery(parameter: ParameterPlan, value: Json): string {
  const encode = uriEncoder(parameter.argument, false, 'query');
  const mediaType = parameter.contentType ?? 'application/x-www-form-urlencoded';
  if (typeof value === 'object' && !Array.isArray(value) && value !== null && !isJsonMediaType(mediaType)) {
    return formPairs(value as JsonObject, encode).join('&');
  }
  return encode(textByMediaType(value, mediaType, encode));
}

/** OpenAPI 3.2 `style: cookie` is sent as it is; `form` is percent-encoded and joined as in a query. */
function cookiePairs(parameter: ParameterPlan, value: Json): string[] {
  if (parameter.style === 'cookie') {
    return pairsOf(parameter.name, value, parameter, (text) => cookieText(text, parameter.argument));
  }
  const pairs = pairsOf(parameter.name, value, parameter, uriEncoder(parameter.argument, false, 'query'));
  return pairs.length === 0 ? [] : [pairs.join('&')];
}

/** OpenAPI: header values are `simple` style, without percent-encoding. */
function headerValue(parameter: ParameterPlan, value: Json): string {
  const text =
    parameter.contentType === null
      ? simpleText(value, parameter.explode, ',', (item) => item)
      : textByMediaType(value, parameter.contentType, uriEncoder(parameter.argument, false, 'query'));
  return headerText(text, parameter.argument);
}

function urlOf(plan: RequestPlan, segments: ReadonlyMap<number, string>, query: string): string {
  let url = plan.server;
  for (const piece of plan.path) {
    const text = typeof piece === 'string' ? piece : segments.get(piece);
    if (text === undefined)
      throw new Error(`the plan's path names parameter ${piece}, which is not in the path`);
    url += text;
  }
  return query === '' ? url : `${url}?${query}`;
}
