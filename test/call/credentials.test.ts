import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SourceError } from '../../lib/errors.js';
import type { SecurityRequirement } from '../../lib/tools/tool.js';
import { EchoServer, headerOf, httpAnswer, type RecordedRequest } from '../support/echoServer.js';
import { until } from '../support/until.js';
import { Calling, type CallingOptions, textOf } from './calling.js';
import { plan } from './plans.js';

let api: EchoServer;
let issuer: EchoServer;
const open: Calling[] = [];

beforeEach(async () => {
  [api, issuer] = await Promise.all([EchoServer.start(), EchoServer.start()]);
  issueTokens({ expires_in: 3600 });
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((calling) => calling[Symbol.asyncDispose]()));
  await Promise.all([api[Symbol.asyncDispose](), issuer[Symbol.asyncDispose]()]);
});

async function calling(outbound_auth: object, options: CallingOptions = {}): Promise<Calling> {
  const made = await Calling.to(api.url, { ...options, upstream: { outbound_auth, ...options.upstream } });
  open.push(made);
  return made;
}

const OAUTH = () => ({
  strategy: 'oauth2_client_credentials',
  oauth2_client_credentials: {
    token_url: `${issuer.url}/token`,
    client_id: 'id:1',
    client_secret: 'pl4nted secret',
    scopes: ['read', 'write'],
  },
});

function issueTokens(fields: object): void {
  issuer.answer = (_, socket) => {
    const token = { access_token: `token${issuer.requests.length}`, token_type: 'Bearer', ...fields };
    socket.write(httpAnswer(200, { 'content-type': 'application/json' }, JSON.stringify(token)));
  };
}

function bearers(): (string | undefined)[] {
  return api.requests.map((request) => headerOf(request, 'authorization'));
}

