import { describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import { EventReader } from '../support/eventReader.js';
import { collectGarbage } from '../support/garbage.js';
import { connectClient } from '../support/mcpClient.js';
import { McpServer } from '../support/mcpServer.js';
import { type RawRequest, sendRaw } from '../support/rawHttp.js';
import { type FakeUpstream, jsonAnswer, tableOf } from '../support/table.js';
import { until } from '../support/until.js';
import { call, LEGACY, modern, rpc } from './batteryCase.js';

const EVENTS = { Accept: 'application/json, text/event-stream' };
const legacyCall: RawRequest = { headers: LEGACY, body: rpc('tools/call', call('slow', {}), 'x') };
const modernCall: RawRequest = modern(
  'slow',
  'tools/call',
  { id: 'x', params: { name: 'slow', arguments: {} }, headers: EVENTS },
  { status: 200 },
).request;

const ways: readonly (readonly [string, boolean, RawRequest])[] = [
  ['2025 era, fast path', true, legacyCall],
  ['2025 era, SDK', false, legacyCall],
  ['2026 era, fast path', true, modernCall],
  ['2026 era, SDK', false, modernCall],
];

/** An upstream that answers when it is told to. */
function heldUpstream() {
  const called = deferred();
  const answer = deferred();
  const aborted = deferred();
  const upstream: FakeUpstream = async (_request, signal) => {
    signal.addEventListener('abort', () => aborted.resolve());
    called.resolve();
    await Promise.race([answer.promise, aborted.promise]);
    signal.throwIfAborted();
    return jsonAnswer({ done: true });
  };
  return { called, answer, aborted, upstream };
}

describe.each(ways)('a long call, %s', (_name, fastPath, request) => {
  it('becomes an event stream that is kept alive and ends with the answer', async () => {
    const { called, answer, upstream } = heldUpstream();
    const table = await tableOf({ tools: [{ name: 'slow' }], upstream });
    await using server = await McpServer.start(table, {
      endpoint: { fastPath, longCallAfter: 20, keepAlive: 20 },
    });
    const reader = await EventReader.open(server.port, request);
    await called.promise;
    await reader.sees(/content-type: text\/event-stream[\s\S]*: keepalive[\s\S]*: keepalive/);
    expect(reader.events).toEqual([]);
    answer.resolve();
    await reader.sees('"id":"x"');
    await reader.sees('0\r\n\r\n');
    expect(reader.status).toBe(200);
    expect(reader.events).toHaveLength(1);
    expect(JSON.stringify(reader.events[0])).toContain('done');
    reader.socket.destroy();
  });

  it('answers as JSON when it ends before that', async () => {
    const { answer, upstream } = heldUpstream();
    answer.resolve();
    const table = await tableOf({ tools: [{ name: 'slow' }], upstream });
    await using server = await McpServer.start(table, { endpoint: { fastPath } });
    const { headers } = await sendRaw(server.port, request);
    expect(headers['content-type']).toBe('application/json');
  });

  it.each([10_000, 10])(
    'is aborted upstream when the client leaves (stream after %s ms)',
    async (longCallAfter) => {
      const { called, aborted, upstream } = heldUpstream();
      const table = await tableOf({ tools: [{ name: 'slow' }], upstream });
      await using server = await McpServer.start(table, { endpoint: { fastPath, longCallAfter } });
      const reader = await EventReader.open(server.port, request);
      await called.promise;
      if (longCallAfter === 10) await reader.sees('text/event-stream');
      collectGarbage();
      reader.socket.destroy();
      await aborted.promise;
      await until(async () => (await server.metrics.requestsInFlight.get()).values[0]?.value === 0);
      const { values } = await server.metrics.toolCalls.get();
      expect(values.map(({ labels }) => labels.outcome)).toEqual(['cancelled']);
      expect(server.log.of('error')).toEqual([]);
    },
  );
});

describe('a long call', () => {
  it('waits for its JSON where the client reads no event streams', async () => {
    const { called, answer, upstream } = heldUpstream();
    const table = await tableOf({ tools: [{ name: 'slow' }], upstream });
    await using server = await McpServer.start(table, { endpoint: { longCallAfter: 1 } });
    const { request } = modern('slow', 'tools/call', { params: { name: 'slow' } }, { status: 200 });
    const pending = sendRaw(server.port, request);
    await called.promise;
    await new Promise((resolve) => setTimeout(resolve, 20));
    answer.resolve();
    expect((await pending).headers['content-type']).toBe('application/json');
  });

  it('in a batch sends each answer as an event of its own', async () => {
    const { called, answer, upstream } = heldUpstream();
    const table = await tableOf({ tools: [{ name: 'slow' }], upstream });
    await using server = await McpServer.start(table, { endpoint: { longCallAfter: 10 } });
    const body = `[${rpc('ping', undefined, 'p')},${rpc('tools/call', call('slow', {}), 'x')}]`;
    const reader = await EventReader.open(server.port, { headers: LEGACY, body });
    await called.promise;
    await reader.sees(': keepalive');
    answer.resolve();
    await reader.sees('0\r\n\r\n');
    expect(reader.events.map((event) => (event as { id: string }).id).toSorted()).toEqual(['p', 'x']);
    reader.socket.destroy();
  });

  it('reaches the official client', async () => {
    const { answer, upstream } = heldUpstream();
    const table = await tableOf({ tools: [{ name: 'slow' }], upstream });
    await using server = await McpServer.start(table, { endpoint: { longCallAfter: 10, keepAlive: 10 } });
    const client = await connectClient(server.url);
    const pending = client.callTool({ name: 'slow', arguments: {} });
    setTimeout(() => answer.resolve(), 50);
    expect(JSON.stringify(await pending)).toContain('done');
    await client.close();
  });
});
