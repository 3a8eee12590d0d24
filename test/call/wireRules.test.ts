import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildRequest } from '../../lib/call/request.js';
import { createUpstreamClient } from '../../lib/call/upstreamClient.js';
import type { Json, JsonObject } from '../../lib/json.js';
import { silentLogger } from '../../lib/observe/logger.js';
import type { UpstreamClient } from '../../lib/table/routingTable.js';
import type { ParameterPlan, RequestPlan } from '../../lib/tools/tool.js';
import { EchoServer, headerOf, type RecordedRequest } from '../support/echoServer.js';
import { body, parameter, plan, property, upstreamConfig } from './plans.js';

/** What is expected, in one text: request line, chosen headers, body. */
interface Rule {
  readonly rule: string;
  readonly plan: RequestPlan;
  readonly args: JsonObject;
  readonly expected: string;
}

const array = ['x', 'y'];
const object = { R: 1, G: 2 };

function query(value: Json, style: Partial<ParameterPlan> = {}): Pick<Rule, 'plan' | 'args'> {
  return {
    plan: plan({ parameters: [parameter({ name: 'c', in: 'query', ...style })] }),
    args: { c: value },
  };
}

function path(value: Json, style: Partial<ParameterPlan> = {}): Pick<Rule, 'plan' | 'args'> {
  const parameters = [parameter({ name: 'c', in: 'path', ...style })];
  return { plan: plan({ path: '/i/{c}', parameters }), args: { c: value } };
}

function header(value: Json, style: Partial<ParameterPlan> = {}): Pick<Rule, 'plan' | 'args'> {
  return {
    plan: plan({ parameters: [parameter({ name: 'X-C', in: 'header', ...style })] }),
    args: { 'X-C': value },
  };
}

function cookie(value: Json, style: Partial<ParameterPlan> = {}): Pick<Rule, 'plan' | 'args'> {
  return {
    plan: plan({ parameters: [parameter({ name: 'c', in: 'cookie', ...style })] }),
    args: { c: value },
  };
}

function post(draft: Parameters<typeof body>[0], args: JsonObject): Pick<Rule, 'plan' | 'args'> {
  return { plan: plan({ method: 'POST', body: body(draft) }), args };
}

const FORM = { encoding: 'form', mediaType: 'application/x-www-form-urlencoded' } as const;
const MULTIPART = { encoding: 'multipart', mediaType: 'multipart/form-data' } as const;
const JSON_LINE = 'POST /x HTTP/1.1 | content-type: application/json';
const FORM_LINE = 'POST /x HTTP/1.1 | content-type: application/x-www-form-urlencoded';