describe('oauth2_client_credentials', () => {
  test('the token request is what RFC 6749 says', async () => {
    const http = await calling(OAUTH());
    await http.call();
    const asked = issuer.take();
    expect(asked.line).toBe('POST /token HTTP/1.1');
    expect(asked.body.toString()).toBe('grant_type=client_credentials&scope=read+write');
    expect(headerOf(asked, 'content-type')).toBe('application/x-www-form-urlencoded');
    const basic = Buffer.from('id%3A1:pl4nted+secret').toString('base64');
    expect(headerOf(asked, 'authorization')).toBe(`Basic ${basic}`);
    expect(bearers()).toEqual(['Bearer token1']);
  });

  test('fifty concurrent callers share one fetch, and later ones its token', async () => {
    const http = await calling(OAUTH());
    await Promise.all(Array.from({ length: 50 }, () => http.call()));
    await http.call();
    expect(issuer.requests).toHaveLength(1);
    expect(new Set(bearers())).toEqual(new Set(['Bearer token1']));
    expect(api.requests).toHaveLength(51);
  });

  test('a caller that leaves does not end the fetch for the others', async () => {
    let answer = () => {};
    issuer.answer = (_, socket) => {
      answer = () => socket.write(httpAnswer(200, {}, '{"access_token":"late"}'));
    };
    const http = await calling(OAUTH());
    const leaver = new AbortController();
    const left = http.call({}, {}, { signal: leaver.signal }).catch((error: unknown) => error);
    const stayed = http.call();
    await until(() => issuer.requests.length === 1);
    leaver.abort(new Error('left'));
    expect(await left).toEqual(new Error('left'));
    answer();
    expect((await stayed).isError).toBeUndefined();
    expect(bearers()).toEqual(['Bearer late']);
  });

  test('a token is renewed before it expires, while calls go on with the old one', async () => {
    issueTokens({ expires_in: 0.2 });
    const http = await calling(OAUTH());
    await http.call();
    await until(async () => {
      await http.call();
      return issuer.requests.length >= 2;
    });
    await until(async () => {
      await http.call();
      return bearers().at(-1) === `Bearer token${issuer.requests.length}`;
    });
    expect(bearers().every((bearer) => bearer?.startsWith('Bearer token'))).toBe(true);
  });

  test('a 401 is answered once with a fresh token, also for a write', async () => {
    api.answer = (request, socket) =>
      socket.write(httpAnswer(headerOf(request, 'authorization') === 'Bearer token2' ? 200 : 401, {}, 'x'));
    const http = await calling(OAUTH());
    const result = await http.call({ plan: plan({ method: 'POST' }) });
    expect(result.isError).toBeUndefined();
    expect(bearers()).toEqual(['Bearer token1', 'Bearer token2']);
    await http.call();
    expect(issuer.requests).toHaveLength(2);
  });

  test('a 401 that stays is the answer, after two attempts', async () => {
    api.answer = (_, socket) => socket.write(httpAnswer(401, {}));
    const http = await calling(OAUTH());
    expect(textOf(await http.call())).toBe('The API answered 401 Unauthorized.');
    expect(api.requests).toHaveLength(2);
    expect(issuer.requests).toHaveLength(2);
  });

  test('a server that does not take Basic gets the secret in the form, from then on', async () => {
    issuer.answer = (request, socket) => {
      const ok = headerOf(request, 'authorization') === undefined;
      const token = `{"access_token":"form${issuer.requests.length}","expires_in":"1"}`;
      socket.write(ok ? httpAnswer(200, {}, token) : httpAnswer(401, {}, '{"error":"invalid_client"}'));
    };
    const http = await calling(OAUTH());
    await http.call();
    expect(issuer.requests[1]?.body.toString()).toBe(
      'grant_type=client_credentials&scope=read+write&client_id=id%3A1&client_secret=pl4nted+secret',
    );
    await until(async () => {
      await http.call();
      return issuer.requests.length === 3;
    });
    expect(headerOf(issuer.requests[2] as RecordedRequest, 'authorization')).toBeUndefined();
  });

  test.each<[string, Buffer]>([
    [
      'refuses',
      httpAnswer(403, {}, '{"error":"unauthorized_client","error_description":"pl4nted secret is wrong"}'),
    ],
    ['answers with HTML', httpAnswer(200, { 'content-type': 'text/html' }, '<html>pl4nted secret')],
    ['gives no token', httpAnswer(200, {}, '{"token_type":"Bearer"}')],
    ['gives a token with a line break', httpAnswer(200, {}, '{"access_token":"a\\r\\nX: 1"}')],
    ['fails', httpAnswer(500, {})],
    ['breaks off', Buffer.from('nonsense\r\n\r\n')],
  ])('when the token endpoint %s, nothing is sent and nothing is told', async (_, answer) => {
    issuer.answer = (__, socket) => socket.write(answer);
    const http = await calling(OAUTH());
    const result = await http.call();
    expect(result.isError).toBe(true);
    expect(textOf(result)).toBe('The proxy could not get an access token for this API.');
    expect(api.requests).toEqual([]);
    expect(JSON.stringify(http.log.lines)).not.toContain('pl4nted');
    expect(http.log.of('warn')).toHaveLength(1);
  });

  test('a token endpoint that hangs is a timeout of the call', async () => {
    issuer.answer = () => {};
    const http = await calling(OAUTH(), { upstream: { timeout: '100ms' } });
    expect((await http.call()).isError).toBe(true);
  });
});

describe('which credential an operation gets', () => {
  const scheme = (name: string): SecurityRequirement => ({
    scheme: name,
    type: 'apiKey',
    in: 'header',
    name,
    httpScheme: null,
  });
  const [a, b, c] = [scheme('a'), scheme('b'), scheme('c')];
  const env = { D: 'default', A: 'va', B: 'vb' };
  const key = (header: string, value_env: string) => ({
    strategy: 'api_key',
    api_key: { header, value_env },
  });
  const bearer = { strategy: 'bearer', bearer: { token_env: 'D' } };
  const both = { ...bearer, schemes: { a: key('X-A', 'A'), b: key('X-B', 'B') } };

  test.each<[string, object, SecurityRequirement[][] | null, string]>([
    ['no statement: the default', both, null, 'Bearer default - -'],
    ['one scheme: its credential', both, [[a]], '- va -'],
    ['AND: all of them', both, [[a, b]], '- va vb'],
    ['OR: the first that is configured', both, [[c], [b], [a]], '- - vb'],
    ['OR of ANDs: the first that is complete', both, [[a, c], [b]], '- - vb'],
    ['configured before anonymous', both, [[], [a]], '- va -'],
    ['anonymous when nothing else is configured', both, [[c], []], '- - -'],
    ['nothing asked: nothing sent', both, [], '- - -'],
    ['unknown schemes only: the default', both, [[c]], 'Bearer default - -'],
    ['no schemes configured: the default stands for every scheme', bearer, [[c]], 'Bearer default - -'],
    ['no schemes configured, optional: the default', bearer, [[], [c]], 'Bearer default - -'],
    ['strategy none', { strategy: 'none' }, [[a]], '- - -'],
    [
      'a scheme that is configured as none',
      { ...bearer, schemes: { a: { strategy: 'none' } } },
      [[a]],
      '- - -',
    ],
  ])('%s', async (_, auth, security, sent) => {
    const http = await calling(auth, { env });
    await http.call({ plan: plan({ security }) });
    const got = api.take();
    expect(['authorization', 'x-a', 'x-b'].map((name) => headerOf(got, name) ?? '-').join(' ')).toBe(sent);
  });

  test('the headers and query of an api_key, with its prefix', async () => {
    const http = await calling(
      { strategy: 'api_key', api_key: { header: 'Authorization', value_env: 'D', prefix: 'Token ' } },
      { env },
    );
    await http.call();
    expect(headerOf(api.take(), 'authorization')).toBe('Token default');
  });
});

