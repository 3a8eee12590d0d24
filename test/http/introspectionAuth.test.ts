import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bearer, GuardedServer } from '../support/guardedServer.js';
import { AUDIENCE, Issuer } from '../support/issuer.js';
import { until } from '../support/until.js';

const SECRET = 'the+secret of:the proxy';

function introspection(issuer: Issuer, more: object = {}): object {
  const client = { client_id: 'proxy id', client_secret: SECRET, audience: AUDIENCE };
  return { strategy: 'introspection', introspection: { issuer: issuer.url, ...client, ...more } };
}

let issuer: Issuer;

beforeEach(async () => {
  issuer = await Issuer.start();
});
afterEach(() => issuer[Symbol.asyncDispose]());

function guarded(more: object = {}, authenticator: object = {}): Promise<GuardedServer> {
  return GuardedServer.start({ inboundAuth: introspection(issuer, more), authenticator });
}

const now = () => Math.floor(Date.now() / 1_000);
const active = (more: object = {}) => ({ active: true, aud: AUDIENCE, sub: 'ada', scope: 'read', ...more });

describe('an opaque token', () => {
  it('is asked about once, with the proxy’s own credentials, and accepted', async () => {
    issuer.tokens.set('opaque', active());
    await using server = await guarded();
    const answers = await Promise.all(Array.from({ length: 10 }, () => server.list(bearer('opaque'))));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(issuer.introspections).toHaveLength(1);
    const [asked] = issuer.introspections;
    expect(Object.fromEntries(asked?.form ?? [])).toEqual({
      token: 'opaque',
      token_type_hint: 'access_token',
    });
    // RFC 6749, section 2.3.1: form-encoded, then joined.
    expect(asked?.authorization).toBe(
      `Basic ${Buffer.from('proxy+id:the%2Bsecret+of%3Athe+proxy').toString('base64')}`,
    );
  });

  it.each<[string, object, number]>([
    ['with several audiences', active({ aud: ['x', AUDIENCE] }), 200],
    ['of the issuer', active({ iss: 'ISSUER' }), 200],
    ['that is inactive', { active: false }, 401],
    ['that is nearly active', active({ active: 'true' }), 401],
    ['about which nothing is said', {}, 401],
    ['that has expired', active({ exp: 1 }), 401],
    ['that is not valid yet', active({ nbf: 4_000_000_000 }), 401],
    ['for another audience', active({ aud: 'https://other' }), 401],
    ['for no audience', active({ aud: undefined }), 401],
    ['of another issuer', active({ iss: 'https://other' }), 401],
    ['that is a refresh token', active({ token_type: 'refresh_token' }), 401],
    ['that is a refresh token in Keycloak’s words', active({ typ: 'Refresh' }), 401],
  ])('%s', async (_name, answer, status) => {
    issuer.tokens.set('opaque', JSON.parse(JSON.stringify(answer).replace('ISSUER', issuer.url)));
    await using server = await guarded();
    expect((await server.list(bearer('opaque'))).status).toBe(status);
  });

  it('needs the scopes of the policy', async () => {
    issuer.tokens.set('poor', active()).set('rich', active({ scope: 'read admin' }));
    await using server = await guarded({ required_scopes: ['admin'] });
    expect((await server.list(bearer('rich'))).status).toBe(200);
    const refused = await server.list(bearer('poor'));
    expect(refused.status).toBe(403);
    expect(refused.headers['www-authenticate']).toMatch(/insufficient_scope.*scope="admin"$/);
  });

  it('that was revoked is refused once what was known of it has aged', async () => {
    issuer.tokens.set('opaque', active());
    await using server = await guarded({}, { activeFor: 100 });
    expect((await server.list(bearer('opaque'))).status).toBe(200);
    issuer.tokens.delete('opaque');
    await until(async () => (await server.list(bearer('opaque'))).status === 401);
  });

  it('is never taken as active past its end, however long answers are kept', async () => {
    issuer.tokens.set('opaque', active({ exp: now() + 2 }));
    await using server = await guarded({}, { activeFor: 60_000 });
    expect((await server.list(bearer('opaque'))).status).toBe(200);
    await until(async () => (await server.list(bearer('opaque'))).status === 401, { within: 5_000 });
    expect(issuer.introspections.length).toBeGreaterThan(1);
  });

  it('that was refused is not asked about again at once, and accepted later', async () => {
    await using server = await guarded({}, { inactiveFor: 200 });
    for (let count = 0; count < 5; count += 1) expect((await server.list(bearer('new'))).status).toBe(401);
    expect(issuer.introspections).toHaveLength(1);
    issuer.tokens.set('new', active());
    await until(async () => (await server.list(bearer('new'))).status === 200);
  });

  it('is asked about anew after the policy has changed, and not after any other reload', async () => {
    issuer.tokens.set('opaque', active());
    await using server = await guarded();
    await server.list(bearer('opaque'));
    await server.reload();
    expect((await server.list(bearer('opaque'))).status).toBe(200);
    expect(issuer.introspections).toHaveLength(1);
    await server.reload(introspection(issuer, { audience: 'https://other' }));
    expect((await server.list(bearer('opaque'))).status).toBe(401);
    expect(issuer.introspections).toHaveLength(2);
  });
});

describe('an authorization server', () => {
  it.each<[string, Partial<Pick<Issuer, 'manner' | 'metadata'>>]>([
    ['that is down', { manner: (req) => req.socket.destroy() }],
    ['that does not know the proxy', { manner: (_, res) => res.writeHead(401).end('{"active":true}') }],
    ['that answers 500', { manner: (_, res) => res.writeHead(500).end('{"active":true}') }],
    ['that answers 204', { manner: (_, res) => res.writeHead(204).end() }],
    ['that answers with a list', { manner: (_, res) => res.end('[{"active":true}]') }],
    ['that answers with half an answer', { manner: (_, res) => res.end('{"active":true,') }],
    ['that never answers', { manner: () => {} }],
    ['that is bad tempered', { manner: (_, res) => res.writeHead(307, { location: '/elsewhere' }).end() }],
  ])('%s makes the endpoint unavailable, never open', async (_name, manner) => {
    issuer.tokens.set('opaque', active());
    await using server = await guarded({ endpoint: `${issuer.url}/introspect` }, { timeout: 200 });
    Object.assign(issuer, manner);
    expect((await server.list(bearer('opaque'))).status).toBe(503);
    const log = JSON.stringify(server.server.log.lines);
    expect(log).not.toContain('opaque');
    expect(log).not.toContain(Buffer.from(SECRET).toString('base64').slice(4, 12));
    expect((await server.list()).status).toBe(401);
    Object.assign(issuer, { manner: null });
    expect((await server.list(bearer('opaque'))).status).toBe(200);
  });

  it('is asked where the config says, without metadata', async () => {
    issuer.tokens.set('opaque', active());
    await using server = await guarded({ endpoint: `${issuer.url}/introspect` });
    expect((await server.list(bearer('opaque'))).status).toBe(200);
    expect(issuer.requests).toEqual(['POST /introspect']);
  });
});