const STYLES: readonly Rule[] = [
  { rule: 'form, scalar', ...query('b'), expected: 'GET /x?c=b HTTP/1.1' },
  { rule: 'form, array', ...query(array, { explode: false }), expected: 'GET /x?c=x,y HTTP/1.1' },
  { rule: 'form, object', ...query(object, { explode: false }), expected: 'GET /x?c=R,1,G,2 HTTP/1.1' },
  { rule: 'form, explode, array', ...query(array), expected: 'GET /x?c=x&c=y HTTP/1.1' },
  { rule: 'form, explode, object', ...query(object), expected: 'GET /x?R=1&G=2 HTTP/1.1' },
  { rule: 'simple, scalar', ...path('b'), expected: 'GET /i/b HTTP/1.1' },
  { rule: 'simple, array', ...path(array), expected: 'GET /i/x,y HTTP/1.1' },
  { rule: 'simple, object', ...path(object), expected: 'GET /i/R,1,G,2 HTTP/1.1' },
  { rule: 'simple, explode, array', ...path(array, { explode: true }), expected: 'GET /i/x,y HTTP/1.1' },
  {
    rule: 'simple, explode, object',
    ...path(object, { explode: true }),
    expected: 'GET /i/R=1,G=2 HTTP/1.1',
  },
  { rule: 'label, scalar', ...path('b', { style: 'label' }), expected: 'GET /i/.b HTTP/1.1' },
  { rule: 'label, array', ...path(array, { style: 'label' }), expected: 'GET /i/.x,y HTTP/1.1' },
  { rule: 'label, object', ...path(object, { style: 'label' }), expected: 'GET /i/.R,1,G,2 HTTP/1.1' },
  {
    rule: 'label, explode, array',
    ...path(array, { style: 'label', explode: true }),
    expected: 'GET /i/.x.y HTTP/1.1',
  },
  {
    rule: 'label, explode, object',
    ...path(object, { style: 'label', explode: true }),
    expected: 'GET /i/.R=1.G=2 HTTP/1.1',
  },
  { rule: 'matrix, scalar', ...path('b', { style: 'matrix' }), expected: 'GET /i/;c=b HTTP/1.1' },
  { rule: 'matrix, array', ...path(array, { style: 'matrix' }), expected: 'GET /i/;c=x,y HTTP/1.1' },
  { rule: 'matrix, object', ...path(object, { style: 'matrix' }), expected: 'GET /i/;c=R,1,G,2 HTTP/1.1' },
  {
    rule: 'matrix, explode, array',
    ...path(array, { style: 'matrix', explode: true }),
    expected: 'GET /i/;c=x;c=y HTTP/1.1',
  },
  {
    rule: 'matrix, explode, object',
    ...path(object, { style: 'matrix', explode: true }),
    expected: 'GET /i/;R=1;G=2 HTTP/1.1',
  },
  {
    rule: 'spaceDelimited',
    ...query(array, { style: 'spaceDelimited', explode: false }),
    expected: 'GET /x?c=x%20y HTTP/1.1',
  },
  {
    rule: 'spaceDelimited, object',
    ...query(object, { style: 'spaceDelimited', explode: false }),
    expected: 'GET /x?c=R%201%20G%202 HTTP/1.1',
  },
  {
    rule: 'spaceDelimited, explode',
    ...query(array, { style: 'spaceDelimited', explode: true }),
    expected: 'GET /x?c=x&c=y HTTP/1.1',
  },
  {
    rule: 'pipeDelimited',
    ...query(array, { style: 'pipeDelimited', explode: false }),
    expected: 'GET /x?c=x%7Cy HTTP/1.1',
  },
  {
    rule: 'pipeDelimited, explode',
    ...query(array, { style: 'pipeDelimited', explode: true }),
    expected: 'GET /x?c=x&c=y HTTP/1.1',
  },
  {
    rule: 'tabDelimited (tsv)',
    ...query(array, { style: 'tabDelimited', explode: false }),
    expected: 'GET /x?c=x%09y HTTP/1.1',
  },
  {
    rule: 'deepObject',
    ...query(object, { style: 'deepObject' }),
    expected: 'GET /x?c%5BR%5D=1&c%5BG%5D=2 HTTP/1.1',
  },
  {
    rule: 'deepObject, explode false is the same',
    ...query(object, { style: 'deepObject', explode: false }),
    expected: 'GET /x?c%5BR%5D=1&c%5BG%5D=2 HTTP/1.1',
  },
  {
    rule: 'deepObject, nested',
    ...query({ a: { b: 1 } }, { style: 'deepObject' }),
    expected: 'GET /x?c%5Ba%5D%5Bb%5D=1 HTTP/1.1',
  },
  {
    rule: 'deepObject, array',
    ...query({ a: ['p', 'q'] }, { style: 'deepObject' }),
    expected: 'GET /x?c%5Ba%5D%5B0%5D=p&c%5Ba%5D%5B1%5D=q HTTP/1.1',
  },
  {
    rule: 'deepObject, scalar stays a scalar',
    ...query(5, { style: 'deepObject' }),
    expected: 'GET /x?c=5 HTTP/1.1',
  },
  { rule: 'header, scalar', ...header('b'), expected: 'GET /x HTTP/1.1 | x-c: b' },
  { rule: 'header, array', ...header(array), expected: 'GET /x HTTP/1.1 | x-c: x,y' },
  { rule: 'header, object', ...header(object), expected: 'GET /x HTTP/1.1 | x-c: R,1,G,2' },
  {
    rule: 'header, explode, object',
    ...header(object, { explode: true }),
    expected: 'GET /x HTTP/1.1 | x-c: R=1,G=2',
  },
  { rule: 'cookie, scalar', ...cookie('b c'), expected: 'GET /x HTTP/1.1 | cookie: c=b%20c' },
  {
    rule: 'cookie, form, array',
    ...cookie(array, { explode: false }),
    expected: 'GET /x HTTP/1.1 | cookie: c=x,y',
  },
  { rule: 'cookie, form, explode, array', ...cookie(array), expected: 'GET /x HTTP/1.1 | cookie: c=x&c=y' },
  { rule: 'cookie, form, explode, object', ...cookie(object), expected: 'GET /x HTTP/1.1 | cookie: R=1&G=2' },
  {
    rule: 'cookie, style cookie, array',
    ...cookie(array, { style: 'cookie' }),
    expected: 'GET /x HTTP/1.1 | cookie: c=x; c=y',
  },
  {
    rule: 'cookie, style cookie, as it is',
    ...cookie('a%20b', { style: 'cookie' }),
    expected: 'GET /x HTTP/1.1 | cookie: c=a%20b',
  },
];