describe('secrets are read when the client is made', () => {
  const file = { strategy: 'bearer', bearer: { token_file: '/secrets/token' } };

  test('from a file, white space around it removed', async () => {
    const http = await calling(file, { readSecret: () => '  t0ken\n' });
    await http.call();
    expect(headerOf(api.take(), 'authorization')).toBe('Bearer t0ken');
  });

  test.each<[string, () => string, RegExp]>([
    ['empty', () => ' \n', /is empty/],
    ['two lines', () => 'one\ntwo', /line breaks/],
    [
      'unreadable',
      () => {
        throw Object.assign(new Error('pl4nted'), { code: 'EACCES' });
      },
      /\/secrets\/token cannot be read \(EACCES\)/,
    ],
  ])('a file that is %s is an error of the client, without its content', async (_, readSecret, message) => {
    const error: unknown = await calling(file, { readSecret }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SourceError);
    expect(error).toMatchObject({
      stage: 'client',
      source: 'outbound_auth.bearer.token_file',
      code: 'MCP_ANYTHING_ERR_CREDENTIALS',
    });
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toMatch(/pl4nted|one/);
  });
});

describe('TLS', () => {
  const pem = (name: string) =>
    fileURLToPath(new URL(`../fixtures/tls/localhost.${name}.pem`, import.meta.url));

  async function secureServer(options: object = {}) {
    const made = createTlsServer(
      { cert: readFileSync(pem('cert')), key: readFileSync(pem('key')), ...options },
      (request, response) => {
        const { socket } = request as unknown as { socket: import('node:tls').TLSSocket };
        response.end(JSON.stringify({ authorized: socket.authorized, servername: socket.servername }));
      },
    ).listen(0, '127.0.0.1');
    await new Promise((resolve) => made.once('listening', resolve));
    return { url: `https://localhost:${(made.address() as AddressInfo).port}`, made };
  }

  async function callSecure(tls: object, options: object = {}) {
    const { url, made } = await secureServer(options);
    try {
      const http = await Calling.to(url, { upstream: { tls } });
      open.push(http);
      return await http.call();
    } finally {
      made.closeAllConnections();
      made.close();
    }
  }

  test('a certificate that nobody vouches for is refused', async () => {
    expect(textOf(await callSecure({}))).toMatch(
      /^localhost:\d+ has a certificate that the proxy does not trust\.$/,
    );
  });

  test('ca_file is trusted', async () => {
    expect((await callSecure({ ca_file: pem('cert') })).isError).toBeUndefined();
  });

  test('insecure_skip_verify trusts everything', async () => {
    expect((await callSecure({ insecure_skip_verify: true })).isError).toBeUndefined();
  });

  test('cert_file and key_file are presented, server_name is asked for', async () => {
    const tls = {
      ca_file: pem('cert'),
      cert_file: pem('cert'),
      key_file: pem('key'),
      server_name: 'localhost',
    };
    const result = await callSecure(tls, {
      requestCert: true,
      rejectUnauthorized: false,
      ca: readFileSync(pem('cert')),
    });
    expect(result.structuredContent).toMatchObject({ authorized: true, servername: 'localhost' });
  });

  test('a key that fits no certificate is an error of the client', async () => {
    const made = Calling.to('https://localhost:1', {
      upstream: { tls: { cert_file: '/c', key_file: '/k' } },
      readSecret: (path) => (path === '/c' ? readFileSync(pem('cert'), 'utf8') : 'pl4nted'),
    });
    await expect(made).rejects.toMatchObject({ stage: 'client', source: 'tls' });
    await expect(made).rejects.not.toThrow(/pl4nted/);
  });
});
