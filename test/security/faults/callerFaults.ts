import { call, LEGACY, rpc } from '../../mcp/batteryCase.js';
import { EventReader } from '../../support/eventReader.js';
import {
  openSocket,
  type RawAnswer,
  type RawRequest,
  rawRequest,
  readAnswer,
} from '../../support/rawHttp.js';
import { until } from '../../support/until.js';
import type { Fault, FaultWorld } from './faultWorld.js';

/** `200`, `200 rpc -32602`: the status, and the code of a JSON-RPC error. */
function outcomeOf({ status, body }: RawAnswer): string {
  try {
    const { error } = JSON.parse(body.toString());
    return error?.code === undefined ? String(status) : `${status} rpc ${error.code}`;
  } catch {
    return String(status);
  }
}

function fault(input: string, required: string | RegExp, request: RawRequest | Buffer): Fault {
  return { area: 'caller', input, required, run: async (world) => outcomeOf(await world.send(request)) };
}

function message(input: string, required: string, body: string | Buffer, headers: object = {}): Fault {
  return fault(input, required, { path: '/items', headers: { ...LEGACY, ...headers }, body });
}

/** Bytes as they are; `\n` stands for the end of a line. */
function wire(input: string, required: string | RegExp, text: string): Fault {
  return fault(input, required, Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1'));
}

const LIST = rpc('tools/list');
const HEAD = `POST /items HTTP/1.1\nHost: localhost\nContent-Type: application/json\nAccept: application/json, text/event-stream\n`;

const streamRequest: RawRequest = { method: 'GET', path: '/items', headers: { Accept: 'text/event-stream' } };

/** Opens streams until one is refused. */
async function openStreams(world: FaultWorld, count: number): Promise<string> {
  const streams: EventReader[] = [];
  try {
    for (let index = 0; index < count; index += 1) {
      const stream = await EventReader.open(world.port, streamRequest);
      streams.push(stream);
      await stream.sees(/^HTTP/);
    }
    const counts = streams.map(({ status }) => status);
    return `${counts.filter((status) => status === 200).length} open, others ${[...new Set(counts.filter((status) => status !== 200))]}`;
  } finally {
    for (const { socket } of streams) socket.destroy();
    await until(async () => (await openListeners(world)) === 0);
  }
}

async function openListeners(world: FaultWorld): Promise<number> {
  const values =
    (await world.handler.registry.getSingleMetric('mcp_anything_listeners')?.get())?.values ?? [];
  return values.reduce((sum, { value }) => sum + value, 0);
}

export const callerFaults: readonly Fault[] = [
  message('a body over the limit', '413 rpc -32000', 'x'.repeat(300_000)),
  fault(
    'a body over the limit, announced only',
    '413 rpc -32000',
    rawRequest({ path: '/items', headers: { 'Content-Length': '999999999' } }),
  ),
  wire(
    'a chunk over the limit',
    '413 rpc -32000',
    `${HEAD}Transfer-Encoding: chunked\n\n50000\n${'x'.repeat(0x50000)}\n0\n\n`,
  ),
  fault(
    'a body that does not come',
    '408 rpc -32000',
    rawRequest({ path: '/items', headers: { ...LEGACY, 'Content-Length': '10' }, body: '{' }),
  ),
  wire('chunks that do not end', '408 rpc -32000', `${HEAD}Transfer-Encoding: chunked\n\n1\n{\n`),
  wire('a length beside chunks', '400', `${HEAD}Content-Length: 5\nTransfer-Encoding: chunked\n\n0\n\n`),
  wire('two lengths', '400', `${HEAD}Content-Length: 5\nContent-Length: 6\n\n{}`),
  wire('a length that is no number', '400', `${HEAD}Content-Length: 1x\n\n{}`),
  wire('a coding nobody knows', '400', `${HEAD}Transfer-Encoding: xchunked\n\n{}`),
  wire('a chunk size that is negative', '400', `${HEAD}Transfer-Encoding: chunked\n\n-1\n\n`),
  wire('a folded header', '400', `${HEAD}X-A: a\n b\nContent-Length: 2\n\n{}`),
  wire('white space before a colon', '400', `${HEAD}Content-Length : 2\n\n{}`),
  fault('line feeds alone', '400', Buffer.from(HEAD.replaceAll('\r', '') + 'Content-Length: 2\n\n{}')),
  wire('a NUL in a header', '400', `${HEAD}X-A: a\0b\nContent-Length: 2\n\n{}`),
  wire('20 KB of headers', '431', `${HEAD}X-A: ${'a'.repeat(20_000)}\nContent-Length: 2\n\n{}`),
  wire('2,000 headers', '400 rpc -32600', `${HEAD}${'A: b\n'.repeat(2_000)}Content-Length: 2\n\n{}`),
  wire('no HTTP at all', '400', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
  wire('a method nobody knows', '400', 'EVIL /items HTTP/1.1\nHost: localhost\n\n'),
  wire('TRACE', '405 rpc -32000', 'TRACE /items HTTP/1.1\nHost: localhost\n\n'),
  wire('no Host', '400', 'POST /items HTTP/1.1\nContent-Length: 2\n\n{}'),
  wire(
    'an absolute target elsewhere',
    '404',
    `POST http://evil.example/items HTTP/1.1\nHost: localhost\nContent-Length: 2\n\n{}`,
  ),
  fault('a path that climbs', '404', { path: '/x/../items', headers: LEGACY, body: LIST }),
  fault('a path in another notation', '404', { path: '/%69tems', headers: LEGACY, body: LIST }),
  fault('a path of slashes', '404', { path: '//items', headers: LEGACY, body: LIST }),
  fault('the name of a property as path', '404', { path: '/__proto__', headers: LEGACY, body: LIST }),
  message('a foreign Host', '403 rpc -32000', LIST, { Host: 'evil.example' }),
  message('a foreign Origin', '403 rpc -32000', LIST, { Origin: 'https://evil.example' }),
  message('an Origin of null', '403 rpc -32000', LIST, { Origin: 'null' }),
  message('no JSON', '400 rpc -32700', '{"jsonrpc":'),
  message('bytes that are no UTF-8', '400 rpc -32700', Buffer.from([0xff, 0xfe, 0x00])),
  message('JSON nested 100,000 deep', '400 rpc -32700', '['.repeat(100_000)),
  message('a batch nested 50,000 deep', '400 rpc -32600', `${'['.repeat(50_000)}${']'.repeat(50_000)}`),
  message('an empty batch', '400 rpc -32600', '[]'),
  message(
    'a batch of 4,000 pings',
    '400 rpc -32600',
    `[${Array(4_000).fill('{"jsonrpc":"2.0","id":1,"method":"ping"}').join(',')}]`,
  ),
  message('an id that is an object', '400 rpc -32600', '{"jsonrpc":"2.0","id":{},"method":"ping"}'),
  message('a method that is a list', '400 rpc -32600', '{"jsonrpc":"2.0","id":1,"method":["ping"]}'),
  message('a method named like a property', '200 rpc -32601', rpc('__proto__')),
  message('a tool named like a property', '200 rpc -32602', rpc('tools/call', call('constructor'))),
  message('a tool named __proto__', '200 rpc -32602', rpc('tools/call', call('__proto__'))),
  message('a cursor of 200 KB', '200 rpc -32602', rpc('tools/list', { cursor: 'x'.repeat(200_000) })),
  message(
    'a cursor that is made up',
    '200 rpc -32602',
    rpc('tools/list', { cursor: Buffer.from('0.5').toString('base64url') }),
  ),
  message(
    'a params with a prototype',
    '200 rpc -32603',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"__proto__":{"name":"getItem"}}}',
  ),
  {
    area: 'caller',
    input: '20 streams from one address, 5 allowed',
    required: '5 open, others 429',
    run: (world) => openStreams(world, 20),
  },
  {
    area: 'caller',
    input: '60 streams, one after another, each cut',
    required: 'all opened',
    async run(world) {
      for (let count = 0; count < 60; count += 1) {
        const stream = await EventReader.open(world.port, streamRequest);
        await stream.sees(/^HTTP/);
        if (stream.status === 429) return `429 after ${count}`;
        stream.socket.destroy();
        if (count % 5 === 4) await until(async () => (await openListeners(world)) === 0);
      }
      return 'all opened';
    },
  },
  {
    area: 'caller',
    input: '50 requests at once on one connection',
    required: '50 answers in order',
    async run(world) {
      const socket = await openSocket(world.port);
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      for (let id = 0; id < 50; id += 1) {
        socket.write(rawRequest({ path: '/items', headers: LEGACY, body: rpc('ping', undefined, id) }));
      }
      await until(() => text.split('HTTP/1.1 200').length === 51);
      socket.destroy();
      const ids = [...text.matchAll(/"id":(\d+)/g)].map(([, id]) => Number(id));
      return `${ids.length} answers ${ids.every((id, index) => id === index) ? 'in order' : 'mixed up'}`;
    },
  },
  {
    area: 'caller',
    input: 'a request hidden behind another in its body',
    required: 'one answer',
    async run(world) {
      const hidden = rawRequest({ path: '/items', headers: LEGACY, body: rpc('tools/list') });
      const socket = await openSocket(world.port);
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.write(rawRequest({ path: '/items', headers: { ...LEGACY, Connection: 'close' }, body: hidden }));
      await new Promise((resolve) => socket.once('close', resolve));
      return text.split('HTTP/1.1').length === 2 ? 'one answer' : text;
    },
  },
  {
    area: 'caller',
    input: 'a client that leaves in the middle of a call',
    required: 'the upstream call ended',
    async run(world) {
      let ended = false;
      world.manner = (request) => void request.socket.once('close', () => (ended = true));
      const socket = await openSocket(world.port);
      socket.write(
        rawRequest({
          path: '/items',
          headers: LEGACY,
          body: rpc('tools/call', call('getItem', { id: '1' })),
        }),
      );
      await until(() => world.received.length === 1);
      socket.destroy();
      await until(() => ended, { within: 500 });
      return 'the upstream call ended';
    },
  },
  {
    area: 'caller',
    input: 'a hundred clients that send nothing',
    required: 'others are served, 200',
    async run(world) {
      const sockets = await Promise.all(Array.from({ length: 100 }, () => openSocket(world.port)));
      for (const socket of sockets) socket.write('POST /items HTTP/1.1\r\n');
      const answer = await world.send({ path: '/items', headers: LEGACY, body: LIST });
      for (const socket of sockets) socket.destroy();
      return `others are served, ${answer.status}`;
    },
  },
  {
    area: 'caller',
    input: 'an upgrade to another protocol',
    required: '406 rpc -32000',
    async run(world) {
      const socket = await openSocket(world.port);
      socket.write(
        'GET /items HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      );
      return outcomeOf(await readAnswer(socket));
    },
  },
];
