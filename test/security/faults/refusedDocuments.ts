import type { RequestListener } from 'node:http';
import { gzipSync } from 'node:zlib';
import { type Fault, GOOD } from './faultWorld.js';
import { documentFault, documentWith } from './hostileDocument.js';

/** The last good document serves on, and the operator learns why. */
const refused = (reason: string) => `refused, lists one: ${reason}`;

const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
for (const [index, name] of [...'bcdefghij'].entries()) {
  const former = 'abcdefghij'[index];
  bomb.push(`${name}: &${name} [${Array(10).fill(`*${former}`).join(',')}]`);
}

export const refusedDocuments: readonly Fault[] = [
  documentFault(
    'HTML of a login page',
    refused('is HTML or XML, not YAML or JSON'),
    '<html><body>Log in</body></html>',
  ),
  documentFault('nothing at all', refused('is empty'), ''),
  documentFault(
    'NUL bytes',
    refused('is not valid YAML at 1:1: null byte is not allowed in input'),
    Buffer.alloc(1_000),
  ),
  documentFault(
    'bytes that are no UTF-8',
    refused('is not valid UTF-8 text'),
    Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
  ),
  documentFault(
    'a document cut in the middle',
    refused('is not valid YAML at 2:1: unexpected end of the stream within a double quoted scalar'),
    GOOD.slice(0, GOOD.length / 2),
  ),
  documentFault('a list', refused('must be an OpenAPI document (an object), got an array'), '[]'),
  documentFault(
    'a document of another kind',
    refused('openapi: must be 3.x, got "9.9.9"'),
    '{"openapi":"9.9.9","info":{},"paths":{}}',
  ),
  documentFault(
    'more bytes than max_size',
    refused('must be at most 2097152 bytes (openapi.max_size), is larger'),
    `${GOOD.slice(0, -1)},"x-fill":"${'x'.repeat(2_200_000)}"}`,
  ),
  documentFault(
    'an alias bomb (10^10 values)',
    refused('has aliases that expand too far'),
    `${bomb.join('\n')}\nopenapi: 3.1.0`,
  ),
  documentFault(
    'an alias that holds itself',
    refused('is nested deeper than 200 levels'),
    'openapi: 3.1.0\npaths: &p { x: *p }',
  ),
  documentFault(
    'YAML nested 1,000 deep',
    refused('is not valid YAML at 2:203: nesting exceeded maxDepth (200)'),
    `openapi: 3.1.0\nx: ${'['.repeat(1_000)}${']'.repeat(1_000)}`,
  ),
  documentFault(
    'JSON nested 100,000 deep',
    refused('is nested deeper than 200 levels'),
    `{"openapi":"3.1.0","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  ),
  documentFault(
    'a YAML tag that asks for code',
    /^refused, lists one: is not valid YAML at 1:38: unknown tag/,
    'openapi: !!js/function "function(){}"',
  ),
  documentFault(
    'a server that is a file',
    refused('the server "file:///etc" is not an http or https URL; set base_url'),
    documentWith({}, { servers: [{ url: 'file:///etc' }] }),
  ),
  documentFault(
    'a tool named like another upstream’s',
    /^refused, lists one: .*tool name "getItem" is offered by upstreams "items" and "victim"/,
    documentWith({ operationId: 'getItem' }),
  ),
  {
    area: 'document',
    input: 'a gzip bomb',
    required: refused('must be at most 2097152 bytes (openapi.max_size), is larger'),
    async run(world) {
      world.spec.headers = { 'Content-Encoding': 'gzip' };
      return world.loaded(gzipSync(Buffer.alloc(50_000_000, 32), { level: 1 }));
    },
  },
  {
    area: 'document',
    input: 'a spec server that redirects to a file',
    required: refused('must redirect to http or https, got file:'),
    async run(world) {
      world.spec.next((_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end());
      return world.loaded(GOOD);
    },
  },
  {
    area: 'document',
    input: 'a spec server that redirects to itself for ever',
    required: refused('must not be redirected more than 3 times'),
    async run(world) {
      const again: RequestListener = (_, response) => response.writeHead(302, { location: '/again' }).end();
      world.spec.next(...Array<RequestListener>(4).fill(again));
      return world.loaded(GOOD);
    },
  },
  {
    area: 'document',
    input: 'a spec server that breaks off',
    required: refused('must be sent whole, the body ended early'),
    async run(world) {
      world.spec.next((_, response) => {
        response.writeHead(200, { 'content-length': 1_000 }).write('{');
        response.socket?.destroySoon();
      });
      return world.loaded(GOOD);
    },
  },
];
