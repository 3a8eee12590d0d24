import dns from 'node:dns';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConnectionPools } from '../../lib/call/connectionPools.js';
import { EchoServer, httpAnswer } from '../support/echoServer.js';
import { until } from '../support/until.js';

let server: EchoServer;
let pools: ConnectionPools;
let now = 0;

function open(): void {
  pools = new ConnectionPools({
    connections: 1,
    connectTimeout: 5_000,
    ownOrigin: server.url,
    tlsFor: () => ({ rejectUnauthorized: true }),
    trustOf: () => 'operator',
    now: () => now,
  });
}

async function ask(origin: string): Promise<string> {
  const { body } = await request(`${origin}/x`, { dispatcher: pools.poolFor(origin) });
  return body.text();
}

type Found = (error: null, address: string | dns.LookupAddress[], family?: number) => void;

/** Every name is that of the server; the list of those that are asked for. */
function lookups(): readonly string[] {
  const names: string[] = [];
  const lookup = (name: string, { all }: dns.LookupOptions, found: Found) => {
    names.push(name);
    const address = '127.0.0.1';
    process.nextTick(() => (all === true ? found(null, [{ address, family: 4 }]) : found(null, address, 4)));
  };
  vi.spyOn(dns, 'lookup').mockImplementation(lookup as typeof dns.lookup);
  return names;
}

beforeEach(async () => {
  server = await EchoServer.start();
  server.answer = ({ connection }, socket) => socket.write(httpAnswer(200, {}, `over ${connection}`));
});

afterEach(async () => {
  vi.restoreAllMocks();
  await pools.close();
  await server[Symbol.asyncDispose]();
});

describe('a connection that is in use all the time', () => {
  test('takes no more calls after a minute, and the name is asked for again', async () => {
    const names = lookups();
    open();
    const origin = `http://api.test:${server.port}`;
    for (const [seconds, connection] of [
      [0, 1],
      [59, 1],
      [61, 2],
      [120, 2],
      [122, 3],
    ] as const) {
      now = seconds * 1_000;
      expect([await ask(origin), names.length]).toEqual([`over ${connection}`, connection]);
    }
    await until(() => server.openConnections.length === 1);
  });

  test('finishes the call that it carries', async () => {
    open();
    const quick = server.answer;
    const held: (() => void)[] = [];
    server.answer = (asked, socket) => void held.push(() => quick(asked, socket));
    now = 0;
    const first = ask(server.url);
    await until(() => held.length === 1);
    server.answer = quick;
    now = 61_000;
    expect(await ask(server.url)).toBe('over 2');
    expect(server.openConnections).toEqual([1, 2]);
    held[0]?.();
    expect(await first).toBe('over 1');
    await until(() => !server.openConnections.includes(1));
  });
});
