import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SourceError } from '../../lib/errors.js';
import { loadSource, type SourceRequest, type SourceSnapshot } from '../../lib/spec/source.js';
import { SpecServer } from '../support/specServer.js';

const TEXT = '{"openapi":"3.1.0","paths":{}}';
const OTHER = '{"openapi":"3.1.0","paths":{"/a":{}}}';
const never = new AbortController().signal;

let server: SpecServer;
beforeEach(async () => {
  server = await SpecServer.start(TEXT);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server[Symbol.asyncDispose]();
});

function request(options: Partial<SourceRequest> = {}): SourceRequest {
  return { location: server.url, authHeader: '', maxSize: 100_000, ...options };
}

async function load(previous: SourceSnapshot | null = null, options: Partial<SourceRequest> = {}) {
  return loadSource(request(options), previous, never);
}

async function failure(
  previous: SourceSnapshot | null = null,
  options: Partial<SourceRequest> = {},
  signal: AbortSignal = never,
): Promise<SourceError> {
  const error = await loadSource(request(options), previous, signal).then(
    () => 'loaded',
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SourceError);
  return error as SourceError;
}

const answer =
  (status: number, headers: Record<string, string> = {}, body: string | Buffer = ''): RequestListener =>
  (_, response) =>
    response.writeHead(status, headers).end(body);
const redirect = (location: string, status = 302) => answer(status, { Location: location });
const text = ({ bytes }: SourceSnapshot) => Buffer.from(bytes).toString();

