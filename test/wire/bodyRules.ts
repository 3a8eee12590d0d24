import type { WireRule } from './wireRule.js';

const JSON_TYPE = 'content-type: application/json';
const FORM_TYPE = 'content-type: application/x-www-form-urlencoded';
const MULTIPART_TYPE = 'content-type: multipart/form-data; boundary=B';
const FIELD = 'Content-Disposition: form-data; name=';

/** What becomes of bodies, by media type and method. */
export const BODY_RULES: readonly WireRule[] = [
  {
    rule: 'a plain object is flattened; readOnly is no argument; names are mapped back',
    tool: 'openapi30__json_flat',
    args: { a_b: true, name: 'é', owner: { login: 'o' } },
    expected: `POST /v1/json/flat | ${JSON_TYPE} | {"name":"\u00c3\u00a9","owner":{"login":"o"},"a.b":true}`,
  },
  {
    rule: 'a plain object is flattened: readOnly is refused',
    tool: 'openapi30__json_flat',
    args: { name: 'n', id: 1 },
    expected: 'refused: id: is not known; there are name, size, note, owner, a_b, kind',
  },
  {
    rule: 'a plain object is flattened: null is kept where it is declared, and only there',
    tool: 'openapi30__json_flat',
    args: { name: 'n', note: null, size: null },
    expected: `POST /v1/json/flat | ${JSON_TYPE} | {"name":"n","note":null}`,
  },
  {
    rule: 'a 64-bit integer as text becomes a number with all its digits',
    tool: 'openapi30__json_flat',
    args: { name: 'n', size: '9007199254740993' },
    expected: `POST /v1/json/flat | ${JSON_TYPE} | {"name":"n","size":9007199254740993}`,
  },
  {
    rule: 'a JSON text where an object is declared is parsed',
    tool: 'openapi30__json_flat',
    args: { name: '{"x":1}', owner: '{"login":"o"}' },
    expected: `POST /v1/json/flat | ${JSON_TYPE} | {"name":"{\\"x\\":1}","owner":{"login":"o"}}`,
  },
  {
    rule: 'required with a default is filled, an optional default is not',
    tool: 'openapi30__json_required_default',
    args: {},
    expected: `POST /v1/json/required-default | ${JSON_TYPE} | {"kind":"plain"}`,
  },
  {
    rule: 'composition stays one argument',
    tool: 'openapi30__json_composed',
    args: { body: { dog: 'd' } },
    expected: `POST /v1/json/composed | ${JSON_TYPE} | {"dog":"d"}`,
  },
  {
    rule: 'additionalProperties stay one argument',
    tool: 'openapi30__json_open',
    args: { body: { any: [1, null] } },
    expected: `POST /v1/json/open | ${JSON_TYPE} | {"any":[1,null]}`,
  },
  {
    rule: 'a body as JSON text is parsed',
    tool: 'openapi30__json_open',
    args: { body: '{"any":1}' },
    expected: `POST /v1/json/open | ${JSON_TYPE} | {"any":1}`,
  },
  {
    rule: 'an array',
    tool: 'openapi30__json_array',
    args: { body: [1, 2] },
    expected: `POST /v1/json/array | ${JSON_TYPE} | [1,2]`,
  },
  {
    rule: 'an empty array',
    tool: 'openapi30__json_array',
    args: { body: [] },
    expected: `POST /v1/json/array | ${JSON_TYPE} | []`,
  },
  {
    rule: 'a primitive',
    tool: 'openapi30__json_string',
    args: { body: 'a"b' },
    expected: `POST /v1/json/string | ${JSON_TYPE} | "a\\"b"`,
  },
  {
    rule: 'a recursive schema',
    tool: 'openapi30__json_tree',
    args: { value: 1, children: [{ value: 2, children: [{ value: 3 }] }] },
    expected: `POST /v1/json/tree | ${JSON_TYPE} | {"value":1,"children":[{"value":2,"children":[{"value":3}]}]}`,
  },
  {
    rule: 'the body’s name beside two parameters that have said their place',
    tool: 'openapi30__json_collision',
    args: { id_path: 1, id_query: 2, id: 3 },
    expected: `PUT /v1/json/1/collision?id=2 | ${JSON_TYPE} | {"id":3}`,
  },
  {
    rule: 'the body’s name collides with a parameter’s: nested under body',
    tool: 'openapi30__json_nested',
    args: { name: 'p', body: { name: 'b' } },
    expected: `PUT /v1/json/p/nested | ${JSON_TYPE} | {"name":"b"}`,
  },
  {
    rule: '+json before form and text; the declared type exactly',
    tool: 'openapi30__json_api',
    args: { a: 'x' },
    expected: 'PATCH /v1/json/api | content-type: application/vnd.api+json; charset=utf-8 | {"a":"x"}',
  },
  {
    rule: 'an absent optional body: no bytes, no Content-Type',
    tool: 'openapi30__json_optional',
    args: {},
    expected: 'POST /v1/json/optional',
  },
  {
    rule: 'an absent optional body as one argument',
    tool: 'openapi30__json_optional_open',
    args: {},
    expected: 'POST /v1/json/optional-open',
  },
  {
    rule: 'an explicit {} is sent',
    tool: 'openapi30__json_optional_open',
    args: { body: {} },
    expected: `POST /v1/json/optional-open | ${JSON_TYPE} | {}`,
  },
  {
    rule: 'an absent required body',
    tool: 'openapi30__json_open',
    args: {},
    expected: 'refused: body: is required (object)',
  },
  {
    rule: 'urlencoded: lists repeat, objects are JSON, null is omitted',
    tool: 'openapi30__form_plain',
    args: { text: 'x y&z', list: [1, 2], object: { p: 1 }, none: null },
    expected: `POST /v1/form/plain | ${FORM_TYPE} | text=x%20y%26z&list=1&list=2&object=%7B%22p%22%3A1%7D`,
  },
  {
    rule: 'urlencoded honours encoding',
    tool: 'openapi30__form_encoded',
    args: { items: [{ p: 1 }, { p: 2 }], joined: ['a,b', 'c'], json: { a: 1 }, url: 'https://x/?a=b&c' },
    expected:
      `POST /v1/form/encoded | ${FORM_TYPE} | items%5B0%5D%5Bp%5D=1&items%5B1%5D%5Bp%5D=2&joined=a%2Cb,c` +
      '&json=%7B%22a%22%3A1%7D&url=https://x/?a=b%26c',
  },
  {
    rule: 'multipart: a file with name and type, a text, a repeated list, an object as a JSON part',
    tool: 'openapi30__multipart',
    args: {
      file: { data: 'iVBORw==', filename: '../a".png', contentType: 'image/png' },
      text: 'é',
      list: [1, 2],
      object: { a: 1 },
    },
    expected:
      `POST /v1/multipart | ${MULTIPART_TYPE} | --B⏎${FIELD}"file"; filename="a%22.png"⏎Content-Type: image/png⏎⏎\u0089PNG` +
      `⏎--B⏎${FIELD}"text"⏎⏎\u00c3\u00a9⏎--B⏎${FIELD}"list"⏎⏎1⏎--B⏎${FIELD}"list"⏎⏎2` +
      `⏎--B⏎${FIELD}"object"⏎Content-Type: application/json⏎⏎{"a":1}⏎--B--⏎`,
  },
  {
    rule: 'multipart: several files, the type from encoding',
    tool: 'openapi30__multipart',
    args: {
      file: { data: '' },
      files: [{ data: 'YQ==' }, { data: 'Yg==', filename: 'b' }],
      table: { data: 'Yw==' },
    },
    expected:
      `POST /v1/multipart | ${MULTIPART_TYPE} | --B⏎${FIELD}"file"; filename="file"⏎Content-Type: application/octet-stream⏎⏎` +
      `⏎--B⏎${FIELD}"files"; filename="files"⏎Content-Type: application/octet-stream⏎⏎a` +
      `⏎--B⏎${FIELD}"files"; filename="b"⏎Content-Type: application/octet-stream⏎⏎b` +
      `⏎--B⏎${FIELD}"table"; filename="table"⏎Content-Type: text/csv⏎⏎c⏎--B--⏎`,
  },
  {
    rule: 'multipart: base64 is strict',
    tool: 'openapi30__multipart',
    args: { file: { data: 'iVBORw' } },
    expected:
      'refused: file.data: must be base64 (RFC 4648, padded, without white space or a "data:" prefix)',
  },
  {
    rule: 'octet-stream',
    tool: 'openapi30__octets',
    args: { body: '/wABgA==' },
    expected: 'PUT /v1/octets | content-type: application/octet-stream | \u00ff\u0000\u0001\u0080',
  },
  {
    rule: 'a media type of bytes',
    tool: 'openapi30__picture',
    args: { body: 'iVBORw==' },
    expected: 'PUT /v1/picture | content-type: image/png | \u0089PNG',
  },
  {
    rule: 'text',
    tool: 'openapi30__text',
    args: { body: 'a\nb' },
    expected: 'PUT /v1/text | content-type: text/plain | a\nb',
  },
  {
    rule: 'text, empty',
    tool: 'openapi30__text',
    args: { body: '' },
    expected: 'PUT /v1/text | content-type: text/plain',
  },
  {
    rule: 'text in its charset',
    tool: 'openapi30__text_latin1',
    args: { body: 'é' },
    expected: 'PUT /v1/text/latin1 | content-type: text/plain; charset=iso-8859-1 | \u00e9',
  },
  {
    rule: 'XML as text',
    tool: 'openapi30__xml',
    args: { body: '<a/>' },
    expected: 'PUT /v1/xml | content-type: application/xml | <a/>',
  },
  {
    rule: 'GET with an empty body: dropped',
    tool: 'openapi30__method_get',
    args: {},
    expected: 'GET /v1/method',
  },
  {
    rule: 'GET with a body: sent',
    tool: 'openapi30__method_get',
    args: { a: 1 },
    expected: `GET /v1/method | ${FORM_TYPE} | a=1`,
  },
  {
    rule: 'DELETE with a body',
    tool: 'openapi30__method_delete',
    args: { a: 1 },
    expected: `DELETE /v1/method | ${JSON_TYPE} | {"a":1}`,
  },
  {
    rule: 'DELETE without a body',
    tool: 'openapi30__method_delete',
    args: {},
    expected: 'DELETE /v1/method',
  },
  {
    // The HTTP client does not reuse a connection after HEAD: some servers send a body all the same.
    rule: 'HEAD',
    tool: 'openapi30__method_head',
    args: {},
    expected: 'HEAD /v1/method | connection: close',
  },
  {
    rule: 'QUERY with a body (3.2)',
    tool: 'openapi32__search',
    args: { text: 'x' },
    expected: `QUERY /v1/search | ${JSON_TYPE} | {"text":"x"}`,
  },
  { rule: 'any other method (3.2)', tool: 'openapi32__copy', args: {}, expected: 'COPY /v1/search' },
  {
    rule: 'server: the path’s over the document’s',
    tool: 'openapi30__server_path',
    args: {},
    expected: 'GET /path-level/server/path',
  },
  {
    rule: 'server: the operation’s over the path’s; no slash is doubled',
    tool: 'openapi30__server_operation',
    args: {},
    expected: 'PUT /operation-level/server/path',
  },
];

