import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Caller, ToolCallContext } from '../../lib/call/hooks.js';
import type { JsonObject } from '../../lib/json.js';
import type { UpstreamClient } from '../../lib/table/routingTable.js';
import { EchoServer, headerOf, httpAnswer } from '../support/echoServer.js';
import { until } from '../support/until.js';
import { Calling, textOf } from './calling.js';
import { body, parameter, plan } from './plans.js';

const pets = plan({
  path: '/pets/{petId}',
  parameters: [
    parameter({ name: 'petId', in: 'path', types: ['integer'] }),
    parameter({ name: 'X-Tenant', in: 'header', types: ['string'] }),
  ],
});
const tool = {
  plan: pets,
  operation: 'GET /pets/{petId}',
  inputSchema: {
    type: 'object',
    properties: { petId: { type: 'integer' }, 'X-Tenant': { type: 'string' } },
    required: ['petId'],
  },
};

let server: EchoServer;
let calling: Calling;

beforeEach(async () => {
  server = await EchoServer.start();
  calling = await Calling.to(server.url);
});
afterEach(async () => {
  await calling[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

describe('a call', () => {
  test('is counted and timed', async () => {
    await calling.call(tool, { petId: 1 });
    expect(server.take().line).toBe('GET /pets/1 HTTP/1.1');
    expect(await calling.outcomes()).toEqual({ ok: 1 });
    const { values } = await calling.metrics.toolCallDuration.get();
    expect(values.find(({ metricName }) => metricName?.endsWith('_count'))).toMatchObject({
      value: 1,
      labels: { upstream: 'api' },
    });
  });

  test('is told to the log at debug level only', async () => {
    await calling.call(tool, { petId: 1 });
    expect(calling.log.lines.map(({ level }) => level)).toEqual(['debug']);
  });

  test.each<[string, unknown, string]>([
    [
      'wrong arguments',
      { petId: 'abc' },
      'The arguments of tool are not valid; nothing was sent.\npetId: must be integer, got "abc"',
    ],
    [
      'arguments that are no object',
      [1],
      'The arguments of tool are not valid; nothing was sent.\narguments: must be an object',
    ],
    [
      'arguments that are text',
      'x',
      'The arguments of tool are not valid; nothing was sent.\narguments: must be an object',
    ],
    [
      'no arguments where some are required',
      undefined,
      'The arguments of tool are not valid; nothing was sent.\npetId: is required (integer)',
    ],
    [
      '10 MB of arguments',
      { petId: 'x'.repeat(10 * 1024 * 1024) },
      'The arguments of tool are not valid; nothing was sent.\npetId: must not exceed 8 MB, together with the other arguments',
    ],
    [
      'a thousand levels',
      { petId: JSON.parse(`${'['.repeat(1_000)}${']'.repeat(1_000)}`) },
      'The arguments of tool are not valid; nothing was sent.\npetId: must not be nested more than 64 levels deep',
    ],
  ])('with %s sends nothing and says what to fix', async (_, args, text) => {
    const result = await calling.call(tool, args);
    expect([result.isError, textOf(result)]).toEqual([true, text]);
    expect(server.requests).toEqual([]);
    expect(await calling.outcomes()).toEqual({ invalid_arguments: 1 });
  });

  test('takes more than 8 MB where the host allows it', async () => {
    const big = {
      plan: plan({ method: 'POST', body: body({ types: ['string'] }) }),
      inputSchema: { type: 'object', properties: { body: {} } },
    };
    const result = await calling.call(
      big,
      { body: 'x'.repeat(9 * 1024 * 1024) },
      { argumentLimit: 10 * 1024 * 1024 },
    );
    expect(result.isError).toBeUndefined();
  });

  test('is not validated when the config says so, but never sent broken', async () => {
    const lenient = await Calling.to(server.url, { upstream: { validation: { validate_request: false } } });
    expect((await lenient.call(tool, { petId: 'abc', unknown: 1 })).isError).toBeUndefined();
    expect(textOf(await lenient.call(tool, {}))).toContain('petId: is required');
    expect(server.take().line).toBe('GET /pets/abc HTTP/1.1');
    await lenient[Symbol.asyncDispose]();
  });

  test.each<[number, JsonObject]>([
    [404, { upstream_error: 1 }],
    [503, { upstream_error: 1 }],
    [204, { ok: 1 }],
  ])('counts a %i as it is', async (status, outcomes) => {
    server.answer = (_, socket) => socket.write(httpAnswer(status, {}));
    await calling.call(tool, { petId: 1 });
    expect(await calling.outcomes()).toEqual(outcomes);
  });

  test('without an answer is a failure; a write may have had its effect', async () => {
    server.answer = (_, socket) => socket.end('nonsense\r\n\r\n');
    const host = `127.0.0.1:${server.port}`;
    expect(textOf(await calling.call(tool, { petId: 1 }))).toBe(`${host} did not answer with valid HTTP.`);
    expect(textOf(await calling.call({ plan: plan({ method: 'POST' }) }))).toBe(
      `${host} did not answer with valid HTTP. Whether the call took effect is not known.`,
    );
    expect(await calling.outcomes()).toEqual({ failure: 2 });
  });

  test('that the circuit breaker does not let through is told apart from one that a rule refuses', async () => {
    server.answer = (_, socket) => socket.write(httpAnswer(500, {}));
    await using guarded = await Calling.to(server.url, {
      upstream: { circuit_breaker: 'b' },
      root: { circuit_breakers: { b: { threshold: 0.5, min_requests: 2, fallback_duration: '1m' } } },
    });
    for (let count = 0; count < 5; count += 1) await guarded.call(tool, { petId: 1 });
    expect(await guarded.outcomes()).toEqual({ upstream_error: 2, circuit_open: 3 });
  });

  test('that the caller leaves rejects with the reason, and counts as cancelled', async () => {
    server.answer = () => {};
    const caller = new AbortController();
    const result = calling.call(tool, { petId: 1 }, { signal: caller.signal });
    await until(() => server.requests.length === 1);
    const reason = new Error('left');
    caller.abort(reason);
    await expect(result).rejects.toBe(reason);
    expect(await calling.outcomes()).toEqual({ cancelled: 1 });
  });

  test('that fails inside the proxy shows nothing of the cause', async () => {
    const entry = calling.entry(tool);
    const client: UpstreamClient = {
      circuitState: null,
      send: () => Promise.reject(new TypeError('pl4nted')),
      close: async () => {},
    };
    const result = await calling.call({ ...entry, upstream: { ...entry.upstream, client } }, { petId: 1 });
    expect([result.isError, textOf(result)]).toEqual([true, 'The proxy could not carry out this call.']);
    expect(calling.log.of('error')).toHaveLength(1);
  });
});

describe('the hook', () => {
  test('learns of the call, with arguments as they will be sent', async () => {
    const seen: ToolCallContext[] = [];
    const caller: Caller = { id: 'ann', scopes: ['read'], claims: { sub: 'ann' } };
    await calling.call(
      tool,
      { petId: 1, 'X-Tenant': null },
      { caller, onToolCall: (context) => void seen.push(context) },
    );
    expect(seen).toEqual([
      {
        tool: 'tool',
        upstream: 'api',
        operation: 'GET /pets/{petId}',
        endpoint: '/mcp',
        arguments: { petId: 1 },
        caller,
        request: null,
      },
    ]);
  });

  test('sets headers over those of the arguments', async () => {
    await calling.call(
      tool,
      { petId: 1, 'X-Tenant': 'argument' },
      { onToolCall: async () => ({ headers: { 'X-Tenant': 'häst' } }) },
    );
    expect(headerOf(server.take(), 'x-tenant')).toBe(Buffer.from('häst').toString('latin1'));
  });

  test('denies with its own sentence', async () => {
    const result = await calling.call(
      tool,
      { petId: 1 },
      { onToolCall: () => ({ deny: 'Not on Sundays.' }) },
    );
    expect([result.isError, textOf(result)]).toEqual([true, 'Not on Sundays.']);
    expect(server.requests).toEqual([]);
    expect(await calling.outcomes()).toEqual({ denied: 1 });
  });

  test.each<[string, () => never | { headers: Record<string, string> }]>([
    [
      'throws',
      () => {
        throw new Error('pl4nted');
      },
    ],
    ['returns a header with a line break', () => ({ headers: { a: 'x\r\nb: c' } })],
    ['returns a header name that is none', () => ({ headers: { 'a b': 'c' } })],
  ])('that %s denies the call and tells the operator', async (_, onToolCall) => {
    const result = await calling.call(tool, { petId: 1 }, { onToolCall });
    expect([result.isError, textOf(result)]).toEqual([true, 'This call was not allowed.']);
    expect(calling.log.of('error')).toHaveLength(1);
    expect(server.requests).toEqual([]);
  });

  test('that hangs does not hold a call whose caller has left', async () => {
    const caller = new AbortController();
    const onToolCall = () => new Promise<undefined>(() => {});
    const result = calling.call(tool, { petId: 1 }, { signal: caller.signal, onToolCall });
    const reason = new Error('left');
    caller.abort(reason);
    await expect(result).rejects.toBe(reason);
  });

  test('is not asked about calls that are refused anyway', async () => {
    const asked: ToolCallContext[] = [];
    await calling.call(tool, {}, { onToolCall: (context) => void asked.push(context) });
    expect(asked).toEqual([]);
  });

  test('framing headers are not its to set', async () => {
    const headers = { 'Content-Length': '5', 'Transfer-Encoding': 'chunked', Connection: 'close' };
    expect(
      (await calling.call(tool, { petId: 1 }, { onToolCall: () => ({ headers }) })).isError,
    ).toBeUndefined();
    expect(headerOf(server.take(), 'transfer-encoding')).toBeUndefined();
  });
});

describe('the gate', () => {
  test('refuses with its sentence, after the hook and before anything is sent', async () => {
    const order: string[] = [];
    const result = await calling.call(
      tool,
      { petId: 1 },
      {
        onToolCall: () => void order.push('hook'),
        gate: async (entry) => {
          order.push(`gate ${entry.upstream.name}`);
          return 'Too many calls; try again in 3 s.';
        },
      },
    );
    expect([result.isError, textOf(result)]).toEqual([true, 'Too many calls; try again in 3 s.']);
    expect(order).toEqual(['hook', 'gate api']);
    expect(await calling.outcomes()).toEqual({ denied: 1 });
  });

  test('lets pass with null', async () => {
    expect((await calling.call(tool, { petId: 1 }, { gate: () => null })).isError).toBeUndefined();
  });
});

test('a planted secret is in no result, log line, metric or error, whatever fails', async () => {
  const secret = 'pl4nted-s3cret';
  const issuer = await EchoServer.start();
  issuer.answer = (_, socket) => socket.write(httpAnswer(200, {}, `{"access_token":"${secret}"}`));
  const credentials = [
    { strategy: 'bearer', bearer: { token_env: 'S' } },
    { strategy: 'api_key', api_key: { query: 'key', value_env: 'S' } },
    { strategy: 'basic', basic: { username_env: 'S', password_env: 'S' } },
    {
      strategy: 'oauth2_client_credentials',
      oauth2_client_credentials: { token_url: `${issuer.url}/t`, client_id: 'i', client_secret: secret },
    },
  ];
  const answers: ((line: string) => Buffer)[] = [
    () => httpAnswer(500, {}),
    () => httpAnswer(302, { location: `/${'x'.repeat(20)}?key=${secret}` }),
    () => httpAnswer(200, { link: `</x?key=${secret}>; rel="next"` }),
    () => httpAnswer(200, { 'content-encoding': 'gzip' }, 'no gzip'),
    () => Buffer.from('nonsense\r\n\r\n'),
    () => httpAnswer(401, {}, `{"error":"${secret} is not valid"}`),
    () =>
      httpAnswer(
        200,
        { 'content-type': 'application/json' },
        `{"headers":{"Authorization":"Bearer ${secret}"}}`,
      ),
  ];
  const shown: unknown[] = [];
  for (const outbound_auth of credentials) {
    const one = await Calling.to(server.url, {
      env: { S: secret },
      upstream: { outbound_auth, headers: { 'X-S': secret } },
    });
    for (const answer of answers) {
      server.answer = (request, socket) => socket.write(answer(request.line));
      shown.push(await one.call(tool, { petId: 1 }));
    }
    shown.push(one.log.lines, await one.metrics.registry.metrics(), await one.call(tool, { petId: 'x' }));
    await one[Symbol.asyncDispose]();
  }
  await issuer[Symbol.asyncDispose]();
  expect(server.requests.length).toBeGreaterThan(20);
  expect(JSON.stringify(shown).includes(secret)).toBe(false);
  expect(JSON.stringify(shown).includes(Buffer.from(`${secret}:${secret}`).toString('base64'))).toBe(false);
});
