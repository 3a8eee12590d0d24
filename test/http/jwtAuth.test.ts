import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { bearer, GuardedServer, type GuardedServerOptions } from '../support/guardedServer.js';
import { AUDIENCE, Issuer, type SigningKey, signingKey } from '../support/issuer.js';
import { sendRaw } from '../support/rawHttp.js';
import { until } from '../support/until.js';

function jwt(issuer: Issuer, more: object = {}): object {
  return { strategy: 'jwt', jwt: { issuer: issuer.url, audience: AUDIENCE, ...more } };
}

function guarded(
  issuer: Issuer,
  more: object = {},
  options: GuardedServerOptions = {},
): Promise<GuardedServer> {
  return GuardedServer.start({ inboundAuth: jwt(issuer, more), ...options });
}

describe('a token', () => {
  let issuer: Issuer;
  let server: GuardedServer;
  let rsa: SigningKey;
  let stranger: SigningKey;
  let unlisted: SigningKey;

  beforeAll(async () => {
    rsa = await signingKey('RS256');
    unlisted = await signingKey('ES384');
    stranger = await signingKey();
    issuer = await Issuer.start(await signingKey(), rsa, unlisted);
    server = await guarded(issuer);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await issuer[Symbol.asyncDispose]();
  });

  const now = () => Math.floor(Date.now() / 1_000);

  it.each<[string, () => Promise<string>]>([
    ['signed by the issuer', () => issuer.token()],
    ['signed with another of its keys', () => issuer.token({ key: rsa })],
    ['of type JWT', () => issuer.token({ header: { typ: 'JWT' } })],
    ['without a type', () => issuer.token({ header: { typ: undefined } })],
    ['without a key id, where several keys are there', () => issuer.token({ header: { kid: undefined } })],
    ['for several audiences', () => issuer.token({ claims: { aud: ['other', AUDIENCE] } })],
    ['that expired within the tolerance', () => issuer.token({ claims: { exp: now() - 5 } })],
    ['put together by hand and signed well', async () => issuer.signedByHand({})],
    ['without a subject', () => issuer.token({ claims: { sub: undefined, client_id: 'c' } })],
  ])('%s is accepted', async (_name, token) => {
    const answer = await server.list(bearer(await token()));
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([200, undefined]);
  });

  it.each<[string, string, () => Promise<string> | string]>([
    ['that has expired', 'has expired', () => issuer.token({ claims: { exp: now() - 60 } })],
    ['that never expires', 'not valid', () => issuer.token({ claims: { exp: undefined } })],
    ['that is not valid yet', 'not valid yet', () => issuer.token({ claims: { nbf: now() + 120 } })],
    ['for another audience', 'not meant for', () => issuer.token({ claims: { aud: 'https://other' } })],
    ['for no audience', 'not meant for', () => issuer.token({ claims: { aud: undefined } })],
    ['for a part of the audience', 'not meant for', () => issuer.token({ claims: { aud: `${AUDIENCE}/x` } })],
    ['of another issuer', 'accepted issuer', () => issuer.token({ claims: { iss: 'https://evil.example' } })],
    ['of no issuer', 'accepted issuer', () => issuer.token({ claims: { iss: undefined } })],
    ['that is not signed', 'accepted algorithm', () => issuer.forgedToken({ alg: 'none' }, null)],
    [
      'that is not signed, in capitals',
      'accepted algorithm',
      () => issuer.forgedToken({ alg: 'NONE' }, null),
    ],
    [
      'signed by HS256 with the public key as secret',
      'accepted algorithm',
      () => issuer.forgedToken({ alg: 'HS256', kid: rsa.publicJwk.kid }, rsa.publicPem),
    ],
    [
      'signed by an algorithm that is not listed',
      'accepted algorithm',
      () => issuer.token({ key: unlisted }),
    ],
    ['signed with a key of somebody else', 'does not publish', () => issuer.token({ key: stranger })],
    [
      'signed with a key of somebody else that claims to be ours',
      'not valid',
      () => issuer.token({ key: stranger, header: { kid: issuer.key.publicJwk.kid } }),
    ],
    [
      'that brings its own key',
      'does not publish',
      () => issuer.token({ key: stranger, header: { jwk: stranger.publicJwk } }),
    ],
    [
      'that names where its key is',
      'does not publish',
      () => issuer.token({ key: stranger, header: { jku: 'http://127.0.0.1:1/jwks' } }),
    ],
    [
      'with an extension that must be understood',
      'not valid',
      () => issuer.signedByHand({ crit: ['made-up'], 'made-up': 1 }),
    ],
    ['that is a logout token', 'not an access token', () => issuer.token({ header: { typ: 'logout+jwt' } })],
    [
      'that is a proof of possession',
      'not an access token',
      () => issuer.token({ header: { typ: 'dpop+jwt' } }),
    ],
    [
      'whose claims were changed',
      'not valid',
      async () => {
        const [header, , signature] = (await issuer.token()).split('.');
        const claims = Buffer.from(JSON.stringify({ ...issuer.claims(), sub: 'eve' })).toString('base64url');
        return `${header}.${claims}.${signature}`;
      },
    ],
    ['cut short', 'not valid', async () => (await issuer.token()).slice(0, -10)],
    ['with two parts', 'not valid', () => 'abc.def'],
    ['with five parts', 'not valid', () => 'a.b.c.d.e'],
    ['that is no token', 'not valid', () => 'x'],
    ['of nothing but dots', 'not valid', () => '..'],
    ['whose header is no JSON', 'not valid', () => `${Buffer.from('{').toString('base64url')}.e30.x`],
  ])('%s is refused', async (_name, message, token) => {
    const value = await token();
    const answer = await server.list(bearer(value));
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer resource_metadata=".*error="invalid_token"/);
    expect(answer.body.toString()).toContain(message);
    expect(answer.body.toString()).not.toContain(value);
  });

  it('in a header that is not well formed is refused as no token at all', async () => {
    for (const value of [
      'Bearer',
      'Bearer ',
      'Bearer a b',
      'Bearer a,b',
      'Bearer "a"',
      `Bearer ${'x'.repeat(9_000)}!`,
    ]) {
      const answer = await server.list({ Authorization: value });
      expect([answer.status, value.slice(0, 20)]).toEqual([401, value.slice(0, 20)]);
      expect(answer.headers['www-authenticate']).toContain('error="invalid_request"');
    }
  });

  it('sent twice is refused, whichever is good', async () => {
    const good = `Bearer ${await issuer.token()}`;
    const body = '{}';
    for (const [first, second] of [
      [good, 'Bearer x'],
      ['Bearer x', good],
      [good, good],
    ]) {
      const answer = await sendRaw(
        server.server.port,
        Buffer.from(
          `POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nAuthorization: ${first}\r\nauthorization: ${second}\r\n\r\n${body}`,
        ),
      );
      expect(answer.status).toBe(401);
    }
  });

  it('outside of the header is not looked at, and a request without one gets the way to a token', async () => {
    const token = await issuer.token();
    for (const request of [
      { path: `/mcp?access_token=${token}`, body: '{}' },
      { body: `access_token=${token}`, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
      { body: '{}', headers: { Authorization: 'Basic eDp5' } },
      { body: '{}' },
    ]) {
      const answer = await sendRaw(server.server.port, request);
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([
        401,
        'Bearer resource_metadata="http://localhost/.well-known/oauth-protected-resource/mcp"',
      ]);
    }
  });

  it('is taken whatever the case of the scheme', async () => {
    expect((await server.list({ Authorization: `bEaReR ${await issuer.token()}` })).status).toBe(200);
  });

  it('makes the caller, whom the hook gets to know', async () => {
    const callers: object[] = [];
    await using hooked = await guarded(
      issuer,
      {},
      { server: { endpoint: { onToolCall: ({ caller }) => void callers.push(caller) } } },
    );
    const token = await issuer.token({ claims: { scope: 'a b', scp: ['c'], tenant: 't' } });
    expect((await hooked.call('alpha', bearer(token))).status).toBe(200);
    expect(callers).toMatchObject([{ id: 'ada', scopes: ['a', 'b', 'c'], claims: { tenant: 't' } }]);
  });

  it('needs every scope of the policy, and is told which', async () => {
    await using scoped = await guarded(issuer, { required_scopes: ['read', 'mcp:use'] });
    expect(
      (await scoped.list(bearer(await issuer.token({ claims: { scope: 'mcp:use read' } })))).status,
    ).toBe(200);
    expect(
      (
        await scoped.list(
          bearer(await issuer.token({ claims: { scope: undefined, scp: ['read', 'mcp:use'] } })),
        )
      ).status,
    ).toBe(200);
    for (const scope of ['read', 'mcp:use', 'read mcp:user', '']) {
      const refused = await scoped.list(bearer(await issuer.token({ claims: { scope } })));
      expect(refused.status).toBe(403);
      expect(refused.headers['www-authenticate']).toMatch(
        /error="insufficient_scope".*scope="read mcp:use"$/,
      );
    }
    expect((await scoped.list()).headers['www-authenticate']).toMatch(/scope="read mcp:use"$/);
  });
});

describe('keys', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('are looked for again when a token has an unknown one, but not more often than the cool-down allows', async () => {
    await using issuer = await Issuer.start();
    await using server = await guarded(issuer, {}, { authenticator: { keyCooldown: 300 } });
    expect((await server.list(bearer(await issuer.token()))).status).toBe(200);
    const retired = issuer.key;
    issuer.keys = [await signingKey()];
    const rotated = await issuer.token();
    const fetched = issuer.count('/jwks');
    expect((await server.list(bearer(rotated))).status).toBe(401);
    await Promise.all(Array.from({ length: 20 }, () => server.list(bearer(rotated))));
    expect(issuer.count('/jwks')).toBe(fetched);
    await until(async () => (await server.list(bearer(rotated))).status === 200);
    expect(issuer.count('/jwks')).toBe(fetched + 1);
    const old = await server.list(bearer(await issuer.token({ key: retired })));
    expect(old.status).toBe(401);
  });

  it('that were withdrawn are no longer accepted once the set has aged', async () => {
    await using issuer = await Issuer.start();
    await using server = await guarded(issuer, {}, { authenticator: { keyMaxAge: 100 } });
    const token = await issuer.token();
    expect((await server.list(bearer(token))).status).toBe(200);
    issuer.keys = [await signingKey()];
    await until(async () => (await server.list(bearer(token))).status === 401);
  });

  it.each<[string, readonly number[]]>([
    ['had been ahead from the start', [6]],
    ['had gone ahead for a while', [0, 6]],
  ])('age as they should when a clock that %s is set right', async (_name, hoursAhead) => {
    await using issuer = await Issuer.start();
    await using server = await guarded(issuer, {}, { authenticator: { acceptedFor: 0 } });
    const now = Date.now.bind(Date);
    let ahead = 0;
    vi.spyOn(Date, 'now').mockImplementation(() => now() + ahead * 3_600_000);
    const withdrawn = bearer(await issuer.token());
    for (const hours of hoursAhead) {
      ahead = hours;
      expect((await server.list(withdrawn)).status).toBe(200);
    }
    expect(issuer.count('/jwks')).toBe(hoursAhead.length);
    ahead = 0;
    issuer.keys = [await signingKey()];
    expect((await server.list(withdrawn)).status).toBe(401);
    expect((await server.list(bearer(await issuer.token()))).status).toBe(200);
    expect(issuer.count('/jwks')).toBe(hoursAhead.length + 1);
  });

  it('are asked for once in a while only: a token that was accepted stays so for a moment, and never past its end', async () => {
    await using issuer = await Issuer.start();
    await using server = await guarded(
      issuer,
      { clock_tolerance: '0s' },
      { authenticator: { acceptedFor: 60_000 } },
    );
    const exp = Math.floor(Date.now() / 1_000) + 2;
    const token = bearer(await issuer.token({ claims: { exp } }));
    expect((await server.list(token)).status).toBe(200);
    // Its key is gone, and so is the issuer: what is accepted now was known.
    issuer.manner = ({ socket }) => void socket.destroy();
    expect((await server.list(token)).status).toBe(200);
    await until(async () => (await server.list(token)).status === 401, { within: 4_000 });
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1_000);
  });

  it('are taken from where the config says, without asking the issuer', async () => {
    await using issuer = await Issuer.start();
    await using server = await guarded(issuer, { jwks_url: `${issuer.url}/jwks` });
    expect((await server.list(bearer(await issuer.token()))).status).toBe(200);
    expect(issuer.requests).toEqual(['GET /jwks']);
  });

  it('outlive a reload that leaves the policy alone, and are asked for anew by one that changes it', async () => {
    await using issuer = await Issuer.start();
    await using server = await guarded(issuer);
    const token = await issuer.token();
    const asked = async () => {
      expect((await server.list(bearer(token))).status).toBe(200);
      return issuer.count('/jwks');
    };
    expect(await asked()).toBe(1);
    await server.reload();
    expect(await asked()).toBe(1);
    await server.reload(jwt(issuer, { clock_tolerance: '1s' }));
    expect(await asked()).toBe(2);
    await server.reload(jwt(issuer));
    expect(await asked()).toBe(3);
  });
});