const VALUES: readonly Rule[] = [
  {
    rule: 'items are encoded, delimiters never',
    ...query(['a,b', 'c'], { explode: false }),
    expected: 'GET /x?c=a%2Cb,c HTTP/1.1',
  },
  { rule: 'space is %20, plus is %2B', ...query('a b+c'), expected: 'GET /x?c=a%20b%2Bc HTTP/1.1' },
  {
    rule: 'reserved characters are encoded',
    ...query(":/?#[]@!$&'()*+,;=%"),
    expected: 'GET /x?c=%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%25 HTTP/1.1',
  },
  {
    rule: 'allowReserved keeps all but # & % +',
    ...query(":/?#[]@!$&'()*+,;=%", { allowReserved: true }),
    expected: "GET /x?c=:/?%23[]@!$%26'()*%2B,;=%25 HTTP/1.1",
  },
  { rule: 'non-ASCII as UTF-8', ...query('é😀'), expected: 'GET /x?c=%C3%A9%F0%9F%98%80 HTTP/1.1' },
  {
    rule: 'names are encoded too',
    plan: plan({ parameters: [parameter({ name: 'ids[]', argument: 'ids_array', in: 'query' })] }),
    args: { ids_array: [1, 2] },
    expected: 'GET /x?ids%5B%5D=1&ids%5B%5D=2 HTTP/1.1',
  },
  {
    rule: 'a name no URL holds',
    plan: plan({ parameters: [parameter({ name: 'StartTime<', argument: 'StartTime_lt', in: 'query' })] }),
    args: { StartTime_lt: '2020' },
    expected: 'GET /x?StartTime%3C=2020 HTTP/1.1',
  },
  {
    rule: 'booleans and numbers as text',
    ...query([true, false, 1.5, -0, 1e21]),
    expected: 'GET /x?c=true&c=false&c=1.5&c=0&c=1000000000000000000000 HTTP/1.1',
  },
  { rule: 'null is omitted', ...query(null), expected: 'GET /x HTTP/1.1' },
  { rule: '[] is omitted', ...query([]), expected: 'GET /x HTTP/1.1' },
  { rule: '{} is omitted', ...query({}), expected: 'GET /x HTTP/1.1' },
  { rule: 'null inside is omitted', ...query({ a: null, b: 1 }), expected: 'GET /x?b=1 HTTP/1.1' },
  { rule: '"" is sent', ...query(''), expected: 'GET /x?c= HTTP/1.1' },
  {
    rule: 'content-typed parameter',
    ...query({ a: 1 }, { contentType: 'application/json' }),
    expected: 'GET /x?c=%7B%22a%22%3A1%7D HTTP/1.1',
  },
  {
    rule: 'content-typed parameter, []',
    ...query([], { contentType: 'application/json' }),
    expected: 'GET /x?c=%5B%5D HTTP/1.1',
  },
  {
    rule: 'content-typed header',
    ...header({ a: 1 }, { contentType: 'application/json' }),
    expected: 'GET /x HTTP/1.1 | x-c: {"a":1}',
  },
  {
    rule: 'querystring, form',
    plan: plan({
      parameters: [
        parameter({ name: 'q', in: 'querystring', contentType: 'application/x-www-form-urlencoded' }),
      ],
    }),
    args: { q: { a: 'x y', b: [1, 2] } },
    expected: 'GET /x?a=x%20y&b=1&b=2 HTTP/1.1',
  },
  {
    rule: 'querystring, json',
    plan: plan({
      parameters: [parameter({ name: 'q', in: 'querystring', contentType: 'application/json' })],
    }),
    args: { q: { a: 1 } },
    expected: 'GET /x?%7B%22a%22%3A1%7D HTTP/1.1',
  },
  { rule: 'path value is encoded', ...path('a/b?'), expected: 'GET /i/a%2Fb%3F HTTP/1.1' },
  { rule: 'path value that looks encoded', ...path('%2e%2e'), expected: 'GET /i/%252e%252e HTTP/1.1' },
  {
    rule: 'path, allowReserved',
    ...path("a:@!$&'()*,;=/?#[]", { allowReserved: true }),
    expected: "GET /i/a:@!$&'()*,;=%2F%3F%23%5B%5D HTTP/1.1",
  },
  {
    rule: 'mixed segment',
    plan: plan({
      path: '/compare/{a}...{b}',
      parameters: [parameter({ name: 'a', in: 'path' }), parameter({ name: 'b', in: 'path' })],
    }),
    args: { a: 'v1.0', b: 'main' },
    expected: 'GET /compare/v1.0...main HTTP/1.1',
  },
  {
    rule: 'query in the path key',
    plan: plan({ path: '/r', query: 'beta=true', parameters: [parameter({ name: 'c', in: 'query' })] }),
    args: { c: 1 },
    expected: 'GET /r?beta=true&c=1 HTTP/1.1',
  },
  {
    rule: 'the same name in two places',
    plan: plan({
      path: '/i/{id}',
      parameters: [
        parameter({ name: 'id', argument: 'id_path', in: 'path' }),
        parameter({ name: 'id', argument: 'id_query', in: 'query' }),
      ],
    }),
    args: { id_path: 1, id_query: 2 },
    expected: 'GET /i/1?id=2 HTTP/1.1',
  },
  { rule: 'header value as UTF-8 bytes', ...header('é'), expected: 'GET /x HTTP/1.1 | x-c: \u00c3\u00a9' },
  {
    rule: 'cookies are joined',
    plan: plan({
      parameters: [parameter({ name: 'a', in: 'cookie' }), parameter({ name: 'b', in: 'cookie' })],
    }),
    args: { a: 1, b: 2 },
    expected: 'GET /x HTTP/1.1 | cookie: a=1; b=2',
  },
  {
    rule: 'cookie beside a Cookie header',
    plan: plan({
      parameters: [parameter({ name: 'Cookie', in: 'header' }), parameter({ name: 'b', in: 'cookie' })],
    }),
    args: { Cookie: 'a=1', b: 2 },
    expected: 'GET /x HTTP/1.1 | cookie: a=1; b=2',
  },
  {
    rule: 'JSON text where an array is declared',
    ...query('["x","y"]', { types: ['array'] }),
    expected: 'GET /x?c=x&c=y HTTP/1.1',
  },
  {
    rule: 'JSON text where a string is declared',
    ...query('["x"]', { types: ['string', 'array'] }),
    expected: 'GET /x?c=%5B%22x%22%5D HTTP/1.1',
  },
  {
    rule: 'required with a default is filled',
    plan: plan({ parameters: [parameter({ name: 'v', in: 'query', required: true, default: '2020-01' })] }),
    args: {},
    expected: 'GET /x?v=2020-01 HTTP/1.1',
  },
  {
    rule: 'an optional default is not',
    plan: plan({ parameters: [parameter({ name: 'v', in: 'query', default: 1 })] }),
    args: {},
    expected: 'GET /x HTTP/1.1',
  },
  {
    rule: 'a 64-bit integer as text',
    ...query('9007199254740993', { types: ['integer'] }),
    expected: 'GET /x?c=9007199254740993 HTTP/1.1',
  },
  {
    rule: 'aliased names are put back',
    plan: plan({
      parameters: [parameter({ name: 'c', in: 'query', style: 'deepObject' })],
      aliases: { a_b_1: 'a.b' },
    }),
    args: { c: { a_b_1: 1 } },
    expected: 'GET /x?c%5Ba.b%5D=1 HTTP/1.1',
  },
];

