import type { RequestListener } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Fault } from './faultWorld.js';

/** What the agent is told when the API answers like this. */
function fault(input: string, required: string | RegExp, manner: RequestListener): Fault {
  return {
    area: 'upstream',
    input,
    required,
    async run(world) {
      world.manner = manner;
      return world.called('getItem', { id: '1' });
    },
  };
}

/** Bytes instead of an answer. */
function raw(input: string, required: string | RegExp, text: string): Fault {
  return fault(input, required, ({ socket }) => void socket.end(Buffer.from(text, 'latin1')));
}

export const upstreamFaults: readonly Fault[] = [
  fault('an answer over the limit', /^error: .*larger than the 65,536 bytes allowed/, (_, res) =>
    res.end('x'.repeat(100_000)),
  ),
  fault(
    'an answer over the limit, announced only',
    /^error: .*larger than the 65,536 bytes allowed/,
    (_, res) => {
      res.writeHead(200, { 'content-length': 10_000_000 }).write('x');
    },
  ),
  fault('a gzip bomb', /^error: .*larger than the 65,536 bytes allowed/, (_, res) => {
    res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(20_000_000), { level: 1 }));
  }),
  fault('bytes that are not the gzip they say', /^error: /, (_, res) => {
    res.writeHead(200, { 'content-encoding': 'gzip' }).end('not gzip');
  }),
  fault('no answer', /^error: .*in time|within/, () => {}),
  fault('a byte every 50 ms, without end', /^error: .*in time|within/, (_, res) => {
    res.writeHead(200, { 'content-length': 1_000 });
    const drip = setInterval(() => res.write('x'), 50);
    res.once('close', () => clearInterval(drip));
  }),
  fault('a connection cut before the answer', /^error: .*closed the connection/, ({ socket }) =>
    socket.destroy(),
  ),
  fault('a connection cut within the answer', /^error: /, (_, res) => {
    res.writeHead(200, { 'content-length': 1_000 }).write('x');
    res.socket?.destroySoon();
  }),
  raw('no HTTP', /^error: .*valid HTTP/, 'SSH-2.0-OpenSSH_9.9\r\n'),
  raw(
    'two lengths',
    /^error: .*valid HTTP/,
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
  ),
  raw(
    'a header of 100 KB',
    /^error: /,
    `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\nContent-Length: 0\r\n\r\n`,
  ),
  raw('a status of 999', /^error: /, 'HTTP/1.1 999 Evil\r\nContent-Length: 0\r\n\r\n'),
  fault('a redirect to the metadata address', /^error: .*not allow/, (_, res) => {
    res.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
  }),
  fault('a redirect to a file', /^error: .*redirect/, (_, res) =>
    res.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  ),
  {
    area: 'upstream',
    input: 'a redirect to itself without end',
    required: /^error: .*302.*, asked (6) times$/s,
    async run(world) {
      world.manner = (_, res) => res.writeHead(302, { location: '/items/1' }).end();
      const text = await world.called('getItem', { id: '1' });
      return `${text}, asked ${world.received.length} times`;
    },
  },
  fault('JSON nested 10,000 deep', /^\[\[\[/, (_, res) => {
    res
      .writeHead(200, { 'content-type': 'application/json' })
      .end(`${'['.repeat(10_000)}${']'.repeat(10_000)}`);
  }),
  fault('JSON with __proto__', '{"__proto__":{"polluted":true}}', (_, res) => {
    res.writeHead(200, { 'content-type': 'application/json' }).end('{"__proto__":{"polluted":true}}');
  }),
  fault('an image that is none', 'image', (_, res) =>
    res.writeHead(200, { 'content-type': 'image/png' }).end('<script>'),
  ),
];
