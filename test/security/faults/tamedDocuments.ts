import type { Fault, FaultWorld } from './faultWorld.js';
import { documentFault, documentWith, withParameter } from './hostileDocument.js';

const ACCEPTED = 'accepted, lists x';

interface ListedTool {
  readonly description: string;
}

/** A reference that must not be followed: the operation stays, without what the reference would have brought. */
function reference(to: string, address: (world: FaultWorld) => string): Fault {
  return {
    area: 'document',
    input: `a reference to ${to}`,
    required: 'accepted, lists x, reference refused, nothing asked',
    async run(world) {
      const outcome = await world.loaded(withParameter({ $ref: address(world) }));
      const told = world.warnings.some((warning) => /is refused|not allow/.test(warning));
      const asked = world.received.length === 0 ? 'nothing asked' : 'asked';
      return `${outcome}, ${told ? 'reference refused' : world.warnings.join()}, ${asked}`;
    },
  };
}

/** The one listed tool of the victim, as JSON. */
async function onlyTool(world: FaultWorld): Promise<ListedTool> {
  const response = await fetch(`${world.proxy.url}/victim`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
  });
  const { result } = (await response.json()) as { result: { tools: ListedTool[] } };
  return result.tools[0] ?? { description: '' };
}

const doubling = Object.fromEntries(
  Array.from({ length: 40 }, (_, index) => [
    `S${index}`,
    {
      type: 'object',
      properties: Object.fromEntries(
        ['a', 'b'].map((key) => [
          key,
          index === 39 ? { type: 'string' } : { $ref: `#/components/schemas/S${index + 1}` },
        ]),
      ),
    },
  ]),
);

/** Right-to-left override, zero width space, bell, escape, isolate, byte order mark, a tag character. */
const control = String.fromCodePoint(0x202e, 0x200b, 0x7, 0x1b, 0x2066, 0xfeff, 0xe0041);

