import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CallerKeys, keysInFile, keysInVariable } from '../../lib/config/callerKeys.js';
import { loadConfig } from '../../lib/config/load.js';
import { GuardedServer } from '../support/guardedServer.js';
import { sendRaw } from '../support/rawHttp.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';

const KEYS = 'first-key, second-key ,  schlüssel';

function guarded(apikey: object = {}): Promise<GuardedServer> {
  return GuardedServer.start({
    inboundAuth: { strategy: 'apikey', apikey: { keys_env: 'KEYS', ...apikey } },
    env: { KEYS },
  });
}

describe('an API key', () => {
  it.each<[string, string, number]>([
    ['that is listed', 'first-key', 200],
    ['in the middle of the list', 'second-key', 200],
    ['beyond ASCII', Buffer.from('schlüssel').toString('latin1'), 200],
    ['with white space around', '  first-key  ', 200],
    ['that is not listed', 'third-key', 401],
    ['in another case', 'FIRST-KEY', 401],
    ['cut short', 'first-ke', 401],
    ['with something behind', 'first-keyx', 401],
    ['that is the list', KEYS, 401],
    ['that is nothing', '', 401],
    ['that is a comma', ',', 401],
    ['that is the name of a property', '__proto__', 401],
  ])('%s', async (_name, key, status) => {
    await using server = await guarded();
    const bytes = Buffer.from(
      `POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nX-API-Key: ${key}\r\nConnection: close\r\n\r\n{}`,
      'latin1',
    );
    const answer = await sendRaw(server.server.port, bytes);
    // 415: the key was accepted, the message was not.
    expect(answer.status).toBe(status === 200 ? 415 : status);
    if (status === 401) {
      expect(answer.headers['www-authenticate']).toBe('ApiKey header="X-API-Key"');
      if (key.length > 3) expect(answer.body.toString()).not.toContain(key);
    }
  });

  it('sent twice is refused, whichever is good', async () => {
    await using server = await guarded();
    const lines = 'X-API-Key: first-key\r\nx-api-key: second-key';
    const bytes = Buffer.from(
      `POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n${lines}\r\n\r\n{}`,
    );
    expect((await sendRaw(server.server.port, bytes)).status).toBe(401);
  });

  it('may come in a header of the operator’s choice, in Authorization with or without a scheme', async () => {
    await using other = await guarded({ header: 'X-Team-Key' });
    expect((await other.list({ 'x-team-key': 'first-key' })).status).toBe(200);
    expect((await other.list({ 'X-API-Key': 'first-key' })).status).toBe(401);
    await using plain = await guarded({ header: 'Authorization' });
    for (const value of ['first-key', 'Bearer first-key', 'ApiKey first-key']) {
      expect((await plain.list({ Authorization: value })).status).toBe(200);
    }
    expect((await plain.list({ Authorization: 'Bearer' })).status).toBe(401);
  });

  it('names its caller by a fingerprint, and carries no scopes', async () => {
    const callers: unknown[] = [];
    await using server = await GuardedServer.start({
      inboundAuth: { strategy: 'apikey', apikey: { keys_env: 'KEYS' } },
      env: { KEYS },
      table: { tools: [{ name: 'alpha' }, { name: 'scoped', requiredScopes: ['x'] }] },
      server: { endpoint: { onToolCall: ({ caller }) => void callers.push(caller) } },
    });
    expect((await server.call('alpha', { 'X-API-Key': 'first-key' })).status).toBe(200);
    expect((await server.call('scoped', { 'X-API-Key': 'first-key' })).status).toBe(403);
    expect(callers).toEqual([{ id: expect.stringMatching(/^key:[0-9a-f]{12}$/), scopes: [], claims: {} }]);
    expect(JSON.stringify(callers)).not.toContain('first-key');
  });
});

describe('keys of callers', () => {
  it('are read from a variable by commas, and from a file by lines, comments left out', () => {
    expect(keysInVariable(' a,, b ,')).toEqual(['a', 'b']);
    expect(keysInFile('\uFEFFa\r\n\n# for partners\n  b  \n')).toEqual(['a', 'b']);
  });

  it('show nothing of themselves, and yet tell whether they differ', () => {
    const one = new CallerKeys(['secret-key']);
    for (const text of [JSON.stringify(one), String(one), inspect(one, { depth: 9, showHidden: true })]) {
      expect(text).not.toContain('secret-key');
    }
    expect(JSON.stringify(one)).toBe(JSON.stringify(new CallerKeys(['secret-key'])));
    expect(JSON.stringify(one)).not.toBe(JSON.stringify(new CallerKeys(['other-key'])));
    expect(new CallerKeys([]).match('')).toBeNull();
  });

  it('belong to the config that was loaded: one read before a rotation keeps its own', async () => {
    using directory = new TemporaryDirectory({ keys: 'old-key\n' });
    const load = () =>
      loadConfig(
        {
          upstreams: [{ name: 'api', openapi: { source: './api.json' } }],
          inbound_auth: { strategy: 'apikey', apikey: { keys_file: 'keys' } },
        },
        { directory: directory.path, env: {} },
      );
    const before = await load();
    directory.write('keys', 'new-key\n');
    const after = await load();
    expect(after.digest).not.toBe(before.digest);
    const accepted = [before, after].map(({ config: { inbound_auth: auth } }) =>
      ['old-key', 'new-key'].filter(
        (key) => auth.strategy === 'apikey' && auth.apikey.keys.match(key) !== null,
      ),
    );
    expect(accepted).toEqual([['old-key'], ['new-key']]);
    expect(JSON.stringify(before)).not.toContain('old-key');
  });
});
