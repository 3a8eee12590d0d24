import { describe, expect, it } from 'vitest';
import { EventReader } from '../support/eventReader.js';
import { McpServer } from '../support/mcpServer.js';
import { sendRaw } from '../support/rawHttp.js';
import { tableOf } from '../support/table.js';
import { LEGACY, modern, rpc } from './batteryCase.js';

const DEPTH = 200_000;
const object = `${'{"a":'.repeat(DEPTH)}1${'}'.repeat(DEPTH)}`;
const list = `${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}`;

const modernList = modern('deep', 'tools/list', {}, { status: 200 }).request;
const withCapabilities = (capabilities: string): string =>
  String(modernList.body).replace('clientCapabilities":{}', `clientCapabilities":${capabilities}`);
const callWith = (args: string): string =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"alpha","arguments":{"body":${args}}}}`;

/** Bodies nested deeper than any stack. */
const deep: readonly (readonly [string, string, Readonly<Record<string, string | null>>])[] = [
  ['a list', list, LEGACY],
  ['an object', object, LEGACY],
  ['a batch', `[${list}]`, LEGACY],
  ['arguments', callWith(object), LEGACY],
  ['arguments as a list', callWith(list), LEGACY],
  ['_meta', `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"x":${object}}}}`, LEGACY],
  ['a posted result', `{"jsonrpc":"2.0","id":1,"result":{"x":${object}}}`, LEGACY],
  ['client capabilities', withCapabilities(object), modernList.headers ?? {}],
  ['experimental capabilities', withCapabilities(`{"experimental":{"x":${list}}}`), modernList.headers ?? {}],
];

describe('a body nested without end', () => {
  it.each(deep)('is answered, and nothing breaks: %s', async (_name, body, headers) => {
    await using server = await McpServer.start(await tableOf({ tools: [{ name: 'alpha' }] }));
    const answer = await sendRaw(server.port, { headers, body });
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.body.toString()).not.toMatch(/\\n +at /);
    expect(server.log.of('error')).toEqual([]);
    expect((await sendRaw(server.port, { headers: LEGACY, body: rpc('ping') })).status).toBe(200);
  });
});

describe('requests in a hurry', () => {
  it('sent down one connection are answered in order', async () => {
    await using server = await McpServer.start(await tableOf({ tools: [{ name: 'alpha' }] }));
    const one = (id: number) => {
      const body = rpc('ping', undefined, id);
      const head = Object.entries(LEGACY).map(([name, value]) => `${name}: ${value}`);
      const lines = ['POST /mcp HTTP/1.1', 'Host: localhost', ...head, `Content-Length: ${body.length}`];
      return `${lines.join('\r\n')}\r\n\r\n${body}`;
    };
    const ids = Array.from({ length: 20 }, (_, id) => id);
    const last = one(20).replace('Host:', 'Connection: close\r\nHost:');
    const raw = await pipelined(server.port, ids.map(one).join('') + last);
    expect([...raw.matchAll(/"id":(\d+)/g)].map(([, id]) => Number(id))).toEqual([...ids, 20]);
  });
});

async function pipelined(port: number, text: string): Promise<string> {
  const reader = await EventReader.open(port, { method: 'GET', path: '/nothing' });
  reader.socket.write(text);
  await reader.over();
  return reader.text;
}
