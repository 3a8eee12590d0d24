import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { call, LEGACY, rpc } from '../mcp/batteryCase.js';
import { freePort } from '../support/freePort.js';
import { HttpServer } from '../support/httpServer.js';
import { RedisServer, redisMissing } from '../support/redisServer.js';
import { RunningProxy } from '../support/runningProxy.js';
import { smallDocument } from '../support/smallDocument.js';
import { until } from '../support/until.js';

const SILENCE = /Redis does not count calls/;
const RETURN = /counts calls for rate limits again/;

interface Limited {
  readonly redis: string | null;
  readonly average?: number;
  readonly more?: string;
  readonly prefix?: string;
}

function configOf(api: HttpServer, { redis, average = 4, more = '', prefix = 'test' }: Limited): string {
  const store = redis === null ? '' : `rate_limit_store: { redis_url: "${redis}", prefix: ${prefix} }`;
  return `
reload: { debounce: 10ms, poll_interval: 100ms }
upstreams:
  - { name: api, tool_prefix: "", base_url: "${api.url}", rate_limit: few, openapi: { source: api.json }${more} }
rate_limits: { few: { average: ${average}, period: 10m } }
${store}
`;
}

function startApi(): Promise<HttpServer> {
  return HttpServer.start((_request, response) => response.end('fine'));
}

function startProxy(api: HttpServer, limited: Limited): Promise<RunningProxy> {
  return RunningProxy.start({
    files: { 'mcp.yaml': configOf(api, limited), 'api.json': smallDocument('one') },
  });
}

/** `ok`, or `limited`; anything else fails the test. */
async function callOnce(proxy: RunningProxy): Promise<'ok' | 'limited'> {
  const request = { method: 'POST', headers: LEGACY, body: rpc('tools/call', call('one', {})) };
  const { result } = (await (await fetch(proxy.url(), request)).json()) as {
    result: { isError?: boolean; content: { text: string }[] };
  };
  if (result.isError !== true) return 'ok';
  expect(result.content[0]?.text).toMatch(/its rate limit is reached\. .*try again in \d+ s\.$/);
  return 'limited';
}

async function callTimes(proxy: RunningProxy, times: number): Promise<string[]> {
  const answers: string[] = [];
  for (let count = 0; count < times; count += 1) answers.push(await callOnce(proxy));
  return answers;
}

function logged(proxy: RunningProxy, message: RegExp): number {
  return proxy.log.lines.filter((line) => message.test(line.message)).length;
}

