import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ArgumentError, buildRequest } from '../../lib/call/request.js';
import type { JsonObject } from '../../lib/json.js';
import type { BodyPlan, ParameterPlan, RequestPlan } from '../../lib/tools/tool.js';
import { EchoServer } from '../support/echoServer.js';
import { Calling, textOf } from './calling.js';
import { body, parameter, plan, property } from './plans.js';

const MULTIPART = { encoding: 'multipart', mediaType: 'multipart/form-data', argument: null } as const;
const file = { ...MULTIPART, properties: [property({ name: 'f', binary: true })] };

function inPath(style: Partial<ParameterPlan> = {}): RequestPlan {
  return plan({ path: '/i/{c}/end', parameters: [parameter({ name: 'c', in: 'path', ...style })] });
}

function inHeader(): RequestPlan {
  return plan({ parameters: [parameter({ name: 'X-C', argument: 'c', in: 'header' })] });
}

function posted(draft: Partial<BodyPlan>): RequestPlan {
  return plan({ method: 'POST', body: body(draft) });
}

const REFUSED: readonly (readonly [what: string, plan: RequestPlan, args: JsonObject, message: string])[] = [
  ['a path value "."', inPath(), { c: '.' }, 'c: must not be "." or "..", nor lead out of its path segment'],
  ['a path value ".."', inPath(), { c: '..' }, 'c: must not be "." or ".."'],
  ['a path value that climbs', inPath(), { c: 'a/../../admin' }, 'nor lead out of its path segment'],
  [
    'a path value that climbs by backslashes',
    inPath(),
    { c: '..\\admin' },
    'nor lead out of its path segment',
  ],
  ['a path array of ".."', inPath(), { c: ['..'] }, 'c: must not be "." or ".."'],
  ['a label that makes ".."', inPath({ style: 'label' }), { c: '.' }, 'c: must not be "." or ".."'],
  ['an empty path value', inPath(), { c: '' }, 'c: must not be empty: it is part of the path'],
  ['an empty path array', inPath(), { c: [] }, 'c: is required'],
  ['a missing path value', inPath(), {}, 'c: is required'],
  ['a null path value', inPath(), { c: null }, 'c: is required'],
  ['half a surrogate pair in the path', inPath(), { c: 'a\ud800' }, 'c: must be well-formed Unicode'],
  [
    'half a surrogate pair in the query',
    plan({ parameters: [parameter({ name: 'c', in: 'query' })] }),
    { c: '\udc00' },
    'c: must be well-formed Unicode',
  ],
  [
    'CR LF in a header',
    inHeader(),
    { c: 'a\r\nX-Evil: 1' },
    'c: must not contain line breaks or control characters',
  ],
  ['NUL in a header', inHeader(), { c: 'a\0' }, 'c: must not contain line breaks'],
  [
    '";" in a bare cookie',
    plan({ parameters: [parameter({ name: 'c', in: 'cookie', style: 'cookie' })] }),
    { c: 'a; admin=1' },
    'c: must be printable ASCII without ";"',
  ],
  [
    'a missing required query parameter',
    plan({ parameters: [parameter({ name: 'c', in: 'query', required: true })] }),
    {},
    'c: is required',
  ],
  ['a missing required body', posted({}), {}, 'body: is required'],
  [
    'a missing required property',
    posted({ argument: null, properties: [property({ name: 'a', required: true })] }),
    {},
    'a: is required',
  ],
  [
    'an object for an XML text',
    posted({ encoding: 'text', mediaType: 'application/xml' }),
    { body: {} },
    'body: must be a string that holds the application/xml text',
  ],
  [
    'a scalar for a form',
    posted({ encoding: 'form', mediaType: 'application/x-www-form-urlencoded' }),
    { body: 1 },
    'body: must be an object',
  ],
  [
    'base64 with white space',
    posted({ encoding: 'binary', mediaType: 'image/png' }),
    { body: 'iVBO\nRw==' },
    'body: must be base64',
  ],
  [
    'base64 without padding',
    posted({ encoding: 'binary', mediaType: 'image/png' }),
    { body: 'iVBORw' },
    'body: must be base64',
  ],
  ['a data URL', posted(file), { f: { data: 'data:image/png;base64,iVBORw==' } }, 'f.data: must be base64'],
  [
    'a file that is none',
    posted(file),
    { f: { name: 'x' } },
    'f: must be a file: {"data": "<base64>", "filename"?, "contentType"?}',
  ],
  [
    'a file with a header in its type',
    posted(file),
    { f: { data: '', contentType: 'a/b\r\nX: 1' } },
    'f.contentType: must be a media type',
  ],
  [
    'a file whose name is no text',
    posted(file),
    { f: { data: '', filename: 1 } },
    'f.filename: must be a string',
  ],
];

describe('arguments that no request can carry', () => {
  test.each(REFUSED)('%s', (_, made, args, message) => {
    let thrown: unknown;
    try {
      buildRequest(made, args);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ArgumentError);
    expect((thrown as ArgumentError).message).toContain(message);
    expect(message.startsWith('nor') || message.startsWith((thrown as ArgumentError).argument)).toBe(true);
  });

  test.each([
    'Host',
    'Content-Length',
    'Transfer-Encoding',
    'Connection',
    'Upgrade',
    'Expect',
    'TE',
    'Accept',
    'Content-Type',
    'Authorization',
    'Accept-Encoding',
    'Proxy-Authorization',
  ])('a header parameter named %s is not sent', (name) => {
    const made = plan({ parameters: [parameter({ name, in: 'header' })] });
    expect({ ...buildRequest(made, { [name]: 'evil' }).headers }).toEqual({ accept: 'application/json' });
  });

  test('names of Object.prototype are ordinary names', () => {
    const parameters = ['constructor', '__proto__', 'toString'].map((name) =>
      parameter({ name, in: 'query' }),
    );
    expect(buildRequest(plan({ parameters }), {}).url).toBe('http://api.example/x');
    const args = JSON.parse('{"__proto__":"a","constructor":"b"}') as JsonObject;
    expect(buildRequest(plan({ parameters }), args).url).toBe(
      'http://api.example/x?constructor=b&__proto__=a',
    );
  });

  test('equal arguments give equal multipart bytes, different ones another boundary', () => {
    const made = posted(file);
    const one = buildRequest(made, { f: { data: 'YQ==' } });
    expect(buildRequest(made, { f: { data: 'YQ==' } })).toEqual(one);
    expect(buildRequest(made, { f: { data: 'Yg==' } }).headers['content-type']).not.toBe(
      one.headers['content-type'],
    );
  });
});

describe('a refused call', () => {
  let server: EchoServer;
  let calling: Calling;
  beforeAll(async () => {
    server = await EchoServer.start();
    calling = await Calling.to(server.url);
  });
  afterAll(async () => {
    await calling[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  test.each(REFUSED)('is an isError result and reaches no upstream: %s', async (_, made, args, message) => {
    const inputSchema = { type: 'object', additionalProperties: true };
    const result = await calling.call({ plan: made, inputSchema }, args);
    expect(result.isError).toBe(true);
    expect(textOf(result)).toContain(message);
    expect(server.requests).toEqual([]);
  });
});
