import { describe, expect, it } from 'vitest';
import { type Challenge, challengeText } from '../../lib/http/challenge.js';
import { bearer, GuardedServer } from '../support/guardedServer.js';
import { AUDIENCE, Issuer } from '../support/issuer.js';

const BARE: Challenge = { scheme: 'Bearer', resourceMetadata: null, error: null };

describe('a challenge', () => {
  it.each<[string, Partial<Challenge>, string]>([
    ['nothing', {}, 'Bearer'],
    ['metadata', { resourceMetadata: 'https://x/y' }, 'Bearer resource_metadata="https://x/y"'],
    [
      'everything',
      { resourceMetadata: 'u', error: 'invalid_token', description: 'Why', scopes: ['a', 'b', 'a'] },
      'Bearer resource_metadata="u", error="invalid_token", error_description="Why", scope="a b"',
    ],
    ['a reason for no error', { description: 'Why' }, 'Bearer'],
    ['a header', { scheme: 'ApiKey', header: 'X-Key' }, 'ApiKey header="X-Key"'],
    ['quotes and line breaks', { scopes: ['a"\r\nX: 1', 'b\\"'] }, 'Bearer scope="aX: 1 b"'],
    ['characters that no header has', { scopes: ['ä\u0000€x'] }, 'Bearer scope="x"'],
    ['no end of scopes', { scopes: ['x'.repeat(5_000)] }, `Bearer scope="${'x'.repeat(1_000)}"`],
  ])('says %s', (_name, parts, expected) => {
    expect(challengeText({ ...BARE, ...parts })).toBe(expected);
  });

  it('cannot be broken out of by the scopes of a document', async () => {
    await using issuer = await Issuer.start();
    await using server = await GuardedServer.start({
      inboundAuth: { strategy: 'jwt', jwt: { issuer: issuer.url, audience: AUDIENCE } },
      table: { tools: [{ name: 'alpha', requiredScopes: ['a"', 'b\r\nSet-Cookie: x=1', 'ü'] }] },
    });
    const answer = await server.call('alpha', bearer(await issuer.token()));
    expect(answer.status).toBe(403);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.headers['www-authenticate']).toMatch(/scope="a bSet-Cookie: x=1 "$/);
  });
});