/** Takes connections, and never says anything; or `OK` to everything, so that the connection is kept. */
class FakeRedis implements AsyncDisposable {
  readonly sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(kind: 'silent' | 'obliging') {
    this.#server = createServer((socket) => {
      this.sockets.add(socket.on('error', () => {}).on('close', () => this.sockets.delete(socket)));
      socket.setEncoding('utf8').on('data', (text: string) => {
        const commands = text.match(/^\*\d+\r$/gm) ?? [];
        if (kind === 'obliging') socket.write('+OK\r\n'.repeat(commands.length));
      });
    });
  }

  static async start(kind: 'silent' | 'obliging'): Promise<FakeRedis> {
    const server = new FakeRedis(kind);
    await once(server.#server.listen(0, '127.0.0.1'), 'listening');
    return server;
  }

  get url(): string {
    const address = this.#server.address();
    return `redis://:secret@127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A name that leads to one Redis and then to another; connections that are there stay where they are. */
class MovingName implements AsyncDisposable {
  port: number;
  connections = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => {
    this.connections += 1;
    const onward = connect(this.port, '127.0.0.1');
    for (const end of [socket, onward]) this.#sockets.add(end.on('error', () => {}));
    socket.pipe(onward).pipe(socket);
  });

  private constructor(port: number) {
    this.port = port;
  }

  static async to({ port }: RedisServer): Promise<MovingName> {
    const name = new MovingName(port);
    await once(name.#server.listen(0, '127.0.0.1'), 'listening');
    return name;
  }

  urlOf(redis: RedisServer): string {
    const address = this.#server.address();
    return redis.url.replace(`:${redis.port}`, `:${typeof address === 'object' ? address?.port : 0}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

describe('calls, while Redis is away,', () => {
  it.each(['a closed port', 'a server that never answers'])(
    'are counted by the replica itself, at once: %s',
    async (kind) => {
      await using silent = await FakeRedis.start('silent');
      const redis = kind === 'a closed port' ? `redis://:secret@127.0.0.1:${await freePort()}` : silent.url;
      await using api = await startApi();
      await using proxy = await startProxy(api, { redis });
      const start = performance.now();
      expect(await callTimes(proxy, 6)).toEqual(['ok', 'ok', 'ok', 'ok', 'limited', 'limited']);
      // One wait at most, whatever the number of calls.
      expect(performance.now() - start).toBeLessThan(1_500);
      expect(logged(proxy, SILENCE)).toBe(1);
      expect(logged(proxy, RETURN)).toBe(0);
      expect(JSON.stringify(proxy.log.lines)).not.toContain('secret');
    },
  );
});

describe('a connection', () => {
  it('goes when the handler closes', async () => {
    await using server = await FakeRedis.start('obliging');
    await using api = await startApi();
    await using proxy = await startProxy(api, { redis: server.url });
    await until(() => server.sockets.size === 1);
    await proxy.handler.close();
    await until(() => server.sockets.size === 0, { within: 500 });
  });

  it('goes when a reload takes the store away, and comes when one names it', async () => {
    await using server = await FakeRedis.start('obliging');
    await using api = await startApi();
    await using proxy = await startProxy(api, { redis: null });
    expect(server.sockets.size).toBe(0);
    proxy.directory.write('mcp.yaml', configOf(api, { redis: server.url }));
    await proxy.handler.reload();
    await until(() => server.sockets.size === 1);
    proxy.directory.write('mcp.yaml', configOf(api, { redis: null }));
    await proxy.handler.reload();
    await until(() => server.sockets.size === 0);
    expect(await callTimes(proxy, 5)).toEqual(['ok', 'ok', 'ok', 'ok', 'limited']);
  });
});

const reason = redisMissing === null ? '' : ` (skipped: ${redisMissing})`;

describe.skipIf(redisMissing !== null)(`replicas with the same Redis${reason}`, () => {
  it('share a limit, and leave no name of a caller and no count without an end in it', async () => {
    await using redis = await RedisServer.start();
    await using api = await startApi();
    await using one = await startProxy(api, { redis: redis.url });
    await using other = await startProxy(api, { redis: redis.url });
    await using apart = await startProxy(api, { redis: redis.url, prefix: 'apart' });
    expect([await callTimes(one, 2), await callTimes(other, 3), await callTimes(one, 1)]).toEqual([
      ['ok', 'ok'],
      ['ok', 'ok', 'limited'],
      ['limited'],
    ]);
    expect(await callTimes(apart, 1)).toEqual(['ok']);
    const everything = await redis.ask('KEYS *');
    expect(everything).not.toContain('127.0.0.1');
    const keys = everything.match(/^(test|apart):.*$/gm) ?? [];
    expect(keys.map((key) => key.split(':').slice(0, 2).join(':')).toSorted()).toEqual([
      'apart:api',
      'test:api',
    ]);
    for (const key of keys) {
      const left = Number(/:(-?\d+)\r\n\+OK\r\n$/.exec(await redis.ask(`PTTL ${key}`))?.[1]);
      expect(left).toBeGreaterThan(500_000);
      expect(left).toBeLessThanOrEqual(600_000);
    }
    expect([one, other].flatMap((proxy) => proxy.log.of('warn'))).toEqual([]);
  });

  it('let calls through again when a window of less than a second has passed', async () => {
    await using redis = await RedisServer.start();
    await using api = await startApi();
    await using proxy = await startProxy(api, { redis: redis.url });
    const short = configOf(api, { redis: redis.url }).replace('period: 10m', 'period: 300ms');
    proxy.directory.write('mcp.yaml', short);
    await proxy.handler.reload();
    await until(async () => (await callOnce(proxy)) === 'limited');
    expect(await redis.ask('KEYS *')).toContain('test:api:');
    const waited = await until(async () => (await callOnce(proxy)) === 'ok');
    expect(waited).toBeLessThan(1_000);
    expect(logged(proxy, SILENCE)).toBe(0);
  });

  it('count each for itself while it is dead, say so once, and share again when it is back', async () => {
    await using redis = await RedisServer.start();
    await using api = await startApi();
    await using one = await startProxy(api, { redis: redis.url });
    await using other = await startProxy(api, { redis: redis.url });
    expect([await callOnce(one), await callOnce(other)]).toEqual(['ok', 'ok']);
    await redis.signal('SIGKILL');
    for (const proxy of [one, other]) {
      expect(await callTimes(proxy, 5)).toEqual(['ok', 'ok', 'ok', 'ok', 'limited']);
    }
    await redis.run();
    for (const proxy of [one, other]) await until(() => logged(proxy, RETURN) === 1, { within: 5_000 });
    expect([await callTimes(one, 2), await callTimes(other, 3)]).toEqual([
      ['ok', 'ok'],
      ['ok', 'ok', 'limited'],
    ]);
    for (const proxy of [one, other]) {
      expect([logged(proxy, SILENCE), logged(proxy, RETURN)]).toEqual([1, 1]);
      expect(JSON.stringify(proxy.log.lines)).not.toContain('secret');
    }
  });

  it('share again after a failover to another primary that keeps the connections to the former', async () => {
    await using former = await RedisServer.start();
    await using next = await RedisServer.start();
    await using name = await MovingName.to(former);
    await using api = await startApi();
    await using proxy = await startProxy(api, { redis: name.urlOf(former) });
    expect(await callOnce(proxy)).toBe('ok');
    await former.ask(`REPLICAOF 127.0.0.1 ${next.port}`);
    expect(await callTimes(proxy, 5)).toEqual(['ok', 'ok', 'ok', 'ok', 'limited']);
    // The name still leads to the former one, which is as useless over a new connection.
    await until(() => name.connections === 2, { within: 5_000 });
    await callOnce(proxy);
    name.port = next.port;
    const counted = async () => {
      await callOnce(proxy);
      return (await next.ask('KEYS *')).includes('test:api:');
    };
    await until(counted, { within: 8_000 });
    expect([logged(proxy, SILENCE), logged(proxy, RETURN)]).toEqual([1, 1]);
    const [silence] = proxy.log.of('warn').filter(({ message }) => SILENCE.test(message));
    expect(silence?.fields).toEqual({ reason: 'READONLY' });
  });

  it('wait once and not with every call for one that hangs', async () => {
    await using redis = await RedisServer.start();
    await using api = await startApi();
    await using proxy = await startProxy(api, { redis: redis.url });
    expect(await callOnce(proxy)).toBe('ok');
    await redis.signal('SIGSTOP');
    const start = performance.now();
    expect(await callTimes(proxy, 6)).toEqual(['ok', 'ok', 'ok', 'ok', 'limited', 'limited']);
    expect(performance.now() - start).toBeLessThan(1_500);
    await redis.signal('SIGCONT');
    await until(() => logged(proxy, RETURN) === 1, { within: 5_000 });
    expect(logged(proxy, SILENCE)).toBe(1);
  });

  it('keep the count across reloads that leave store and limit alone', async () => {
    await using redis = await RedisServer.start();
    await using api = await startApi();
    await using proxy = await startProxy(api, { redis: redis.url });
    expect(await callTimes(proxy, 3)).toEqual(['ok', 'ok', 'ok']);
    const connections = async () =>
      /total_connections_received:(\d+)/.exec(await redis.ask('INFO stats'))?.[1];
    const before = Number(await connections());
    proxy.directory.write('mcp.yaml', configOf(api, { redis: redis.url, more: ', timeout: 3s' }));
    expect((await proxy.handler.reload()).outcome).toBe('applied');
    expect(await callTimes(proxy, 2)).toEqual(['ok', 'limited']);
    // The one that asks.
    expect(Number(await connections())).toBe(before + 1);
    proxy.directory.write('mcp.yaml', configOf(api, { redis: redis.url, average: 2 }));
    await proxy.handler.reload();
    expect(await callTimes(proxy, 3)).toEqual(['ok', 'ok', 'limited']);
  });

  it('that refuses the password count each for itself, and show it to nobody', async () => {
    await using redis = await RedisServer.start();
    await using api = await startApi();
    await using proxy = await startProxy(api, { redis: redis.url.replace('secret', 'planted') });
    expect(await callTimes(proxy, 5)).toEqual(['ok', 'ok', 'ok', 'ok', 'limited']);
    expect(proxy.log.of('warn').map(({ fields }) => fields)).toEqual([{ reason: 'WRONGPASS' }]);
    expect(JSON.stringify(proxy.log.lines)).not.toContain('planted');
  });
});
