import { gzipSync } from 'node:zlib';
import { CallToolResultSchema, type CallToolResult as SdkResult } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { CallToolResult } from '../../lib/call/callToolResult.js';
import type { JsonObject } from '../../lib/json.js';
import type { Tool } from '../../lib/tools/tool.js';
import { EchoServer, httpAnswer } from '../support/echoServer.js';
import { Calling, textOf } from './calling.js';
import { parameter, plan } from './plans.js';

let server: EchoServer;
let calling: Calling;

beforeAll(async () => {
  server = await EchoServer.start();
  calling = await Calling.to(server.url, { upstream: { timeout: '300ms', max_response_body: '1MB' } });
});
afterAll(async () => {
  await calling[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});
afterEach(() => {
  server.requests.length = 0;
});

/** What the agent gets when the upstream answers so. */
async function answered(
  status: number,
  contentType: string | null,
  body: string | Uint8Array,
  draft: Partial<Tool> & {
    readonly headers?: Readonly<Record<string, string>>;
    readonly args?: JsonObject;
  } = {},
): Promise<CallToolResult> {
  const { headers = {}, args = {}, ...tool } = draft;
  const type = contentType === null ? {} : { 'content-type': contentType };
  server.answer = (_, socket) => socket.write(httpAnswer(status, { ...type, ...headers }, body));
  const inputSchema = { type: 'object', additionalProperties: true };
  const result = await calling.call({ inputSchema, ...tool }, args);
  const accepted: SdkResult = result;
  expect(CallToolResultSchema.parse(accepted)).toEqual(result);
  return result;
}

const PNG = Buffer.from('89504e470d0a1a0a', 'hex');
const HTML = '<!doctype html><title>Sign in</title>';

describe('successful answers', () => {
  test.each<[string, string | null, string | Uint8Array, CallToolResult]>([
    [
      'a JSON object',
      'application/json',
      '{"a": 1}',
      { content: [{ type: 'text', text: '{"a": 1}' }], structuredContent: { a: 1 } },
    ],
    [
      'a JSON array',
      'application/json',
      '[1,2]',
      { content: [{ type: 'text', text: '[1,2]' }], structuredContent: { result: [1, 2] } },
    ],
    [
      'a JSON primitive',
      'application/json',
      '"x"',
      { content: [{ type: 'text', text: '"x"' }], structuredContent: { result: 'x' } },
    ],
    [
      'JSON null',
      'application/json',
      'null',
      { content: [{ type: 'text', text: 'null' }], structuredContent: { result: null } },
    ],
    [
      '+json',
      'application/hal+json; charset=utf-8',
      '{"a":1}',
      { content: [{ type: 'text', text: '{"a":1}' }], structuredContent: { a: 1 } },
    ],
    ['JSON that is none', 'application/json', '{"a":', { content: [{ type: 'text', text: '{"a":' }] }],
    ['plain text', 'text/plain', 'hé', { content: [{ type: 'text', text: 'hé' }] }],
    [
      'latin-1 text',
      'text/plain; charset=ISO-8859-1',
      Buffer.from('h\xe9', 'latin1'),
      { content: [{ type: 'text', text: 'hé' }] },
    ],
    [
      'UTF-16 text',
      'text/plain',
      Buffer.from('\ufeffhé', 'utf16le'),
      { content: [{ type: 'text', text: 'hé' }] },
    ],
    ['an unknown charset', 'text/plain; charset=klingon', 'hé', { content: [{ type: 'text', text: 'hé' }] }],
    [
      'XML with its own encoding',
      'application/xml',
      Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>', 'latin1'),
      { content: [{ type: 'text', text: '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>' }] },
    ],
    ['CSV', 'text/csv', 'a,b\n1,2', { content: [{ type: 'text', text: 'a,b\n1,2' }] }],
    ['YAML', 'application/yaml', 'a: 1', { content: [{ type: 'text', text: 'a: 1' }] }],
    ['SVG', 'image/svg+xml', '<svg/>', { content: [{ type: 'text', text: '<svg/>' }] }],
    [
      'PNG',
      'image/png',
      PNG,
      { content: [{ type: 'image', data: PNG.toString('base64'), mimeType: 'image/png' }] },
    ],
    [
      'audio',
      'audio/ogg; codecs=opus',
      PNG,
      { content: [{ type: 'audio', data: PNG.toString('base64'), mimeType: 'audio/ogg' }] },
    ],
    [
      'PDF',
      'application/pdf',
      '%PDF',
      {
        content: [
          {
            type: 'resource',
            resource: { uri: 'mcp-anything://api/tool', mimeType: 'application/pdf', blob: 'JVBERg==' },
          },
        ],
      },
    ],
    [
      'octet-stream',
      'application/octet-stream',
      '{"a":1}',
      {
        content: [
          {
            type: 'resource',
            resource: {
              uri: 'mcp-anything://api/tool',
              mimeType: 'application/octet-stream',
              blob: 'eyJhIjoxfQ==',
            },
          },
        ],
      },
    ],
    [
      'a type that is none',
      'nonsense',
      'x',
      {
        content: [
          {
            type: 'resource',
            resource: { uri: 'mcp-anything://api/tool', mimeType: 'application/octet-stream', blob: 'eA==' },
          },
        ],
      },
    ],
    [
      'no type, JSON',
      null,
      '{"a":1}',
      { content: [{ type: 'text', text: '{"a":1}' }], structuredContent: { a: 1 } },
    ],
    ['no type, text', null, 'hello', { content: [{ type: 'text', text: 'hello' }] }],
    [
      'no type, bytes',
      null,
      Buffer.from([0, 1, 255]),
      {
        content: [
          {
            type: 'resource',
            resource: { uri: 'mcp-anything://api/tool', mimeType: 'application/octet-stream', blob: 'AAH/' },
          },
        ],
      },
    ],
    [
      'ndjson',
      'application/x-ndjson',
      '{"a":1}\n{"a":2}\n',
      {
        content: [{ type: 'text', text: '{"a":1}\n{"a":2}\n' }],
        structuredContent: { result: [{ a: 1 }, { a: 2 }] },
      },
    ],
    [
      'ndjson with a broken line',
      'application/x-ndjson',
      '{"a":1}\nnope\n',
      { content: [{ type: 'text', text: '{"a":1}\nnope\n' }] },
    ],
    [
      'an event stream that ends',
      'text/event-stream',
      'data: 1\n\n',
      { content: [{ type: 'text', text: 'data: 1\n\n' }] },
    ],
    ['nothing', 'application/json', '', { content: [{ type: 'text', text: '200 OK, without content.' }] }],
  ])('%s', async (_, type, body, expected) => {
    expect(await answered(200, type, body)).toEqual(expected);
  });

  test.each([204, 205])('%i', async (status) => {
    server.answer = (_, socket) => socket.write(`HTTP/1.1 ${status} X\r\ncontent-length: 0\r\n\r\n`);
    expect(await calling.call()).toEqual({ content: [{ type: 'text', text: '204 No Content' }] });
  });

  test('HEAD: no content, and the headers that are its point', async () => {
    server.answer = (_, socket) =>
      socket.write(
        'HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\ncontent-type: image/png\r\netag: "x"\r\n\r\n',
      );
    expect(textOf(await calling.call({ plan: plan({ method: 'HEAD' }) }))).toBe(
      '204 No Content\nHEAD answered 200 OK.\ncontent-type: image/png\ncontent-length: 99999999\netag: "x"',
    );
  });

  test('int64 keeps its digits in the text', async () => {
    const body = '{"id":9223372036854775807}';
    expect((await answered(200, 'application/json', body)).content).toEqual([{ type: 'text', text: body }]);
  });

  test('gzip', async () => {
    const headers = { 'content-encoding': 'gzip' };
    const result = await answered(200, 'application/json', gzipSync('{"a":1}'), { headers });
    expect(result.structuredContent).toEqual({ a: 1 });
  });

  test('JSON that is nested beyond reason is text only', async () => {
    const body = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    expect(await answered(200, 'application/json', body)).toEqual({
      content: [{ type: 'text', text: body }],
    });
  });

  test('keys of Object.prototype are data', async () => {
    const body = '{"__proto__":{"x":1},"constructor":2}';
    server.answer = (_, socket) =>
      socket.write(httpAnswer(200, { 'content-type': 'application/json' }, body));
    expect(JSON.stringify((await calling.call()).structuredContent)).toBe(body);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  test('the filename of an attachment is part of the uri', async () => {
    const headers = { 'content-disposition': 'attachment; filename="../a b.pdf"' };
    const result = await answered(200, 'application/pdf', '%PDF', { headers });
    expect(result.content[0]).toMatchObject({ resource: { uri: 'mcp-anything://api/tool/a%20b.pdf' } });
  });

  test('multipart/mixed is one block per part', async () => {
    const body = Buffer.concat([
      Buffer.from(
        'preamble\r\n--b\r\nContent-Type: application/json\r\n\r\n{"a":1}\r\n--b\r\n\r\nplain\r\n--b\r\nContent-Type: image/png\r\n\r\n',
      ),
      PNG,
      Buffer.from('\r\n--b--\r\nepilogue'),
    ]);
    expect((await answered(200, 'multipart/mixed; boundary="b"', body)).content).toEqual([
      { type: 'text', text: '{"a":1}' },
      { type: 'text', text: 'plain' },
      { type: 'image', data: PNG.toString('base64'), mimeType: 'image/png' },
    ]);
  });

  test('an endless event stream comes as its beginning, and says so', async () => {
    server.answer = (_, socket) =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n');
    expect(await calling.call()).toEqual({
      content: [
        { type: 'text', text: 'data: 1\n\n' },
        {
          type: 'text',
          text: 'This is only the beginning: the stream did not end in the time and size allowed.',
        },
      ],
      _meta: { 'mcp-anything/partial': true },
    });
  });

  test('an endless ndjson stream keeps its whole lines as structured content', async () => {
    server.answer = (_, socket) =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n\r\n{"a":1}\n{"a":');
    expect((await calling.call()).structuredContent).toEqual({ result: [{ a: 1 }] });
  });
});

describe('formats that a tool is marked with', () => {
  test.each<[Tool['responseFormat'], string, string | Uint8Array, object]>([
    ['json', 'text/plain', '{"a":1}', { structuredContent: { a: 1 } }],
    ['text', 'application/json', '{"a":1}', { content: [{ type: 'text', text: '{"a":1}' }] }],
    [
      'image',
      'application/octet-stream',
      PNG,
      { content: [{ type: 'image', data: PNG.toString('base64'), mimeType: 'image/png' }] },
    ],
    [
      'image',
      'application/octet-stream',
      Buffer.from('ffd8ff', 'hex'),
      { content: [{ type: 'image', data: '/9j/', mimeType: 'image/jpeg' }] },
    ],
    [
      'audio',
      'application/octet-stream',
      'x',
      { content: [{ type: 'audio', data: 'eA==', mimeType: 'audio/mpeg' }] },
    ],
    [
      'binary',
      'application/json',
      '{}',
      {
        content: [
          {
            type: 'resource',
            resource: { uri: 'mcp-anything://api/tool', mimeType: 'application/json', blob: 'e30=' },
          },
        ],
      },
    ],
  ])('%s for %s', async (responseFormat, type, body, expected) => {
    expect(await answered(200, type, body, { responseFormat })).toMatchObject(expected);
  });

  test('json that is none is an error', async () => {
    const result = await answered(200, 'text/plain', 'nope', { responseFormat: 'json' });
    expect([result.isError, textOf(result)]).toEqual([
      true,
      'The API answered 200 OK, but not with JSON.\nnope',
    ]);
  });
});

describe('answers that are no success', () => {
  test('404 problem+json', async () => {
    const problem = { type: 'about:blank', title: 'No such pet', detail: 'Pet 7 is gone', status: 404 };
    const result = await answered(404, 'application/problem+json', JSON.stringify(problem));
    expect(result).toEqual({
      content: [
        { type: 'text', text: 'The API answered 404 Not Found: No such pet. Pet 7 is gone' },
        { type: 'text', text: JSON.stringify(problem) },
      ],
      isError: true,
      _meta: { 'mcp-anything/status': 404 },
    });
  });

  test.each<[string, unknown, string]>([
    [
      'a list with pointers',
      [{ pointer: '#/age', detail: 'must be positive' }, { message: 'and more' }, 'x'],
      '- #/age: must be positive\n- and more\n- x',
    ],
    [
      'a list by field',
      { age: ['must be positive', 'must be a number'], name: 'is missing' },
      '- age: must be positive; must be a number\n- name: is missing',
    ],
    ['something else', 5, ''],
  ])('the errors of a problem: %s', async (_, errors, lines) => {
    const result = await answered(
      422,
      'application/problem+json',
      JSON.stringify({ title: 'Invalid', errors }),
    );
    expect(textOf(result).split('\n{')[0]).toBe(
      ['The API answered 422 Unprocessable Entity: Invalid', lines].filter(Boolean).join('\n'),
    );
  });

  test.each<[string, number, string | null, string | Uint8Array, string]>([
    [
      'other JSON',
      500,
      'application/json',
      '{"error":"x"}',
      'The API answered 500 Internal Server Error.\n{"error":"x"}',
    ],
    ['text', 503, 'text/plain', 'down', 'The API answered 503 Service Unavailable.\ndown'],
    ['nothing', 401, null, '', 'The API answered 401 Unauthorized.'],
    [
      'bytes',
      500,
      'image/png',
      PNG,
      'The API answered 500 Internal Server Error, with 8 bytes of image/png.',
    ],
    ['an unknown status', 599, null, '', 'The API answered 599.'],
    [
      'a long page',
      502,
      'text/html',
      `<html>${'x'.repeat(9_000)}`,
      `The API answered 502 Bad Gateway.\n<html>${'x'.repeat(1_994)}… (9006 characters in all)`,
    ],
  ])('%s', async (_, status, type, body, text) => {
    const result = await answered(status, type, body);
    expect([result.isError, textOf(result)]).toEqual([true, text]);
    expect(result.structuredContent).toBeUndefined();
  });

  test('a redirect that is not followed names where it leads', async () => {
    const result = await answered(302, null, '', {
      headers: { location: '/elsewhere' },
      plan: plan({ method: 'POST' }),
    });
    expect(textOf(result)).toBe(
      'The API answered 302 Found, a redirect to /elsewhere that was not followed.',
    );
  });

  test('HTML where JSON was promised is an error with the top of the page', async () => {
    const result = await answered(200, 'text/html', HTML);
    expect(result.isError).toBe(true);
    expect(textOf(result)).toBe(
      `The API answered 200 OK with an HTML page where JSON was promised; often that is a login or an error page.\n${HTML}`,
    );
    const promised = await answered(200, 'text/html', HTML, {
      plan: plan({ accept: 'text/html, application/json' }),
    });
    expect(promised).toEqual({ content: [{ type: 'text', text: HTML }] });
  });

  test('a status that the config calls a success is one', async () => {
    const lenient = await Calling.to(server.url, {
      upstream: { validation: { success_status: ['404', '2xx'] } },
    });
    server.answer = (_, socket) =>
      socket.write(httpAnswer(404, { 'content-type': 'application/json' }, '{"a":1}'));
    expect((await lenient.call()).structuredContent).toEqual({ a: 1 });
    expect(await lenient.outcomes()).toEqual({ ok: 1 });
    await lenient[Symbol.asyncDispose]();
  });

  test('too large: what to do about it', async () => {
    const result = await answered(200, 'text/plain', 'x'.repeat(1024 * 1024 + 1));
    expect([result.isError, textOf(result)]).toEqual([
      true,
      expect.stringMatching(/larger than the 1,048,576 bytes allowed; ask for less/),
    ]);
  });
});

describe('what the agent should know besides', () => {
  test.each<[string, string, number]>([
    ['seconds', '30', 30],
    ['a date', new Date(Date.now() + 60_000).toUTCString(), 60],
  ])('Retry-After in %s', async (_, value, seconds) => {
    const result = await answered(429, 'text/plain', 'slow', { headers: { 'retry-after': value } });
    const told = Number(/Retry after (\d+) s\./.exec(textOf(result))?.[1]);
    expect(Math.abs(told - seconds)).toBeLessThanOrEqual(2);
    expect(result._meta).toEqual({ 'mcp-anything/status': 429, 'mcp-anything/retry-after': told });
  });

  const pages = plan({
    parameters: [
      parameter({ name: 'page', argument: 'page_number', in: 'query', types: ['integer'] }),
      parameter({ name: 'q', in: 'query', types: ['string'] }),
      parameter({ name: 'cursor', in: 'query', types: ['string'] }),
    ],
  });
  test.each<[string, string, string, JsonObject | undefined]>([
    [
      'a page number',
      '</x?q=a&page=2>; rel="next", </x?page=9>; rel="last"',
      'There is a next page: call again with the same arguments and {"page_number":2}.',
      { page_number: 2 },
    ],
    [
      'a cursor that looks like a number',
      '<https://api.example/x?q=a&page=1&cursor=123>; rel=next',
      'There is a next page: call again with the same arguments and {"cursor":"123"}.',
      { cursor: '123' },
    ],
    [
      'something there is no argument for',
      '</y?token=z>; rel="prev next"',
      'There is a next page: /y?token=z',
      undefined,
    ],
    ['no next', '</x?page=2>; rel="last"', '', undefined],
    ['nonsense', '<<<>;;rel=next', '', undefined],
  ])('Link: %s', async (_, link, text, next) => {
    const args = { q: 'a', page_number: 1 };
    const result = await answered(200, 'application/json', '[]', { headers: { link }, plan: pages, args });
    expect(result.content.slice(1).map((block) => (block.type === 'text' ? block.text : ''))).toEqual(
      text === '' ? [] : [text],
    );
    expect(result._meta?.['mcp-anything/next-page']).toEqual(next);
  });
});

describe('a published output schema', () => {
  const outputSchema = { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] };
  const wrapped = { type: 'object', properties: { result: { type: 'array' } }, required: ['result'] };
  const NOTE =
    'The call was carried out. It is marked as an error only because the answer above does not have the form that the API’s own description promises.';

  test('is met by what matches', async () => {
    const result = await answered(200, 'application/json', '{"id":1}', { outputSchema });
    expect([result.isError, result.structuredContent]).toEqual([undefined, { id: 1 }]);
  });

  test('wraps what the tool wraps, even if the API now answers with an object', async () => {
    const array = await answered(200, 'application/json', '[1]', {
      outputSchema: wrapped,
      wrapsResult: true,
    });
    expect(array.structuredContent).toEqual({ result: [1] });
    const object = await answered(200, 'application/json', '{"result":[1]}', {
      outputSchema: wrapped,
      wrapsResult: true,
    });
    expect(object.isError).toBe(true);
  });

  test.each<[string, string | null, string, string]>([
    ['another object', 'application/json', '{"id":"x"}', '{"id":"x"}'],
    ['no JSON at all', 'text/plain', 'ok', 'ok'],
    ['nothing', null, '', '200 OK, without content.'],
  ])(
    'is broken by %s: the agent sees the answer, and no client rejects the result',
    async (_, type, body, text) => {
      const result = await answered(200, type, body, { outputSchema });
      expect(result).toEqual({
        content: [
          { type: 'text', text },
          { type: 'text', text: NOTE },
        ],
        isError: true,
        _meta: { 'mcp-anything/status': 200 },
      });
    },
  );
});