/** Documents that are taken, with everything that is hostile about them taken out or made harmless. */
export const tamedDocuments: readonly Fault[] = [
  documentFault(
    '__proto__ among the paths',
    ACCEPTED,
    `${documentWith({}).slice(0, -1)},"__proto__":{"polluted":true}}`,
  ),
  documentFault(
    '__proto__ and constructor as schema names',
    'accepted, lists x',
    withParameter({ $ref: '#/components/schemas/constructor' }).replace(
      /}$/,
      ',"components":{"schemas":{"__proto__":{"polluted":true},"constructor":{"type":"string"},"toString":{}}}}',
    ),
  ),
  documentFault(
    'properties named __proto__',
    ACCEPTED,
    withParameter({ type: 'object' }).replace(
      '"type":"object"',
      '"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{}}',
    ),
  ),
  documentFault(
    'operations named like members of objects',
    'accepted, lists constructor,hasOwnProperty,proto,toString',
    JSON.stringify({
      openapi: '3.1.0',
      info: { title: 'x', version: '1' },
      servers: [{ url: 'https://hostile.example' }],
      paths: Object.fromEntries(
        ['__proto__', 'constructor', 'hasOwnProperty', 'toString'].map((name) => [
          `/${name}`,
          { get: { operationId: name, responses: {} } },
        ]),
      ),
    }),
  ),
  documentFault(
    'schemas that double 40 times',
    ACCEPTED,
    withParameter({ $ref: '#/components/schemas/S0' }, { components: { schemas: doubling } }),
  ),
  documentFault(
    'a schema that holds itself',
    'accepted, lists x',
    withParameter(
      { $ref: '#/components/schemas/S' },
      {
        components: {
          schemas: { S: { type: 'object', properties: { s: { $ref: '#/components/schemas/S' } } } },
        },
      },
    ),
  ),
  documentFault(
    'a reference to itself',
    ACCEPTED,
    withParameter(
      { $ref: '#/components/schemas/S' },
      { components: { schemas: { S: { $ref: '#/components/schemas/S' } } } },
    ),
  ),
  reference('a file of the proxy', () => 'file:///etc/passwd'),
  reference('the metadata address', () => 'http://169.254.169.254/latest/meta-data'),
  reference('a private address, disguised', () => 'http://0xa.1:9/x.json'),
  reference('the metadata address in IPv6', () => 'http://[::ffff:169.254.169.254]/x.json'),
  reference('a server on this machine', (world) => `${world.api.url}/x.json`),
  {
    area: 'document',
    input: 'a server at the metadata address',
    required: /^accepted, lists x: error: 169\.254\.169\.254.* not allow/,
    async run(world) {
      const text = documentWith({}, { servers: [{ url: 'http://169.254.169.254/latest' }] });
      return `${await world.loaded(text)}: ${await world.called('x', {}, '/victim')}`;
    },
  },
  {
    area: 'document',
    input: 'a server on this machine, disguised',
    required: /^accepted, lists x: error: .* not allow.*asked 0 times$/,
    async run(world) {
      const text = documentWith({}, { servers: [{ url: `http://0x7f.2:${new URL(world.api.url).port}` }] });
      const outcome = `${await world.loaded(text)}: ${await world.called('x', {}, '/victim')}`;
      return `${outcome} asked ${world.received.length} times`;
    },
  },
  documentFault(
    'an operation id of 100,000 characters',
    /^accepted, lists [A-Za-z0-9_-]{1,64}$/,
    documentWith({ operationId: 'x'.repeat(100_000) }),
  ),
  documentFault(
    'an operation id of control and bidi characters',
    /^accepted, lists [A-Za-z_][A-Za-z0-9_-]*$/,
    documentWith({ operationId: `a${control}b` }),
  ),
  {
    area: 'document',
    input: 'a description of a megabyte',
    required: 'accepted, lists x, 1024 characters',
    async run(world) {
      const outcome = await world.loaded(documentWith({ description: 'word '.repeat(200_000) }));
      return `${outcome}, ${(await onlyTool(world)).description.length} characters`;
    },
  },
  {
    area: 'document',
    input: 'a description with invisible and control characters',
    required: 'accepted, lists x, nothing invisible',
    async run(world) {
      const outcome = await world.loaded(
        documentWith({ summary: `a${control}b`, description: `c${control}d` }),
      );
      const shown = JSON.stringify(await onlyTool(world));
      return `${outcome}, ${/[\u202e\u200b\u2066\ufeff]|\\u0007|\\u001b/.test(shown) ? shown : 'nothing invisible'}`;
    },
  },
  documentFault(
    'a pattern that is no regular expression',
    'accepted, lists x',
    withParameter({ type: 'string', pattern: '(((' }),
  ),
  {
    area: 'document',
    input: 'a pattern that backtracks for ever, and a value for it',
    required: /^accepted, lists x: within a second/,
    async run(world) {
      const outcome = await world.loaded(
        withParameter({ type: 'string', pattern: '^(([a-z])+.)+[A-Z]([a-z])+$' }),
      );
      const start = performance.now();
      await world.called('x', { p: 'a'.repeat(5_000) }, '/victim');
      const spent = performance.now() - start;
      return `${outcome}: ${spent < 1_000 ? 'within a second' : `after ${spent} ms`}`;
    },
  },
  documentFault(
    'a header parameter with a line break in its name',
    ACCEPTED,
    documentWith({ parameters: [{ name: 'X\r\nEvil', in: 'header', schema: {} }] }),
  ),
  documentFault('a path that climbs', ACCEPTED, documentWith({}, {}, '/../../admin')),
  documentFault(
    '2,000 operations with the same name',
    /^accepted, lists /,
    JSON.stringify({
      openapi: '3.1.0',
      info: { title: 'x', version: '1' },
      servers: [{ url: 'https://hostile.example' }],
      paths: Object.fromEntries(
        Array.from({ length: 2_000 }, (_, i) => [`/p${i}`, { get: { operationId: 'same', responses: {} } }]),
      ),
    }),
  ),
];