/** Swagger 2.0. */
export const SWAGGER_RULES: readonly WireRule[] = [
  {
    rule: 'Swagger 2.0: collectionFormat',
    tool: 'swagger20__collections',
    args: {
      c: ['x', 'y'],
      csv: ['a,b', 'c'],
      ssv: ['x', 'y'],
      tsv: ['x', 'y'],
      pipes: ['x', 'y'],
      multi: ['x', 'y'],
      usual: ['x', 'y'],
      'X-List': ['x', 'y'],
    },
    expected:
      'GET /v1/collections/x,y?csv=a%2Cb,c&ssv=x%20y&tsv=x%09y&pipes=x%7Cy&multi=x&multi=y&usual=x,y' +
      ' | accept: application/json | x-list: x,y',
  },
  {
    rule: 'Swagger 2.0: body, consumes, produces',
    tool: 'swagger20__body',
    args: { name: 'n', age: 1 },
    expected: `POST /v1/body | accept: application/json | ${JSON_TYPE} | {"name":"n","age":1}`,
  },
  {
    rule: 'Swagger 2.0: the operation’s own consumes and produces',
    tool: 'swagger20__xml',
    args: { body: '<a/>' },
    expected: 'POST /v1/xml | accept: text/plain | content-type: application/xml | <a/>',
  },
  {
    rule: 'Swagger 2.0: formData, multi and csv',
    tool: 'swagger20__form',
    args: { text: 'a b', list: [1, 2], joined: [3, 4] },
    expected: `POST /v1/form | accept: application/json | ${FORM_TYPE} | text=a%20b&list=1&list=2&joined=3,4`,
  },
  {
    rule: 'Swagger 2.0: type file',
    tool: 'swagger20__file',
    args: { file: { data: 'YQ==', filename: 'a.txt' }, note: 'n' },
    expected:
      `POST /v1/file | accept: application/json | ${MULTIPART_TYPE} | --B⏎${FIELD}"file"; filename="a.txt"` +
      `⏎Content-Type: application/octet-stream⏎⏎a⏎--B⏎${FIELD}"note"⏎⏎n⏎--B--⏎`,
  },
];
