import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EchoServer, httpAnswer } from '../support/echoServer.js';
import { BODY_RULES, SWAGGER_RULES } from './bodyRules.js';
import { STYLE_RULES } from './styleRules.js';
import { VALUE_RULES } from './valueRules.js';
import { resultText, WireProxy, wireFixture } from './wireProxy.js';
import { requestText, tableText } from './wireRule.js';

const RULES = [...STYLE_RULES, ...VALUE_RULES, ...BODY_RULES, ...SWAGGER_RULES];

describe('every rule of a request, from the document to the bytes', () => {
  let upstream: EchoServer;
  let wire: WireProxy;
  const table: string[][] = [];

  beforeAll(async () => {
    upstream = await EchoServer.start();
    upstream.answer = ({ line }, socket) =>
      socket.write(
        line.startsWith('HEAD ')
          ? 'HTTP/1.1 204 No Content\r\n\r\n'
          : httpAnswer(200, { 'content-type': 'application/json' }, '{"ok":true}'),
      );
    const hosts = { 'upstream.example': `127.0.0.1:${upstream.port}` };
    wire = await WireProxy.start({
      documents: {
        openapi30: wireFixture('openapi-3.0.yaml', hosts),
        openapi31: wireFixture('openapi-3.1.yaml', hosts),
        openapi32: wireFixture('openapi-3.2.yaml', hosts),
        swagger20: wireFixture('swagger-2.0.yaml', hosts),
      },
      // What a client sends to the proxy is meant for the proxy.
      clientHeaders: { authorization: 'Bearer client', cookie: 'session=client', 'x-client': '1' },
    });
  });

  afterAll(async () => {
    await wire[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
    process.stdout.write(tableText(['rule', 'expected', 'got'], table));
  });

  test.each(RULES)('$rule ($tool)', async ({ rule, tool, args, expected }) => {
    const result = await wire.call(tool, args);
    const [, ...problems] = resultText(result).split('\n');
    const requests = upstream.requests.splice(0);
    const sent = requests.map((request) => requestText(request, `127.0.0.1:${upstream.port}`));
    const got = sent.length > 0 ? sent.join(' AND ') : `refused: ${problems.join('; ')}`;
    table.push([rule, expected, got]);
    expect(got).toBe(expected);
    expect(upstream.violations).toEqual([]);
    expect(result.isError ?? false).toBe(expected.startsWith('refused: '));
  });

  test('the documents have no operation that no rule is about', async () => {
    const { tools } = await wire.client.listTools();
    const called = new Set(RULES.map(({ tool }) => tool));
    expect(tools.map(({ name }) => name).filter((name) => !called.has(name))).toEqual([
      'openapi30__server_elsewhere',
    ]);
  });
});