describe('an issuer', () => {
  it.each<[string, (issuer: Issuer) => Partial<Pick<Issuer, 'manner' | 'metadata'>>]>([
    ['that answers 500', () => ({ manner: (_, res) => res.writeHead(500).end() })],
    ['that redirects', () => ({ manner: (_, res) => res.writeHead(302, { location: '/jwks' }).end() })],
    ['that never answers', () => ({ manner: () => {} })],
    ['that cuts the connection', () => ({ manner: (req) => req.socket.destroy() })],
    ['that answers with HTML', () => ({ manner: (_, res) => res.end('<html>') })],
    ['that answers without end', () => ({ manner: (_, res) => res.end('x'.repeat(1_100_000)) })],
    ['that has no metadata', () => ({ manner: (_, res) => res.writeHead(404).end() })],
    ['that is another one', () => ({ metadata: { issuer: 'https://other.example' } })],
    ['whose metadata names no keys', () => ({ metadata: { jwks_uri: undefined } })],
    ['whose keys are a file', () => ({ metadata: { jwks_uri: 'file:///etc/passwd' } })],
    ['whose keys are where nobody is', () => ({ metadata: { jwks_uri: 'http://127.0.0.1:9/' } })],
    [
      'whose keys are metadata',
      ({ url }) => ({ metadata: { jwks_uri: `${url}/.well-known/oauth-authorization-server` } }),
    ],
  ])('%s makes the endpoint unavailable, never open', async (_name, spoil) => {
    await using issuer = await Issuer.start();
    Object.assign(issuer, spoil(issuer));
    await using server = await guarded(issuer, {}, { authenticator: { timeout: 200 } });
    const token = await issuer.token();
    const answer = await server.list(bearer(token));
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.body.toString()).not.toMatch(/127\.0\.0\.1|jwks|metadata/);
    expect(JSON.stringify(server.server.log.lines)).not.toContain(token);
    expect((await server.list()).status).toBe(401);
  });

  it('that comes back is asked again, after a rest', async () => {
    await using issuer = await Issuer.start();
    issuer.manner = (_, res) => void res.writeHead(500).end();
    await using server = await guarded(issuer);
    const token = await issuer.token();
    expect((await server.list(bearer(token))).status).toBe(503);
    issuer.manner = null;
    await until(async () => (await server.list(bearer(token))).status === 200, { within: 5_000 });
  });

  it('that cannot be reached is not asked by every caller', async () => {
    await using issuer = await Issuer.start();
    issuer.manner = (req) => void req.socket.destroy();
    await using server = await guarded(issuer);
    const token = await issuer.token();
    for (let count = 0; count < 10; count += 1) expect((await server.list(bearer(token))).status).toBe(503);
    expect(issuer.requests.length).toBe(1);
  });

  it('is found by OpenID Connect discovery, also below a path', async () => {
    await using issuer = await Issuer.start();
    const name = `${issuer.url}/tenant`;
    issuer.manner = (req, res) => {
      if (req.url === '/tenant/.well-known/openid-configuration') {
        res.end(JSON.stringify({ issuer: name, jwks_uri: `${issuer.url}/tenant/keys` }));
      } else if (req.url === '/tenant/keys') {
        res.end(JSON.stringify({ keys: issuer.keys.map((key) => key.publicJwk) }));
      } else res.writeHead(404).end();
    };
    await using server = await guarded(issuer, { issuer: name });
    expect((await server.list(bearer(await issuer.token({ claims: { iss: name } })))).status).toBe(200);
    expect(issuer.requests[0]).toBe('GET /.well-known/oauth-authorization-server/tenant');
  });
});