describe('the first fetch', () => {
  test('keeps bytes, digest and validators as received', async () => {
    server.headers = { ETag: 'W/"v1"', 'Cache-Control': 'public, max-age=300' };
    const { result, snapshot } = await load();
    expect(result).toBe('changed');
    expect(text(snapshot)).toBe(TEXT);
    expect(snapshot).toMatchObject({
      location: server.url,
      sha256: createHash('sha256').update(TEXT).digest('hex'),
      etag: 'W/"v1"',
      lastModified: 'Mon, 06 Jan 2025 10:00:00 GMT',
      minimumInterval: 300_000,
    });
    expect(Date.now() - snapshot.fetchedAt).toBeLessThan(5_000);
  });

  test('introduces itself, sends the configured Authorization and no validators', async () => {
    await load(null, { authHeader: 'Bearer t0p' });
    expect(server.last?.headers).toMatchObject({
      authorization: 'Bearer t0p',
      'user-agent': expect.stringMatching(/^mcp-anything\/\d+\.\d+\.\d+/),
      accept: expect.stringContaining('application/yaml'),
      'accept-encoding': 'gzip, br',
    });
    expect(server.last?.headers).not.toHaveProperty('if-none-match');
    expect(server.last?.headers).not.toHaveProperty('if-modified-since');
  });

  test('credentials in the URL become a Basic header, unless one is configured', async () => {
    const location = server.url.replace('//', '//user:p%40ss@');
    await load(null, { location });
    expect(server.last?.headers.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
    await load(null, { location, authHeader: 'Bearer t0p' });
    expect(server.last?.headers.authorization).toBe('Bearer t0p');
  });

  test.each([
    ['gzip', gzipSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
  ])('a body sent as %s is decoded', async (coding, body) => {
    server.next(answer(200, { 'Content-Encoding': coding }, body));
    expect(text((await load()).snapshot)).toBe(TEXT);
  });

  test('a gzip file is decompressed whatever it is called', async () => {
    server.document = gzipSync(TEXT);
    const { snapshot } = await load();
    expect(text(snapshot)).toBe(TEXT);
    expect((await load(snapshot)).result).toBe('not_modified');
  });

  test('the content type is not trusted: HTML is for the parser to refuse', async () => {
    server.next(answer(200, { 'Content-Type': 'text/html' }, TEXT));
    expect(text((await load()).snapshot)).toBe(TEXT);
  });
});

describe('a conditional fetch', () => {
  test.each([
    ['a strong ETag', '"v1"'],
    ['a weak ETag', 'W/"v1"'],
    ['an ETag with a compression suffix', '"v1-gzip"'],
  ])('sends %s back exactly as received; 304 keeps the bytes', async (_, etag) => {
    server.headers = { ETag: etag };
    const first = await load();
    const second = await load(first.snapshot);
    expect(server.last?.headers['if-none-match']).toBe(etag);
    expect(second.result).toBe('not_modified');
    expect(second.snapshot.bytes).toBe(first.snapshot.bytes);
    expect(second.snapshot.etag).toBe(etag);
  });

  test('sends If-Modified-Since as received where there is only Last-Modified', async () => {
    server.headers = { ETag: null };
    const { snapshot } = await load();
    expect((await load(snapshot)).result).toBe('not_modified');
    expect(server.last?.headers).toMatchObject({ 'if-modified-since': 'Mon, 06 Jan 2025 10:00:00 GMT' });
    expect(server.last?.headers).not.toHaveProperty('if-none-match');
  });

  test('new bytes within the same second of Last-Modified are a change all the same', async () => {
    server.headers = { ETag: null };
    const { snapshot } = await load();
    server.next(answer(200, { 'Last-Modified': 'Mon, 06 Jan 2025 10:00:00 GMT' }, OTHER));
    const second = await load(snapshot);
    expect(second.result).toBe('changed');
    expect(text(second.snapshot)).toBe(OTHER);
  });

  test('a 304 without headers keeps the stored validators and interval', async () => {
    server.headers = { 'Cache-Control': 'max-age=60' };
    const { snapshot } = await load();
    server.next(answer(304));
    const second = await load(snapshot);
    expect(second.result).toBe('not_modified');
    expect(second.snapshot).toMatchObject({
      etag: snapshot.etag,
      lastModified: snapshot.lastModified,
      minimumInterval: 60_000,
    });
  });

  test('a 304 with new validators brings them', async () => {
    const { snapshot } = await load();
    server.next(answer(304, { ETag: '"v2"', 'Last-Modified': 'Tue, 07 Jan 2025 10:00:00 GMT' }));
    expect((await load(snapshot)).snapshot).toMatchObject({
      etag: '"v2"',
      lastModified: 'Tue, 07 Jan 2025 10:00:00 GMT',
    });
  });

  test('a 304 that was not asked for is asked past, once', async () => {
    server.next(answer(304, { ETag: '"v1"' }));
    expect((await load()).result).toBe('changed');
    expect(server.requests).toHaveLength(2);
    expect(server.last?.headers).toMatchObject({ 'cache-control': 'no-cache' });
    expect(server.last?.headers).not.toHaveProperty('if-none-match');

    server.next(answer(304), answer(304));
    expect((await failure()).message).toBe('must answer 200, answered 304 to a request without validators');
  });

  test('412 drops the validators and asks once more', async () => {
    const { snapshot } = await load();
    server.document = OTHER;
    server.next(answer(412));
    const second = await load(snapshot);
    expect(second.result).toBe('changed');
    expect(server.requests.slice(1).map(({ headers }) => headers['if-none-match'])).toEqual([
      snapshot.etag,
      undefined,
    ]);
    server.next(answer(412), answer(412));
    expect((await failure(snapshot)).message).toBe('must answer 200, answered 412');
  });

  test('the same bytes with other validators are unchanged, and the new validators are kept', async () => {
    const first = await load();
    server.headers = { ETag: '"edge-2"', 'Last-Modified': null };
    const second = await load(first.snapshot);
    expect(second.result).toBe('unchanged');
    expect(second.snapshot.bytes).toBe(first.snapshot.bytes);
    expect(second.snapshot).toMatchObject({ etag: '"edge-2"', lastModified: null });
  });

  test('a server without validators is compared by digest', async () => {
    server.headers = { ETag: null, 'Last-Modified': null };
    const { snapshot } = await load();
    expect(snapshot).toMatchObject({ etag: null, lastModified: null, minimumInterval: null });
    expect((await load(snapshot)).result).toBe('unchanged');
    server.document = OTHER;
    expect((await load(snapshot)).result).toBe('changed');
  });

  test('the former snapshot is never changed', async () => {
    const { snapshot } = await load();
    const before = { ...snapshot, bytes: Buffer.from(snapshot.bytes) };
    Object.freeze(snapshot);
    server.document = OTHER;
    await load(snapshot);
    server.headers = { ETag: '"other"' };
    await load(snapshot);
    expect(snapshot).toEqual(before);
  });

  test('validators of another address are not sent', async () => {
    const { snapshot } = await load();
    const second = await load(snapshot, { location: `${server.origin}/other.json` });
    expect(second.result).toBe('changed');
    expect(server.last?.headers).not.toHaveProperty('if-none-match');
  });

  test.each([
    [{ 'Cache-Control': 'max-age=120' }, 120_000],
    [{ 'Cache-Control': 'max-age=120', Age: '50' }, 70_000],
    [{ 'Cache-Control': 'no-cache, max-age=120' }, null],
    [{ 'Cache-Control': 's-maxage=120' }, null],
    [{ 'Cache-Control': 'max-age=soon' }, null],
    [{ 'Retry-After': '30' }, 30_000],
    [{ 'Retry-After': '30', 'Cache-Control': 'max-age=10' }, 30_000],
    [{ 'Retry-After': 'Mon, 06 Jan 2025 10:00:00 GMT' }, 0],
  ])('%j asks for an interval of %s ms', async (headers, interval) => {
    server.headers = headers as Record<string, string>;
    expect((await load()).snapshot.minimumInterval).toBe(interval);
  });
});

describe('answers that are no version', () => {
  test.each([204, 206, 300, 400, 401, 404, 500])('%i is one line and keeps no body', async (status) => {
    server.next(answer(status, {}, 'secret body'));
    const error = await failure();
    expect(error).toMatchObject({ stage: 'fetch', source: server.url, retryAfter: null });
    expect(error.message).toBe(`must answer 200, answered ${status}`);
  });

  test.each([429, 503])('%i carries Retry-After', async (status) => {
    server.next(answer(status, { 'Retry-After': '7' }));
    expect((await failure()).retryAfter).toBe(7_000);
    server.next(answer(status, { 'Retry-After': new Date(Date.now() + 90_000).toUTCString() }));
    const { retryAfter } = await failure();
    expect(retryAfter).toBeGreaterThan(80_000);
    expect(retryAfter).toBeLessThanOrEqual(90_000);
  });

  test('nobody listening', async () => {
    const location = server.url;
    await server[Symbol.asyncDispose]();
    expect((await failure(null, { location })).message).toBe('cannot be fetched: ECONNREFUSED');
  });

  test('no secret of the request is in the error', async () => {
    server.next(answer(500));
    const error = await failure(null, {
      location: `${server.url.replace('//', '//user:s3cret@')}?token=s3cret`,
      authHeader: 'Bearer s3cret',
    });
    expect(error.source).toBe(`${server.url}?token=…`);
    expect(JSON.stringify([error.message, error.problems, error.source, error.cause ?? null])).not.toContain(
      's3cret',
    );
    expect(String(error.stack)).not.toContain('s3cret');
  });

  test('a server that never answers, and one that drips, end with the deadline', async () => {
    server.next(() => {});
    expect((await failure(null, {}, AbortSignal.timeout(50))).message).toBe(
      'must answer within the time limit',
    );
    let dripping: NodeJS.Timeout | undefined;
    server.next((_, response) => {
      response.writeHead(200, { 'Content-Length': 1_000 });
      dripping = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(dripping));
    });
    expect((await failure(null, {}, AbortSignal.timeout(100))).message).toBe(
      'must answer within the time limit',
    );
  });

  test('an overtaken load ends with the reason it was given', async () => {
    const controller = new AbortController();
    server.next(() => controller.abort('overtaken'));
    await expect(loadSource(request(), null, controller.signal)).rejects.toBe('overtaken');
  });
});

describe('bodies that are too large or not whole', () => {
  test('the decoded stream is capped, not the bytes on the wire', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    expect(bomb.length).toBeLessThan(100_000);
    const tooLarge = 'must be at most 100000 bytes (openapi.max_size), is larger';
    server.next(answer(200, { 'Content-Encoding': 'gzip' }, bomb));
    expect((await failure()).message).toBe(tooLarge);
    server.next(answer(200, {}, bomb));
    expect((await failure()).message).toBe(tooLarge);
    server.next(answer(200, {}, Buffer.alloc(100_001)));
    expect((await failure()).message).toBe(tooLarge);
    server.next(answer(200, {}, Buffer.alloc(100_000, ' ')));
    expect((await load()).result).toBe('changed');
  });

  test('an endless body is stopped at the cap', async () => {
    server.next((_, response) => {
      const more = () => {
        if (response.write(' '.repeat(10_000))) setImmediate(more);
        else response.once('drain', more);
      };
      response.on('error', () => {});
      more();
    });
    expect((await failure()).message).toContain('must be at most');
  });

  test.each([
    ['shorter than its Content-Length', `HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n${TEXT}`],
    ['without its last chunk', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n`],
  ])('a body %s is refused', async (_, raw) => {
    server.nextRaw(raw);
    expect((await failure()).message).toBe('must be sent whole, the body ended early');
  });

  test('a cut gzip body is refused even where the transfer looks whole', async () => {
    server.next(answer(200, { 'Content-Encoding': 'gzip' }, gzipSync(TEXT).subarray(0, 30)));
    expect((await failure()).message).toBe('must be whole and validly compressed (Z_BUF_ERROR)');
    server.next(answer(200, { 'Content-Encoding': 'gzip' }, 'no gzip at all'));
    expect((await failure()).message).toBe('must be whole and validly compressed (Z_DATA_ERROR)');
  });

  test('a coding that was not asked for is refused', async () => {
    server.next(answer(200, { 'Content-Encoding': 'zstd' }, 'x'));
    expect((await failure()).message).toBe('must be sent as gzip, br or without Content-Encoding');
  });

  test('a body that ends with the connection counts when it comes twice', async () => {
    const raw = (body: string) => `HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${body}`;
    server.nextRaw(raw(TEXT), raw(TEXT));
    const first = await load();
    expect(first.result).toBe('changed');
    expect(server.requests).toHaveLength(2);

    server.nextRaw(raw(TEXT.slice(0, 20)), raw(TEXT));
    expect((await failure()).message).toBe(
      'must be sent whole: it ends with the connection, and two fetches differ',
    );

    // What was whole before is whole now: no second fetch.
    server.nextRaw(raw(TEXT));
    expect((await load(first.snapshot)).result).toBe('unchanged');
    expect(server.requests).toHaveLength(5);
  });
});

describe('redirects', () => {
  test.each([301, 302, 303, 307, 308])(
    '%i is followed, with Authorization on the same origin',
    async (status) => {
      server.next(redirect('/moved.json?v=2', status));
      await load(null, { authHeader: 'Bearer t0p' });
      expect(server.last).toMatchObject({
        path: '/moved.json?v=2',
        headers: { authorization: 'Bearer t0p' },
      });
    },
  );

  test('three are followed, a fourth is not', async () => {
    server.next(redirect('/1'), redirect('/2'), redirect('/3'));
    expect((await load()).result).toBe('changed');
    server.next(redirect('/1'), redirect('/2'), redirect('/3'), redirect('/4'));
    expect((await failure()).message).toBe('must not be redirected more than 3 times');
  });

  test('another port is another origin: Authorization is dropped for good, validators are not', async () => {
    await using other = await SpecServer.start(OTHER);
    const { snapshot } = await load();
    server.next(redirect(`${other.origin}/there`), answer(200, {}, TEXT));
    other.next(redirect(`${server.origin}/back`));
    await load(snapshot, { authHeader: 'Bearer t0p' });
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      'Bearer t0p',
      undefined,
    ]);
    expect(other.last?.headers).not.toHaveProperty('authorization');
    expect(other.last?.headers['if-none-match']).toBe(snapshot.etag);
  });

  test('credentials that a redirect brings are not used', async () => {
    server.next(redirect(server.url.replace('//', '//mallory:x@')));
    await load();
    expect(server.last?.headers).not.toHaveProperty('authorization');
  });

  test('a private address of another host is refused, unless allowed', async () => {
    const elsewhere = server.url.replace('127.0.0.1', 'localhost');
    server.next(redirect(elsewhere));
    expect((await failure()).message).toBe(
      'localhost is a loopback address, which egress.allow_private_spec_servers does not allow',
    );
    expect(server.requests).toHaveLength(1);
    server.next(redirect(elsewhere));
    expect((await load(null, { allowPrivate: true })).result).toBe('changed');
  });

  test.each([
    ['http://169.254.169.254/latest/meta-data', '169.254.169.254 is a link-local or metadata address'],
    ['http://[::ffff:10.0.0.1]/', '::ffff:a00:1 is a private address'],
    ['http://0x7f.2/', '127.0.0.2 is a loopback address'],
    ['file:///etc/passwd', 'must redirect to http or https, got file:'],
    ['http://', 'must redirect to a valid URL'],
  ])('to %s is refused', async (target, problem) => {
    server.next(redirect(target));
    expect((await failure()).message).toContain(problem);
  });

  test('without Location is refused', async () => {
    server.next(answer(302));
    expect((await failure()).message).toBe('must redirect to somewhere, answered 302 without Location');
  });

  test('from https to http is refused', async () => {
    // A self-signed certificate; only this test accepts it.
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const pem = (name: string) => readFileSync(`test/fixtures/tls/localhost.${name}.pem`);
    const secure = createServer({ key: pem('key'), cert: pem('cert') }, (incoming, response) => {
      if (incoming.url === '/down') response.writeHead(302, { Location: `${server.url}?token=s3cret` }).end();
      else response.end(TEXT);
    }).listen(0, '127.0.0.1');
    await once(secure, 'listening');
    try {
      const origin = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`;
      expect((await load(null, { location: `${origin}/spec` })).result).toBe('changed');
      expect((await failure(null, { location: `${origin}/down` })).message).toBe(
        `must not be redirected from https to http, got ${server.url}?token=…`,
      );
      expect(server.requests).toHaveLength(0);
    } finally {
      secure.close();
    }
  });
});

test('no connection outlives a fetch, whatever came of it', async () => {
  server.next(redirect('/1'), answer(404));
  await failure();
  server.next(answer(200, { 'Content-Encoding': 'gzip' }, gzipSync(Buffer.alloc(1_000_000))));
  await failure();
  await load();
  // The server keeps idle connections for 5 s; only the client can have ended them by then.
  await vi.waitFor(() => expect(process.getActiveResourcesInfo()).not.toContain('TCPSocketWrap'), 2_000);
});
