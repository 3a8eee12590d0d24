import { createServer } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FailureKind, UpstreamFailure } from '../../lib/call/upstreamClient.js';
import type { UpstreamRequest, UpstreamResponse } from '../../lib/table/routingTable.js';
import { EchoServer, headerOf, httpAnswer } from '../support/echoServer.js';
import { until } from '../support/until.js';
import { Calling, type CallingOptions } from './calling.js';

let server: EchoServer;
let other: EchoServer;
const open: Calling[] = [];

beforeEach(async () => {
  [server, other] = await Promise.all([EchoServer.start(), EchoServer.start()]);
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((calling) => calling[Symbol.asyncDispose]()));
  await Promise.all([server[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
});

async function client(upstream: object = {}, options: CallingOptions = {}): Promise<Calling> {
  const calling = await Calling.to(server.url, { ...options, upstream });
  open.push(calling);
  return calling;
}

function request(draft: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    method: 'GET',
    url: `${server.url}/x`,
    headers: { accept: '*/*' },
    body: null,
    security: null,
    ...draft,
  };
}

const never = new AbortController().signal;

async function failure(sent: Promise<UpstreamResponse>): Promise<UpstreamFailure> {
  const error: unknown = await sent.then(
    () => new Error('an answer came'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof UpstreamFailure)) throw error;
  return error;
}

function text(response: UpstreamResponse): string {
  return Buffer.from(response.body).toString();
}

describe('time and size', () => {
  test('an upstream that never answers is a timeout', async () => {
    server.answer = () => {};
    const { client: http } = await client({ timeout: '100ms' });
    const start = performance.now();
    const failed = await failure(http.send(request(), never));
    expect(failed.kind).toBe('timeout');
    expect(failed.message).toBe(`127.0.0.1:${server.port} did not answer within 0.1 s.`);
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  test('a drip of bytes does not put the timeout off', async () => {
    const timers: NodeJS.Timeout[] = [];
    server.answer = (_, socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
      timers.push(setInterval(() => socket.write('x'), 10));
    };
    const { client: http } = await client({ timeout: '150ms' });
    const start = performance.now();
    const failed = await failure(http.send(request(), never));
    expect(failed.kind).toBe('timeout');
    expect(performance.now() - start).toBeLessThan(1_000);
    for (const timer of timers) clearInterval(timer);
    await firstConnectionEnds();
  });

  test('a declared length over the limit is refused before the body comes', async () => {
    server.answer = (_, socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n');
    const { client: http } = await client({ max_response_body: '10KB' });
    expect(await failure(http.send(request(), never))).toMatchObject({
      kind: 'too_large',
      message: expect.stringContaining('10,240 bytes'),
    });
  });

  test('a chunked body over the limit ends the connection', async () => {
    server.answer = (_, socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
      for (let at = 0; at < 10; at += 1) socket.write(chunk);
    };
    const { client: http } = await client({ max_response_body: '100KB' });
    expect((await failure(http.send(request(), never))).kind).toBe('too_large');
    await firstConnectionEnds();
  });

  test('a gzip bomb is counted by what comes out of it', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024));
    server.answer = (_, socket) => socket.write(httpAnswer(200, { 'content-encoding': 'gzip' }, bomb));
    const { client: http } = await client({ max_response_body: '1MB' });
    const before = process.memoryUsage().arrayBuffers;
    expect((await failure(http.send(request(), never))).kind).toBe('too_large');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * 1024 * 1024);
  });

  test('a body of exactly the limit passes', async () => {
    server.answer = (_, socket) => socket.write(httpAnswer(200, {}, 'x'.repeat(1024)));
    const { client: http } = await client({ max_response_body: '1KB' });
    expect((await http.send(request(), never)).body.length).toBe(1024);
  });

  test('an endless event stream gives what came before the timeout, marked', async () => {
    server.answer = (_, socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n');
      setTimeout(() => socket.write('data: 2\n\n'), 10);
    };
    const { client: http } = await client({ timeout: '200ms' });
    const response = await http.send(request(), never);
    expect(text(response)).toBe('data: 1\n\ndata: 2\n\n');
    expect(response.partial).toBe(true);
    await firstConnectionEnds();
  });

  test('an endless stream that is compressed gives what can be decoded', async () => {
    server.answer = (_, socket) => {
      const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ncontent-encoding: gzip\r\n\r\n';
      const whole = gzipSync(Buffer.from('{"a":1}\n'.repeat(1_000)), { level: 0 });
      socket.write(Buffer.concat([Buffer.from(head), whole.subarray(0, 4_000)]));
    };
    const { client: http } = await client({ timeout: '200ms' });
    const response = await http.send(request(), never);
    expect(response.partial).toBe(true);
    expect(text(response).startsWith('{"a":1}\n{"a":1}\n')).toBe(true);
  });

  test('a fast endless stream ends at the size limit', async () => {
    server.answer = (_, socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n\r\n');
      socket.write('{"a":1}\n'.repeat(10_000));
    };
    const { client: http } = await client({ max_response_body: '1KB' });
    const response = await http.send(request(), never);
    expect([response.body.length, response.partial]).toEqual([1024, true]);
  });
});