describe('policies', () => {
  it('of two endpoints never share what they know', async () => {
    await using one = await Issuer.start();
    await using other = await Issuer.start();
    await using server = await GuardedServer.start({
      table: {
        config: {
          groups: [one, other].map((issuer, index) => ({
            name: `g${index}`,
            endpoint: `/g${index}`,
            upstreams: ['api'],
            inbound_auth: jwt(issuer),
          })),
        },
      },
    });
    const ask = async (path: string, issuer: Issuer) =>
      (await sendRaw(server.server.port, { path, headers: bearer(await issuer.token()), body: '{}' })).status;
    // 415: the token was accepted, the message was not.
    expect(
      await Promise.all([ask('/g0', one), ask('/g1', other), ask('/g0', other), ask('/g1', one)]),
    ).toEqual([415, 415, 401, 401]);
  });

  it('that were dropped are still good for a request that began under them', async () => {
    await using issuer = await Issuer.start();
    await using server = await guarded(issuer);
    const release: (() => void)[] = [];
    const token = await issuer.token();
    issuer.manner = (_, res) =>
      void release.push(() =>
        res.end(JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` })),
      );
    const pending = server.list(bearer(token));
    await until(() => release.length === 1);
    await server.reload(jwt(issuer, { audience: 'https://changed.example' }));
    issuer.manner = null;
    release[0]?.();
    expect((await pending).status).toBe(200);
    await sleep(0);
    expect((await server.list(bearer(token))).status).toBe(401);
  });
});