const flat = {
  argument: null,
  properties: [property({ name: 'a', types: ['integer'] }), property({ name: 'b', types: ['object'] })],
};

const BODIES: readonly Rule[] = [
  {
    rule: 'flattened, in the order of the document',
    ...post(flat, { b: { c: 2 }, a: 1 }),
    expected: `${JSON_LINE} | {"a":1,"b":{"c":2}}`,
  },
  {
    rule: 'flattened, JSON text parsed',
    ...post(flat, { b: '{"c":2}' }),
    expected: `${JSON_LINE} | {"b":{"c":2}}`,
  },
  { rule: 'flattened, nothing given, required', ...post(flat, {}), expected: `${JSON_LINE} | {}` },
  {
    rule: 'absent optional body',
    ...post({ ...flat, required: false }, {}),
    expected: 'POST /x HTTP/1.1 | content-length: 0',
  },
  {
    rule: 'absent optional whole body',
    ...post({ required: false }, {}),
    expected: 'POST /x HTTP/1.1 | content-length: 0',
  },
  { rule: 'explicit {}', ...post({ required: false }, { body: {} }), expected: `${JSON_LINE} | {}` },
  { rule: 'body, array', ...post({}, { body: [1, 'a'] }), expected: `${JSON_LINE} | [1,"a"]` },
  { rule: 'body, string', ...post({ types: ['string'] }, { body: 'a' }), expected: `${JSON_LINE} | "a"` },
  {
    rule: 'body, null',
    ...post({ types: ['null', 'object'] }, { body: null }),
    expected: `${JSON_LINE} | null`,
  },
  {
    rule: 'body as JSON text',
    ...post({ types: ['object'] }, { body: '{"a":1}' }),
    expected: `${JSON_LINE} | {"a":1}`,
  },
  {
    rule: 'explicit null of a property is kept',
    ...post(
      { argument: null, properties: [property({ name: 'a', types: ['string', 'null'] })] },
      { a: null },
    ),
    expected: `${JSON_LINE} | {"a":null}`,
  },
  {
    rule: 'property required with a default',
    ...post({ argument: null, properties: [property({ name: 'a', required: true, default: 7 })] }, {}),
    expected: `${JSON_LINE} | {"a":7}`,
  },
  {
    rule: 'a 64-bit integer in JSON',
    ...post(
      { argument: null, properties: [property({ name: 'id', types: ['integer'] })] },
      { id: '9007199254740993' },
    ),
    expected: `${JSON_LINE} | {"id":9007199254740993}`,
  },
  {
    rule: 'renamed property',
    ...post({ argument: null, properties: [property({ name: 'a.b', argument: 'a_b' })] }, { a_b: 1 }),
    expected: `${JSON_LINE} | {"a.b":1}`,
  },
  {
    rule: 'the declared media type exactly',
    ...post({ mediaType: 'application/vnd.api+json; charset=utf-8' }, { body: { a: 'é' } }),
    expected:
      'POST /x HTTP/1.1 | content-type: application/vnd.api+json; charset=utf-8 | {"a":"\u00c3\u00a9"}',
  },
  {
    rule: 'aliased names in the body',
    plan: plan({ method: 'POST', body: body({}), aliases: { k_1: '$k' } }),
    args: { body: [{ k_1: { k_1: 1 } }] },
    expected: `${JSON_LINE} | [{"$k":{"$k":1}}]`,
  },
  {
    rule: 'urlencoded',
    ...post(
      { ...FORM, argument: null, properties: [property({ name: 'a' }), property({ name: 'b' })] },
      { a: 'x y&z', b: [1, 2] },
    ),
    expected: `${FORM_LINE} | a=x%20y%26z&b=1&b=2`,
  },
  {
    rule: 'urlencoded, encoding deepObject',
    ...post(
      { ...FORM, argument: null, properties: [property({ name: 'items', style: 'deepObject' })] },
      { items: [{ p: 1 }] },
    ),
    expected: `${FORM_LINE} | items%5B0%5D%5Bp%5D=1`,
  },
  {
    rule: 'urlencoded, encoding contentType',
    ...post(
      { ...FORM, argument: null, properties: [property({ name: 'o', contentType: 'application/json' })] },
      { o: { a: 1 } },
    ),
    expected: `${FORM_LINE} | o=%7B%22a%22%3A1%7D`,
  },
  {
    rule: 'urlencoded, explode false',
    ...post(
      { ...FORM, argument: null, properties: [property({ name: 'a', explode: false })] },
      { a: [1, 2] },
    ),
    expected: `${FORM_LINE} | a=1,2`,
  },
  {
    rule: 'urlencoded, whole body',
    ...post(
      { ...FORM, properties: [property({ name: 'd', style: 'deepObject' })] },
      { body: { d: { e: 1 }, f: 'g', h: { i: 1 } } },
    ),
    expected: `${FORM_LINE} | d%5Be%5D=1&f=g&h=%7B%22i%22%3A1%7D`,
  },
  {
    rule: 'urlencoded, null omitted',
    ...post(
      { ...FORM, argument: null, properties: [property({ name: 'a' }), property({ name: 'b' })] },
      { a: null, b: 1 },
    ),
    expected: `${FORM_LINE} | b=1`,
  },
  {
    rule: 'multipart: file, scalar, repeated, JSON part',
    ...post(
      {
        ...MULTIPART,
        argument: null,
        properties: [
          property({ name: 'f', binary: true }),
          property({ name: 's' }),
          property({ name: 'r' }),
          property({ name: 'o' }),
        ],
      },
      {
        f: { data: 'iVBORw==', filename: '../../a".png', contentType: 'image/png' },
        s: 'é',
        r: [1, 2],
        o: { a: 1 },
      },
    ),
    expected:
      'POST /x HTTP/1.1 | content-type: multipart/form-data; boundary=B | --B⏎Content-Disposition: form-data; name="f"; filename="a%22.png"⏎Content-Type: image/png⏎⏎\x89PNG⏎--B⏎Content-Disposition: form-data; name="s"⏎⏎\u00c3\u00a9⏎--B⏎Content-Disposition: form-data; name="r"⏎⏎1⏎--B⏎Content-Disposition: form-data; name="r"⏎⏎2⏎--B⏎Content-Disposition: form-data; name="o"⏎Content-Type: application/json⏎⏎{"a":1}⏎--B--⏎',
  },
  {
    rule: 'multipart: several files, type from encoding',
    ...post(
      {
        ...MULTIPART,
        argument: null,
        properties: [property({ name: 'f', binary: true, contentType: 'text/csv, text/plain' })],
      },
      { f: [{ data: 'YQ==' }, { data: 'Yg==', filename: 'b.csv' }] },
    ),
    expected:
      'POST /x HTTP/1.1 | content-type: multipart/form-data; boundary=B | --B⏎Content-Disposition: form-data; name="f"; filename="f"⏎Content-Type: text/csv⏎⏎a⏎--B⏎Content-Disposition: form-data; name="f"; filename="b.csv"⏎Content-Type: text/csv⏎⏎b⏎--B--⏎',
  },
  {
    rule: 'multipart: a name with quotes and line breaks',
    ...post({ ...MULTIPART, properties: [] }, { body: { 'a"\r\nb': 'c' } }),
    expected:
      'POST /x HTTP/1.1 | content-type: multipart/form-data; boundary=B | --B⏎Content-Disposition: form-data; name="a%22%0D%0Ab"⏎⏎c⏎--B--⏎',
  },
  {
    rule: 'text',
    ...post({ encoding: 'text', mediaType: 'text/plain' }, { body: 'a\nb' }),
    expected: 'POST /x HTTP/1.1 | content-type: text/plain | a\nb',
  },
  {
    rule: 'text in its charset',
    ...post({ encoding: 'text', mediaType: 'text/plain; charset=iso-8859-1' }, { body: 'é' }),
    expected: 'POST /x HTTP/1.1 | content-type: text/plain; charset=iso-8859-1 | \xe9',
  },
  {
    rule: 'XML as text',
    ...post({ encoding: 'text', mediaType: 'application/xml' }, { body: '<a/>' }),
    expected: 'POST /x HTTP/1.1 | content-type: application/xml | <a/>',
  },
  {
    rule: 'octet-stream',
    ...post({ encoding: 'binary', mediaType: 'application/octet-stream' }, { body: '/wABgA==' }),
    expected: 'POST /x HTTP/1.1 | content-type: application/octet-stream | \xff\x00\x01\x80',
  },
  {
    rule: 'GET drops an empty body',
    plan: plan({ body: body({ ...FORM, argument: null, properties: [property({ name: 'a' })] }) }),
    args: {},
    expected: 'GET /x HTTP/1.1',
  },
  { rule: 'GET drops {}', plan: plan({ body: body({}) }), args: { body: {} }, expected: 'GET /x HTTP/1.1' },
  {
    rule: 'GET sends a body that says something',
    plan: plan({ body: body({ ...FORM, argument: null, properties: [property({ name: 'a' })] }) }),
    args: { a: 1 },
    expected: 'GET /x HTTP/1.1 | content-type: application/x-www-form-urlencoded; content-length: 3 | a=1',
  },
  {
    rule: 'DELETE with a body',
    plan: plan({ method: 'DELETE', body: body({}) }),
    args: { body: { a: 1 } },
    expected: 'DELETE /x HTTP/1.1 | content-type: application/json | {"a":1}',
  },
  {
    rule: 'PUT with an empty text',
    plan: plan({ method: 'PUT', body: body({ encoding: 'text', mediaType: 'text/plain' }) }),
    args: { body: '' },
    expected: 'PUT /x HTTP/1.1 | content-type: text/plain; content-length: 0',
  },
];