describe('content codings', () => {
  const plain = Buffer.from('{"a":"é"}');
  test.each<[string, Buffer]>([
    ['gzip', gzipSync(plain)],
    ['x-gzip', gzipSync(plain)],
    ['GZIP', gzipSync(plain)],
    ['br', brotliCompressSync(plain)],
    ['deflate', deflateSync(plain)],
    ['deflate', deflateRawSync(plain)],
    ['identity', plain],
    ['gzip, br', brotliCompressSync(gzipSync(plain))],
  ])('%s is undone', async (coding, bytes) => {
    server.answer = (_, socket) => socket.write(httpAnswer(200, { 'content-encoding': coding }, bytes));
    const { client: http } = await client();
    expect(text(await http.send(request(), never))).toBe(plain.toString());
  });

  test.each<[string, string, Buffer]>([
    ['an unknown coding', 'lzma', plain],
    ['what is no gzip', 'gzip', plain],
    ['a gzip that is cut', 'gzip', gzipSync(Buffer.alloc(9_999, 'ab')).subarray(0, 30)],
    ['codings without end', 'gzip, gzip, gzip, gzip', plain],
  ])('%s is a protocol failure', async (_, coding, bytes) => {
    server.answer = (__, socket) => socket.write(httpAnswer(200, { 'content-encoding': coding }, bytes));
    const { client: http } = await client();
    expect((await failure(http.send(request(), never))).kind).toBe('protocol');
  });

  test('a 204 with a coding and no body is no failure', async () => {
    server.answer = (_, socket) => socket.write('HTTP/1.1 204 No Content\r\ncontent-encoding: gzip\r\n\r\n');
    const { client: http } = await client();
    expect((await http.send(request(), never)).status).toBe(204);
  });
});

