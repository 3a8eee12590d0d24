import { LEGACY, rpc } from '../../mcp/batteryCase.js';
import { type Issuer, signingKey, type TokenDraft } from '../../support/issuer.js';
import type { Fault, FaultWorld } from './faultWorld.js';

type Headers = Readonly<Record<string, string>>;

function fault(
  input: string,
  required: string,
  headers: (world: FaultWorld) => Headers | Promise<Headers>,
  path = '/tokens',
): Fault {
  return {
    area: 'token',
    input,
    required,
    async run(world) {
      const request = { path, headers: { ...LEGACY, ...(await headers(world)) }, body: rpc('tools/list') };
      return String((await world.send(request)).status);
    },
  };
}

function token(
  input: string,
  draft: (issuer: Issuer) => TokenDraft | Promise<TokenDraft>,
  required = '401',
): Fault {
  return fault(input, required, async ({ issuer }) => bearer(await issuer.token(await draft(issuer))));
}

const bearer = (text: string): Headers => ({ Authorization: `Bearer ${text}` });
const now = () => Math.floor(Date.now() / 1_000);

export const tokenFaults: readonly Fault[] = [
  token('a good one', () => ({}), '200'),
  fault('none', '401', () => ({})),
  token('expired', () => ({ claims: { exp: now() - 3_600 } })),
  token('without an end', () => ({ claims: { exp: undefined } })),
  token('with an end that is a text', () => ({ claims: { exp: '9999999999' } })),
  token('from the future', () => ({ claims: { nbf: now() + 3_600 } })),
  token('for somebody else', () => ({ claims: { aud: 'https://other.example' } })),
  token('for everybody', () => ({ claims: { aud: '*' } })),
  token('from somebody else', () => ({ claims: { iss: 'https://evil.example' } })),
  token('signed with another key of the same name', async ({ key }) => ({
    key: await signingKey(),
    header: { kid: key.publicJwk.kid },
  })),
  token('with a key id that climbs', () => ({ header: { kid: '../../../../dev/null' } })),
  token('with a key id for a database', () => ({ header: { kid: "' OR 1=1 --" } })),
  token('with a key id named like a property', () => ({ header: { kid: '__proto__' } })),
  fault('with alg none', '401', ({ issuer }) => bearer(issuer.forgedToken({ alg: 'none' }, null))),
  fault('with alg nOnE', '401', ({ issuer }) => bearer(issuer.forgedToken({ alg: 'nOnE' }, null))),
  fault('with HS256 and the public key', '401', ({ issuer }) =>
    bearer(issuer.forgedToken({ alg: 'HS256', kid: issuer.key.publicJwk.kid }, issuer.key.publicPem)),
  ),
  fault('with HS256 and nothing', '401', ({ issuer }) => bearer(issuer.forgedToken({ alg: 'HS256' }, ''))),
  fault('in the place of another scheme', '401', () => ({ Authorization: 'Negotiate YII=' })),
  fault('of 14 KB', '401', () => bearer('x'.repeat(14_000))),
  fault('of dots', '401', () => bearer('.'.repeat(5_000))),
  fault('of JSON', '401', () => bearer(Buffer.from('{"active":true}').toString('base64url'))),
  fault('a key that is wrong', '401', () => ({ 'X-API-Key': 'bad-key' }), '/keys'),
  fault('a key that is right', '200', () => ({ 'X-API-Key': 'good-key' }), '/keys'),
  fault('a key where a token belongs', '401', () => bearer('good-key'), '/keys'),
  fault('a key that is a list of keys', '401', () => ({ 'X-API-Key': 'good-key,good-key' }), '/keys'),
  {
    area: 'token',
    input: 'of an issuer that is down, its keys not known yet',
    required: '503',
    async run(world) {
      const text = world.config().replace('audience: "', 'clock_tolerance: 1s, audience: "');
      await world.configured(text);
      world.issuer.manner = ({ socket }) => void socket.destroy();
      const headers = { ...LEGACY, ...bearer(await world.issuer.token()) };
      return String((await world.send({ path: '/tokens', headers, body: rpc('tools/list') })).status);
    },
  },
];
