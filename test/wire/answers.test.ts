import type { Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EchoServer, httpAnswer } from '../support/echoServer.js';
import { until } from '../support/until.js';
import { resultText, WireProxy, wireFixture } from './wireProxy.js';

/** One pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=',
  'base64',
);
const PDF = Buffer.from('%PDF-1.4\n%\u00e2\u00e3\u00cf\u00d3\n1 0 obj\nendobj\n%%EOF\n', 'latin1');
const JSON_TYPE = { 'content-type': 'application/json' };

interface Answered {
  readonly what: string;
  readonly tool: string;
  readonly answer: Buffer;
  readonly result: CallToolResult;
}

function text(...texts: readonly string[]): CallToolResult['content'] {
  return texts.map((each) => ({ type: 'text', text: each }));
}

const ANSWERS: readonly Answered[] = [
  {
    what: 'a JSON object',
    tool: 'json',
    answer: httpAnswer(200, JSON_TYPE, '{ "a": [1, null] }'),
    result: { content: text('{ "a": [1, null] }'), structuredContent: { a: [1, null] } },
  },
  {
    what: 'a JSON array',
    tool: 'json',
    answer: httpAnswer(200, JSON_TYPE, '[1,"x"]'),
    result: { content: text('[1,"x"]'), structuredContent: { result: [1, 'x'] } },
  },
  {
    what: 'a JSON primitive',
    tool: 'json',
    answer: httpAnswer(200, JSON_TYPE, 'true'),
    result: { content: text('true'), structuredContent: { result: true } },
  },
  {
    what: 'a 64-bit integer: its digits are in the text, structured content cannot have them',
    tool: 'json',
    answer: httpAnswer(200, JSON_TYPE, '{"id":9223372036854775807}'),
    result: { content: text('{"id":9223372036854775807}'), structuredContent: { id: 2 ** 63 } },
  },
  {
    what: 'JSON of a subtype, in another charset',
    tool: 'json',
    answer: httpAnswer(
      200,
      { 'content-type': 'application/hal+json; charset=utf-16le' },
      Buffer.from('{"é":1}', 'utf16le'),
    ),
    result: { content: text('{"é":1}'), structuredContent: { é: 1 } },
  },
  {
    what: 'JSON that is none',
    tool: 'json',
    answer: httpAnswer(200, JSON_TYPE, '{"a":'),
    result: { content: text('{"a":') },
  },
  {
    what: 'JSON without a content type',
    tool: 'json',
    answer: httpAnswer(200, {}, '{"a":1}'),
    result: { content: text('{"a":1}'), structuredContent: { a: 1 } },
  },
  {
    what: 'latin-1 text',
    tool: 'text',
    answer: httpAnswer(
      200,
      { 'content-type': 'text/plain; charset=iso-8859-1' },
      Buffer.from('caf\u00e9', 'latin1'),
    ),
    result: { content: text('café') },
  },
  {
    what: 'XML in the charset that it declares',
    tool: 'text',
    answer: httpAnswer(
      200,
      { 'content-type': 'application/xml' },
      Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><a>\u00e9</a>', 'latin1'),
    ),
    result: { content: text('<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>') },
  },
  {
    what: 'CSV',
    tool: 'text',
    answer: httpAnswer(200, { 'content-type': 'text/csv' }, 'a,b\r\n1,2\r\n'),
    result: { content: text('a,b\r\n1,2\r\n') },
  },
  {
    what: 'PNG',
    tool: 'bytes',
    answer: httpAnswer(200, { 'content-type': 'image/png' }, PNG),
    result: { content: [{ type: 'image', data: PNG.toString('base64'), mimeType: 'image/png' }] },
  },
  {
    what: 'a sound',
    tool: 'bytes',
    answer: httpAnswer(200, { 'content-type': 'audio/wav' }, Buffer.from('RIFF')),
    result: { content: [{ type: 'audio', data: 'UklGRg==', mimeType: 'audio/wav' }] },
  },
  {
    what: 'PDF, with a file name',
    tool: 'bytes',
    answer: httpAnswer(
      200,
      { 'content-type': 'application/pdf', 'content-disposition': 'attachment; filename="../a b.pdf"' },
      PDF,
    ),
    result: {
      content: [
        {
          type: 'resource',
          resource: {
            uri: 'mcp-anything://answers/answers__bytes/a%20b.pdf',
            mimeType: 'application/pdf',
            blob: PDF.toString('base64'),
          },
        },
      ],
    },
  },
  ...(
    [
      ['gzip', gzipSync],
      ['br', brotliCompressSync],
      ['deflate', deflateSync],
    ] as const
  ).map(([coding, compress]) => ({
    what: coding,
    tool: 'json',
    answer: httpAnswer(200, { ...JSON_TYPE, 'content-encoding': coding }, compress('{"packed":true}')),
    result: { content: text('{"packed":true}'), structuredContent: { packed: true } },
  })),
  {
    what: '204',
    tool: 'remove',
    answer: Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'),
    result: { content: text('204 No Content') },
  },
  {
    what: '205',
    tool: 'json',
    answer: httpAnswer(205, {}),
    result: { content: text('204 No Content') },
  },
  {
    what: '200 without content',
    tool: 'json',
    answer: httpAnswer(200, JSON_TYPE),
    result: { content: text('200 OK, without content.') },
  },
  {
    what: 'an answer to HEAD',
    tool: 'head',
    answer: Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 7\r\nETag: "a"\r\n\r\n'),
    result: { content: text('204 No Content\nHEAD answered 200 OK.\ncontent-length: 7\netag: "a"') },
  },
  {
    what: 'problem+json',
    tool: 'json',
    answer: httpAnswer(
      422,
      { 'content-type': 'application/problem+json' },
      '{"title":"Invalid","detail":"No.","errors":[{"pointer":"#/a","detail":"too long"}]}',
    ),
    result: {
      content: text(
        'The API answered 422 Unprocessable Entity: Invalid. No.\n- #/a: too long',
        '{"title":"Invalid","detail":"No.","errors":[{"pointer":"#/a","detail":"too long"}]}',
      ),
      isError: true,
      _meta: { 'mcp-anything/status': 422 },
    },
  },
  {
    what: 'an error with Retry-After',
    tool: 'json',
    answer: httpAnswer(429, { 'content-type': 'text/plain', 'retry-after': '30' }, 'slow down'),
    result: {
      content: text('The API answered 429 Too Many Requests.', 'slow down', 'Retry after 30 s.'),
      isError: true,
      _meta: { 'mcp-anything/status': 429, 'mcp-anything/retry-after': 30 },
    },
  },
  {
    what: 'HTML where JSON was promised',
    tool: 'json',
    answer: httpAnswer(200, { 'content-type': 'text/html' }, '<h1>Log in</h1>'),
    result: {
      content: text(
        'The API answered 200 OK with an HTML page where JSON was promised; often that is a login or an error page.',
        '<h1>Log in</h1>',
      ),
      isError: true,
      _meta: { 'mcp-anything/status': 200 },
    },
  },
  {
    what: 'HTML where it was not',
    tool: 'text',
    answer: httpAnswer(200, { 'content-type': 'text/html' }, '<h1>Page</h1>'),
    result: { content: text('<h1>Page</h1>') },
  },
  {
    what: 'ndjson',
    tool: 'lines',
    answer: httpAnswer(200, { 'content-type': 'application/x-ndjson' }, '{"a":1}\n{"a":2}\n'),
    result: { content: text('{"a":1}\n{"a":2}\n'), structuredContent: { result: [{ a: 1 }, { a: 2 }] } },
  },
  {
    what: 'multipart/mixed',
    tool: 'bytes',
    answer: httpAnswer(
      200,
      { 'content-type': 'multipart/mixed; boundary="x y"' },
      Buffer.concat([
        Buffer.from('--x y\r\nContent-Type: application/json\r\n\r\n{"a":1}\r\n'),
        Buffer.from('--x y\r\nContent-Type: image/png\r\n\r\n'),
        PNG,
        Buffer.from('\r\n--x y--\r\n'),
      ]),
    ),
    result: {
      content: [
        { type: 'text', text: '{"a":1}' },
        { type: 'image', data: PNG.toString('base64'), mimeType: 'image/png' },
      ],
    },
  },
  {
    what: 'a next page by Link',
    tool: 'json',
    answer: httpAnswer(200, { ...JSON_TYPE, link: '</json?page=3>; rel="next"' }, '{}'),
    result: {
      content: text('{}', 'There is a next page: call again with the same arguments and {"page":3}.'),
      structuredContent: {},
      _meta: { 'mcp-anything/next-page': { page: 3 } },
    },
  },
  {
    what: 'a redirect without end',
    tool: 'json',
    answer: httpAnswer(302, { location: '/json' }),
    result: {
      content: text('The API answered 302 Found, a redirect to /json that was not followed.'),
      isError: true,
      _meta: { 'mcp-anything/status': 302 },
    },
  },
  {
    what: 'compressed bytes that are none',
    tool: 'json',
    answer: httpAnswer(200, { ...JSON_TYPE, 'content-encoding': 'gzip' }, 'plain'),
    result: {
      content: text('HOST sent a compressed answer that cannot be decoded.'),
      isError: true,
    },
  },
  {
    what: 'a declared length over the limit',
    tool: 'json',
    answer: httpAnswer(200, JSON_TYPE, `"${'x'.repeat(20_000)}"`),
    result: {
      content: text(
        'The answer of HOST is larger than the 16,384 bytes allowed; ask for less, for example by a filter, fewer fields or a smaller page.',
      ),
      isError: true,
    },
  },
  {
    what: 'a small answer that unpacks to a large one',
    tool: 'json',
    answer: httpAnswer(
      200,
      { ...JSON_TYPE, 'content-encoding': 'gzip' },
      gzipSync(JSON.stringify('x'.repeat(200_000))),
    ),
    result: {
      content: text(
        'The answer of HOST is larger than the 16,384 bytes allowed; ask for less, for example by a filter, fewer fields or a smaller page.',
      ),
      isError: true,
    },
  },
  {
    what: 'an answer that is not HTTP',
    tool: 'remove',
    answer: Buffer.from('SSH-2.0-OpenSSH_9.6\r\n'),
    result: {
      content: text('HOST did not answer with valid HTTP. Whether the call took effect is not known.'),
      isError: true,
    },
  },
];

describe('what an agent gets', () => {
  let upstream: EchoServer;
  let wire: WireProxy;
  let host: string;
  beforeAll(async () => {
    upstream = await EchoServer.start();
    host = `127.0.0.1:${upstream.port}`;
    wire = await WireProxy.start({
      documents: { answers: wireFixture('answers.yaml', { 'upstream.example': host }) },
      upstream: { timeout: '800ms', max_response_body: '16KB' },
    });
  });
  afterAll(async () => {
    await wire[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  test.each(ANSWERS)('for $what', async ({ tool, answer, result }) => {
    upstream.answer = (_, socket) => socket.write(answer);
    const got = await wire.call(`answers__${tool}`);
    expect(JSON.parse(JSON.stringify(got).replaceAll(host, 'HOST'))).toEqual(result);
  });

  test('for an endless event stream: its beginning, and that it is only that', async () => {
    let sockets: Socket | null = null;
    upstream.answer = (_, socket) => {
      sockets = socket;
      socket.write(
        'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n',
      );
      let count = 0;
      const timer = setInterval(() => {
        const event = `data: ${count++}\n\n`;
        socket.write(`${event.length.toString(16)}\r\n${event}\r\n`);
      }, 20);
      socket.on('close', () => clearInterval(timer));
    };
    const got = await wire.call('answers__events');
    expect(got.isError).toBeUndefined();
    expect(resultText(got)).toMatch(/^data: 0\n\ndata: 1\n\n/);
    expect(got.content.at(-1)).toEqual({
      type: 'text',
      text: 'This is only the beginning: the stream did not end in the time and size allowed.',
    });
    expect(got._meta).toEqual({ 'mcp-anything/partial': true });
    await until(() => sockets?.destroyed === true, { what: 'the stream is closed' });
  });

  test('for a server that never answers', async () => {
    upstream.answer = () => {};
    const got = await wire.call('answers__json');
    expect(got.isError).toBe(true);
    expect(resultText(got)).toBe(`${host} did not answer within 0.8 s.`);
  });
});

describe('what an agent gets where the tool publishes an output schema', () => {
  let upstream: EchoServer;
  let wire: WireProxy;
  beforeAll(async () => {
    upstream = await EchoServer.start();
    const hosts = { 'upstream.example': `127.0.0.1:${upstream.port}` };
    wire = await WireProxy.start({
      documents: { answers: wireFixture('answers.yaml', hosts) },
      root: { tools: { output_schema: true } },
    });
    // The official client validates what it gets against the schemas that it has listed.
    await wire.client.listTools();
  });
  afterAll(async () => {
    await wire[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  test.each([
    ['pet', '{"id":1,"name":"a"}', { id: 1, name: 'a' }],
    ['pets', '[1,2]', { result: [1, 2] }],
  ])('as promised: %s', async (tool, body, structuredContent) => {
    upstream.answer = (_, socket) => socket.write(httpAnswer(200, JSON_TYPE, body));
    expect(await wire.call(`answers__${tool}`)).toEqual({ content: text(body), structuredContent });
  });

  test.each([
    ['pet', JSON_TYPE, '{"name":"a"}'],
    ['pets', JSON_TYPE, '["a"]'],
    ['pet', { 'content-type': 'text/plain' }, 'none'],
  ])('not as promised: %s', async (tool, headers, body) => {
    upstream.answer = (_, socket) => socket.write(httpAnswer(200, headers, body));
    const got = await wire.call(`answers__${tool}`);
    expect(got.isError).toBe(true);
    expect(got.structuredContent).toBeUndefined();
    expect(resultText(got)).toContain(body);
    expect(resultText(got)).toContain('The call was carried out.');
  });
});