describe('every rule of a request, byte for byte', () => {
  let server: EchoServer;
  let client: UpstreamClient;
  const table: string[][] = [];

  beforeAll(async () => {
    server = await EchoServer.start();
    const { config, upstream } = await upstreamConfig({ base_url: server.url });
    client = createUpstreamClient({
      config: upstream,
      server: server.url,
      env: {},
      egress: config.egress,
      logger: silentLogger,
    });
  });

  afterAll(async () => {
    await client.close();
    await server[Symbol.asyncDispose]();
    process.stdout.write(tableText([['rule', 'expected', 'got'], ...table]));
  });

  test.each([...STYLES, ...VALUES, ...BODIES])('$rule', async ({ rule, plan: made, args, expected }) => {
    const request = buildRequest({ ...made, server: server.url }, args);
    await client.send({ ...request, security: null }, AbortSignal.timeout(5_000));
    const got = shown(server.take(), expected);
    table.push([rule, expected, got]);
    expect(got).toBe(expected);
    expect(server.violations).toEqual([]);
  });

  test('nothing but the announced headers is sent', async () => {
    const request = buildRequest(plan({ server: server.url }), {});
    await client.send({ ...request, security: null }, AbortSignal.timeout(5_000));
    const names = server.take().headers.map(([name]) => name);
    expect(names.sort()).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'user-agent']);
  });
});

/** The parts of a request that a rule speaks of: its line, the headers it names or that a body needs, the body. */
function shown(request: RecordedRequest, expected: string): string {
  const boundary = /boundary=(\S+)/.exec(headerOf(request, 'content-type') ?? '')?.[1];
  const neutral = (text: string) => (boundary === undefined ? text : text.replaceAll(boundary, 'B'));
  const spoken = ['x-c', 'cookie', 'content-type', 'content-length'].filter((name) => {
    if (headerOf(request, name) === undefined) return false;
    return name !== 'content-length' || expected.includes('content-length');
  });
  const headers = spoken.map((name) => `${name}: ${neutral(headerOf(request, name) ?? '')}`).join('; ');
  const bodyText = neutral(request.body.toString('latin1')).replaceAll('\r\n', '⏎');
  return [request.line, headers, bodyText].filter((part) => part !== '').join(' | ');
}

function tableText(rows: readonly (readonly string[])[]): string {
  const printable = (text: string) =>
    [...text]
      .map((char) =>
        char < ' ' || (char >= '\x7f' && char <= '\xff')
          ? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
          : char,
      )
      .join('');
  return `\n${rows.map((row) => `| ${row.map(printable).join(' | ')} |`).join('\n')}\n`;
}