describe('broken connections', () => {
  test.each([
    ['GET', 3],
    ['HEAD', 3],
    ['PUT', 3],
    ['DELETE', 3],
    ['OPTIONS', 3],
    ['POST', 1],
    ['PATCH', 1],
  ])('%s on a connection that closes without an answer is sent %i times', async (method, times) => {
    server.answer = (_, socket) => socket.destroy();
    const { client: http } = await client();
    const failed = await failure(http.send(request({ method }), never));
    expect(failed.kind).toBe('connect');
    expect(server.requests).toHaveLength(times);
  });

  test('the second attempt may succeed', async () => {
    server.answer = (_, socket) => {
      if (server.requests.length < 2) socket.destroy();
      else socket.write(httpAnswer(200, {}, 'ok'));
    };
    const { client: http } = await client();
    expect(text(await http.send(request(), never))).toBe('ok');
  });

  test('retries honour the deadline', async () => {
    const port = await unusedPort();
    const { client: http } = await client({ timeout: '100ms', base_url: `http://127.0.0.1:${port}` });
    const start = performance.now();
    const failed = await failure(http.send(request({ url: `http://127.0.0.1:${port}/x` }), never));
    expect(['timeout', 'connect']).toContain(failed.kind);
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  test('an answer that breaks off is not asked for again', async () => {
    server.answer = (_, socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc');
    const { client: http } = await client();
    expect((await failure(http.send(request(), never))).kind).toBe('connect');
    expect(server.requests).toHaveLength(1);
  });

  test('a status is never a reason to send again', async () => {
    server.answer = (_, socket) => socket.write(httpAnswer(503, {}));
    const { client: http } = await client();
    expect((await http.send(request(), never)).status).toBe(503);
    expect(server.requests).toHaveLength(1);
  });

  test.each<[string, string, FailureKind, RegExp]>([
    ['nothing listens', 'http://127.0.0.1:1', 'connect', /^127\.0\.0\.1:1 refused the connection\.$/],
    [
      'the name does not resolve',
      'http://does-not-exist.invalid',
      'connect',
      /^does-not-exist\.invalid (?:has no address|cannot be looked up)/,
    ],
  ])('%s: a sentence that names the host only', async (_, base_url, kind, message) => {
    const { client: http } = await client({ base_url, timeout: '5s' }, { server: base_url });
    const failed = await failure(http.send(request({ url: `${base_url}/secret?key=value` }), never));
    expect(failed.kind).toBe(kind);
    expect(failed.message).toMatch(message);
  });

  test('what is no HTTP is a protocol failure', async () => {
    server.answer = (_, socket) => socket.end('SSH-2.0-OpenSSH_9\r\n');
    const { client: http } = await client();
    expect(await failure(http.send(request(), never))).toMatchObject({
      kind: 'protocol',
      message: `127.0.0.1:${server.port} did not answer with valid HTTP.`,
    });
  });
});

describe('redirects', () => {
  function redirect(to: string, status = 302): void {
    server.answer = (got, socket) =>
      socket.write(
        got.line.includes(' /x') ? httpAnswer(status, { location: to }) : httpAnswer(200, {}, 'there'),
      );
  }

  test.each([301, 302, 303, 307, 308])(
    'GET follows %i within the origin, with everything it carried',
    async (status) => {
      redirect('/y?a=1', status);
      const { client: http } = await client({ headers: { 'X-Own': 'kept' } });
      expect(text(await http.send(request({ headers: { accept: 'a/b', 'x-arg': '1' } }), never))).toBe(
        'there',
      );
      const [, second] = server.requests;
      expect(second?.line).toBe('GET /y?a=1 HTTP/1.1');
      expect(second && headerOf(second, 'x-own')).toBe('kept');
      expect(second && headerOf(second, 'x-arg')).toBe('1');
    },
  );

  test.each<[number, string, string]>([
    [301, 'POST', ''],
    [302, 'POST', ''],
    [303, 'POST', 'GET /y HTTP/1.1 '],
    [307, 'POST', 'POST /y HTTP/1.1 body'],
    [308, 'PUT', 'PUT /y HTTP/1.1 body'],
  ])('%i after %s leads to "%s"', async (status, method, next) => {
    redirect('/y', status);
    const { client: http } = await client();
    const body = Buffer.from('body');
    const response = await http.send(
      request({ method, body, headers: { 'content-type': 'text/plain' } }),
      never,
    );
    const second = server.requests[1];
    expect(second === undefined ? '' : `${second.line} ${second.body.toString()}`).toBe(next);
    if (next === '') expect([response.status, response.headers['location']]).toEqual([status, '/y']);
    if (next.startsWith('GET')) expect(second && headerOf(second, 'content-type')).toBeUndefined();
  });

  test('a write is not repeated at another origin', async () => {
    redirect(`${other.url}/y`, 307);
    const { client: http } = await client();
    const response = await http.send(request({ method: 'POST', body: Buffer.from('x') }), never);
    expect(response.status).toBe(307);
    expect(other.requests).toEqual([]);
  });

  test('more than five are not followed, and the last Location comes back', async () => {
    server.answer = (_, socket) => socket.write(httpAnswer(302, { location: `/x${server.requests.length}` }));
    const { client: http } = await client();
    const response = await http.send(request(), never);
    expect([response.status, response.headers['location']]).toEqual([302, '/x6']);
    expect(server.requests).toHaveLength(6);
  });

  test('another origin gets neither credentials nor configured, hook or argument headers', async () => {
    redirect(`${other.url}/y`);
    const { client: http } = await client(
      {
        headers: { 'X-Own': 'secret1' },
        outbound_auth: { strategy: 'bearer', bearer: { token_env: 'T' } },
      },
      { env: { T: 'secret2' } },
    );
    const headers = { accept: 'a/b', 'x-arg': 'secret3', cookie: 'a=secret4' };
    await http.send(request({ headers, hookHeaders: { 'x-hook': 'secret5' } }), never);
    const first = server.take();
    expect(headerOf(first, 'authorization')).toBe('Bearer secret2');
    const second = other.take();
    expect(second.headers.map(([name]) => name).sort()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'user-agent',
    ]);
    expect(JSON.stringify(second)).not.toContain('secret');
  });

  test('and back at the own origin they are there again', async () => {
    redirect(`${other.url}/y`);
    other.answer = (_, socket) => socket.write(httpAnswer(302, { location: `${server.url}/z` }));
    const { client: http } = await client({ headers: { 'X-Own': '1' } });
    expect(text(await http.send(request(), never))).toBe('there');
    expect(headerOf(server.requests[1] ?? server.take(), 'x-own')).toBe('1');
  });

  test.each<[string, string]>([
    ['a metadata address', 'http://169.254.169.254/latest/meta-data'],
    ['a metadata address in disguise', 'http://0xa9fea9fe/latest'],
    ['a private address', 'http://10.0.0.1/'],
    ['IPv6 loopback', 'http://[::1]:1/'],
    ['a name with a private address', 'http://localhost:1/'],
  ])('%s is refused, and the operator told once', async (_, location) => {
    redirect(location);
    const calling = await client();
    for (const time of [1, 2]) {
      const failed = await failure(calling.client.send(request(), never));
      expect([time, failed.kind]).toEqual([time, 'refused']);
      expect(failed.message).toContain('not allow');
    }
    expect(calling.log.of('warn')).toHaveLength(1);
  });

  test.each(['ftp://127.0.0.1/', 'javascript:alert(1)', 'http://[', 'file:///etc/passwd'])(
    'a redirect to %s is shown, not followed',
    async (location) => {
      redirect(location);
      const { client: http } = await client();
      const response = await http.send(request(), never);
      expect([response.status, response.headers['location']]).toEqual([302, location]);
    },
  );

  test('a credential in the Location is dropped', async () => {
    redirect(`http://user:pass@127.0.0.1:${other.port}/y`);
    const { client: http } = await client();
    await http.send(request(), never);
    expect(headerOf(other.take(), 'authorization')).toBeUndefined();
  });
});

describe('servers that a document names', () => {
  test('one on another origin gets no credentials, no configured and no hook headers', async () => {
    const { client: http } = await client(
      {
        headers: { 'X-Own': '1' },
        outbound_auth: { strategy: 'api_key', api_key: { query: 'key', value_env: 'K' } },
      },
      { env: { K: 'secret' } },
    );
    await http.send(
      request({
        url: `${other.url}/op?a=1`,
        headers: { accept: '*/*', 'x-arg': '1' },
        hookHeaders: { 'x-hook': '1' },
      }),
      never,
    );
    const got = other.take();
    expect(got.line).toBe('GET /op?a=1 HTTP/1.1');
    expect(['x-own', 'x-hook', 'x-arg'].map((name) => headerOf(got, name))).toEqual([
      undefined,
      undefined,
      '1',
    ]);
  });

  test('a private one is refused unless egress allows it', async () => {
    const url = 'http://localhost:1/op';
    const strict = await client();
    expect((await failure(strict.client.send(request({ url }), never))).kind).toBe('refused');
    const lax = await client({}, { root: { egress: { allow_private_spec_servers: true } } });
    expect((await failure(lax.client.send(request({ url }), never))).kind).toBe('connect');
  });

  test('without base_url, the own server of a document on disk may be private, but no metadata service', async () => {
    const local = await client({ base_url: undefined });
    expect((await local.client.send(request(), never)).status).toBe(200);
    const metadata = 'http://169.254.169.254';
    const hostile = await client({ base_url: undefined }, { server: metadata });
    expect((await failure(hostile.client.send(request({ url: `${metadata}/x` }), never))).kind).toBe(
      'refused',
    );
  });

  test('without base_url, a document from a URL may name private servers of its own host only', async () => {
    const openapi = { source: `http://127.0.0.1:${other.port}/openapi.json` };
    const same = await client({ base_url: undefined, openapi });
    expect((await same.client.send(request(), never)).status).toBe(200);
    const foreign = await client({
      base_url: undefined,
      openapi: { source: 'https://docs.example.com/openapi.json' },
    });
    expect((await failure(foreign.client.send(request(), never))).kind).toBe('refused');
  });
});

describe('what is sent with every request', () => {
  test('arguments give way to the config, the config to credentials, and all to the hook', async () => {
    const { client: http } = await client(
      {
        headers: { 'X-Tenant': 'config', Authorization: 'config', 'X-Hook': 'config' },
        outbound_auth: { strategy: 'basic', basic: { username_env: 'U', password_env: 'P' } },
      },
      { env: { U: 'user', P: 'pä:ss' } },
    );
    const headers = { accept: '*/*', 'x-tenant': 'argument', 'x-hook': 'argument' };
    await http.send(request({ headers, hookHeaders: { 'x-hook': 'hook' } }), never);
    const got = server.take();
    expect(headerOf(got, 'x-tenant')).toBe('config');
    expect(headerOf(got, 'authorization')).toBe(`Basic ${Buffer.from('user:pä:ss').toString('base64')}`);
    expect(headerOf(got, 'x-hook')).toBe('hook');
    await http.send(request({ hookHeaders: { authorization: 'Bearer caller' } }), never);
    expect(headerOf(server.take(), 'authorization')).toBe('Bearer caller');
  });

  test('a key in the query replaces an argument of its name, and is cut out of Link and Location', async () => {
    const { client: http } = await client(
      { outbound_auth: { strategy: 'api_key', api_key: { query: 'api key', value_env: 'K', prefix: '' } } },
      { env: { K: 's3cr3t-key/+' } },
    );
    server.answer = (_, socket) =>
      socket.write(httpAnswer(200, { link: '</x?api%20key=s3cr3t-key%2F%2B&page=2>; rel="next"' }));
    const response = await http.send(request({ url: `${server.url}/x?api%20key=evil&a=1` }), never);
    expect(server.take().line).toBe('GET /x?a=1&api%20key=s3cr3t-key%2F%2B HTTP/1.1');
    expect(response.headers['link']).toBe('</x?api%20key=***&page=2>; rel="next"');
  });

  test('a path is sent as it is, not as URL parsing would have it', async () => {
    const { client: http } = await client();
    await http.send(request({ url: `${server.url}/a/%2e%2e/b|c` }), never);
    expect(server.take().line).toBe('GET /a/%2e%2e/b|c HTTP/1.1');
  });
});

describe('cancellation and concurrency', () => {
  test('a caller that leaves ends the upstream request', async () => {
    server.answer = () => {};
    const { client: http } = await client();
    const caller = new AbortController();
    const sent = failure(http.send(request(), caller.signal));
    await until(() => server.requests.length === 1);
    caller.abort();
    expect((await sent).kind).toBe('aborted');
    await firstConnectionEnds();
  });

  test('a caller that has left already sends nothing', async () => {
    const { client: http } = await client();
    expect((await failure(http.send(request(), AbortSignal.abort()))).kind).toBe('aborted');
    expect(server.requests).toEqual([]);
  });

  test('no more than max_connections calls run at once; the others wait in order', async () => {
    const waiting: (() => void)[] = [];
    server.answer = (_, socket) => waiting.push(() => socket.write(httpAnswer(200, {}, 'ok')));
    const { client: http } = await client({ max_connections: 2 });
    const calls = [1, 2, 3, 4].map((at) => http.send(request({ url: `${server.url}/${at}` }), never));
    await until(() => waiting.length === 2);
    expect(server.connections).toBe(2);
    for (let done = 0; done < 4; done += 1) {
      await until(() => waiting.length > done);
      waiting[done]?.();
    }
    await Promise.all(calls);
    expect(server.requests.map(({ line }) => line.slice(4, 6))).toEqual(['/1', '/2', '/3', '/4']);
    expect(server.connections).toBe(2);
  });

  test('beyond the queue, calls are refused at once', async () => {
    server.answer = () => {};
    const { client: http } = await client({ max_connections: 1 });
    const callers = Array.from({ length: 257 }, () => new AbortController());
    const calls = callers.map(({ signal }) => failure(http.send(request(), signal)));
    const refused = await failure(http.send(request(), never));
    expect([refused.kind, refused.message]).toEqual([
      'refused',
      'Too many calls to this API are waiting already; try again later.',
    ]);
    for (const caller of callers) caller.abort();
    expect(new Set((await Promise.all(calls)).map(({ kind }) => kind))).toEqual(new Set(['aborted']));
  });

  test('a waiting call times out like any other', async () => {
    server.answer = () => {};
    const { client: http } = await client({ max_connections: 1, timeout: '100ms' });
    const [one, two] = await Promise.all([
      failure(http.send(request(), never)),
      failure(http.send(request(), never)),
    ]);
    expect([one.kind, two.kind]).toEqual(['timeout', 'timeout']);
  });

  test('connections are kept and used again', async () => {
    const { client: http } = await client();
    for (let at = 0; at < 10; at += 1) await http.send(request(), never);
    // undici may take a second one when the next call comes before it has put the first one back.
    expect(server.connections).toBeLessThanOrEqual(2);
  });

  test('close lets a running call finish', async () => {
    let answer = () => {};
    server.answer = (_, socket) => {
      answer = () => socket.write(httpAnswer(200, {}, 'late'));
    };
    const { client: http } = await client();
    const sent = http.send(request(), never);
    await until(() => server.requests.length === 1);
    const closed = http.close();
    answer();
    expect(text(await sent)).toBe('late');
    await closed;
    await http.close();
    await until(() => server.openConnections.length === 0);
  });
});

describe('the circuit breaker', () => {
  const breaker = {
    root: {
      circuit_breakers: {
        b: { threshold: 0.5, min_requests: 2, fallback_duration: '50ms', recovery_duration: '1ms' },
      },
    },
  };

  test('opens on failures, spares the upstream, and closes when a probe succeeds', async () => {
    server.answer = (_, socket) => socket.write(httpAnswer(500, {}));
    const calling = await client({ circuit_breaker: 'b' }, breaker);
    const state = () => calling.client.circuitState;
    expect(state()).toBe(0);
    await calling.client.send(request(), never);
    await calling.client.send(request(), never);
    expect(state()).toBe(2);
    const refused = await failure(calling.client.send(request(), never));
    expect([refused.kind, refused.message]).toEqual([
      'circuit_open',
      'This API has failed too often and gets a rest; try again in 1 s.',
    ]);
    expect(server.requests).toHaveLength(2);

    server.answer = (_, socket) => socket.write(httpAnswer(200, {}));
    await until(async () => (await calling.client.send(request(), never).catch(() => null)) !== null);
    await until(async () => {
      await calling.client.send(request(), never);
      return state() === 0;
    });
  });

  test('4xx answers, refusals and callers that leave do not open it', async () => {
    server.answer = (_, socket) => socket.write(httpAnswer(404, {}));
    const calling = await client({ circuit_breaker: 'b' }, breaker);
    for (let at = 0; at < 5; at += 1) {
      await calling.client.send(request(), never);
      await calling.client.send(request(), AbortSignal.abort()).catch(() => {});
    }
    expect((await calling.client.send(request(), never)).status).toBe(404);
  });
});

/** The connection that carried the request is cut (undici may open the next one at once). */
async function firstConnectionEnds(): Promise<void> {
  await until(() => !server.openConnections.includes(1));
}

async function unusedPort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 1;
}
