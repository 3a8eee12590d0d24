import { call, LEGACY, rpc } from '../../mcp/batteryCase.js';
import type { Fault, FaultWorld } from './faultWorld.js';

/** The request that the API got for a call, or why it got none. */
async function sent(world: FaultWorld, args: object, name = 'getItem'): Promise<string> {
  const text = await world.called(name, args);
  const [request] = world.received;
  if (request === undefined)
    return text.startsWith('error: ') ? 'refused, nothing sent' : `nothing sent: ${text}`;
  const { 'x-note': note, authorization, cookie, host, 'x-evil': evil } = request.headers;
  const own = host === new URL(world.api.url).host ? '' : ` host ${host}`;
  const headers = Object.entries({ note, authorization, cookie, evil }).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${value}`],
  );
  return [`${request.method} ${request.url}${own}`, ...headers].join(' ');
}

function fault(input: string, required: string | RegExp, args: object, name?: string): Fault {
  return { area: 'arguments', input, required, run: (world) => sent(world, args, name) };
}

const REFUSED = 'refused, nothing sent';

export const argumentFaults: readonly Fault[] = [
  fault('a path value that climbs', REFUSED, { id: '../../admin' }),
  fault('a path value of two dots', REFUSED, { id: '..' }),
  fault('a path value of one dot', REFUSED, { id: '.' }),
  fault('a path value of nothing', REFUSED, { id: '' }),
  fault('a path value of encoded dots', 'GET /items/%252e%252e', { id: '%2e%2e' }),
  fault('a path value with a backslash', REFUSED, { id: '..\\admin' }),
  fault('a path value with a query and a fragment', 'GET /items/1%3Fadmin%3Dtrue%23x', {
    id: '1?admin=true#x',
  }),
  fault('a path value that is a URL', 'GET /items/http%3A%2F%2Fevil.example%2F', {
    id: 'http://evil.example/',
  }),
  fault('a path value with a NUL', 'GET /items/a%00b', { id: 'a\0b' }),
  fault('a path value with half a character', REFUSED, { id: 'a\ud800' }),
  fault('a query value that adds a parameter', 'GET /items/1?q=a%26admin%3Dtrue', {
    id: '1',
    q: 'a&admin=true',
  }),
  fault('a query value with line breaks', 'GET /items/1?q=a%0D%0AX-Evil%3A%201', {
    id: '1',
    q: 'a\r\nX-Evil: 1',
  }),
  fault('a header value with line breaks', REFUSED, { id: '1', 'X-Note': 'a\r\nX-Evil: 1' }),
  fault('a header value with a NUL', REFUSED, { id: '1', 'X-Note': 'a\0b' }),
  fault('a cookie value that adds a cookie', 'GET /items/1 cookie=session=a%3B%20admin%3D1', {
    id: '1',
    session: 'a; admin=1',
  }),
  fault('an Authorization of the agent’s own', REFUSED, {
    id: '1',
    Authorization: 'Bearer evil',
  }),
  fault('a Host of the agent’s own', 'GET /items/1', { id: '1', Host: 'evil.example' }),
  fault('arguments nobody asked for', REFUSED, { id: '1', admin: true }),
  fault('__proto__ as an argument', 'GET /items/1', JSON.parse('{"id":"1","__proto__":{"admin":true}}')),
  fault('a number as a path value', REFUSED, { id: 7 }),
  fault('a list as a path value', REFUSED, { id: ['..', '..'] }),
  fault('an object as a path value', REFUSED, { id: { toString: '..' } }),
  {
    area: 'arguments',
    input: 'a body nested 5,000 deep',
    required: /^200 .*must not be nested more than 64 levels deep/,
    async run(world) {
      const deep = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
      const body = rpc('tools/call', call('postBody', { body: 0 })).replace('"body":0', `"body":${deep}`);
      const answer = await world.send({ path: '/items', headers: LEGACY, body });
      return `${answer.status} ${answer.body}`;
    },
  },
  fault('a list of arguments', 'nothing sent: rpc -32603', [1, 2] as object),
  {
    area: 'arguments',
    input: 'a value that a pattern would backtrack on for ever',
    required: 'answered within a second',
    async run(world) {
      const start = performance.now();
      await world.called('getItem', { id: '1', word: `${'a'.repeat(50_000)}!` });
      const spent = performance.now() - start;
      return spent < 1_000 ? 'answered within a second' : `answered after ${Math.round(spent)} ms`;
    },
  },
];
