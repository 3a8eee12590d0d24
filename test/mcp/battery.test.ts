import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RegularRequests } from '../../lib/mcp/regularRequest.js';
import type { UpstreamResponse } from '../../lib/table/routingTable.js';
import { McpServer } from '../support/mcpServer.js';
import { type RawAnswer, sendRaw } from '../support/rawHttp.js';
import { type FakeUpstream, jsonAnswer, type TableDraft, tableOf } from '../support/table.js';
import { battery } from './battery.js';
import { type BatteryCase, LEGACY, modern, rpc } from './batteryCase.js';

const binary = (type: string): UpstreamResponse => ({
  status: 200,
  headers: { 'content-type': type },
  body: Buffer.from([0, 1, 2, 0xfe, 0xff]),
});

const answers: Readonly<Record<string, () => UpstreamResponse>> = {
  '/text': () => ({
    status: 200,
    headers: { 'content-type': 'text/plain' },
    body: Buffer.from('é😀\u2028"'),
  }),
  '/image': () => binary('image/png'),
  '/audio': () => binary('audio/mpeg'),
  '/pdf': () => binary('application/pdf'),
  '/empty': () => ({ status: 204, headers: {}, body: Buffer.alloc(0) }),
  '/list': () => jsonAnswer([1, { 2: 'b', a: null }]),
  '/proto': () => ({ ...jsonAnswer(0), body: Buffer.from('{"__proto__":{"a":1},"b":2}') }),
  '/problem': () => jsonAnswer({ title: 'No such thing', status: 404 }, 404),
  '/dead': () => {
    throw new Error('connection refused by 10.0.0.1');
  },
};

const upstream: FakeUpstream = ({ url, body }) => {
  const { pathname } = new URL(url);
  const answer = answers[pathname];
  return answer?.() ?? jsonAnswer({ pathname, body: body === null ? null : Buffer.from(body).toString() });
};

const strict = {
  type: 'object',
  properties: {
    body: { type: 'object', properties: { count: { type: 'integer' } }, required: ['count'] },
  },
  required: ['body'],
  additionalProperties: false,
};

const draft: TableDraft = {
  tools: [
    ...['echo', ...Object.keys(answers).map((path) => path.slice(1))].map((name) => ({ name })),
    { name: 'strict', inputSchema: strict },
    { name: 'described', description: 'é😀\u2028"\\ and a number of words', title: 'A title' },
  ],
  upstream,
  config: {
    upstreams: [{ name: 'api', base_url: 'http://api.example', openapi: { source: './api.json' } }],
    server: { max_request_body: '64KB' },
  },
};

let fast: McpServer;
let plain: McpServer;

beforeAll(async () => {
  fast = await McpServer.start(await tableOf(draft), { endpoint: { fastPath: true } });
  plain = await McpServer.start(await tableOf(draft), { endpoint: { fastPath: false } });
});

afterAll(async () => {
  await fast[Symbol.asyncDispose]();
  await plain[Symbol.asyncDispose]();
});

/** Everything but the time. */
function comparable({ status, headers, body }: RawAnswer): object {
  const { date: _date, ...rest } = headers;
  return { status, headers: rest, body: body.toString('utf8') };
}

function errorCode({ body }: RawAnswer): number | undefined {
  if (body.length === 0) return undefined;
  return (JSON.parse(body.toString()) as { error?: { code: number } }).error?.code;
}

describe('battery', () => {
  it('is as large as it should be, and every name is its own', () => {
    expect(battery.length).toBeGreaterThanOrEqual(130);
    expect(new Set(battery.map(({ name }) => name)).size).toBe(battery.length);
  });

  it.each(battery)('$name', async ({ request, status, code }) => {
    const byFastPath = await sendRaw(fast.port, request);
    const bySdk = await sendRaw(plain.port, request);
    expect(comparable(byFastPath)).toEqual(comparable(bySdk));
    expect(byFastPath.body.equals(bySdk.body)).toBe(true);
    expect({ status: bySdk.status, code: errorCode(bySdk) }).toEqual({ status, code });
  });

  it('takes the fast path exactly where it says so', () => {
    const requests = new RegularRequests();
    const wrong = battery.filter((item) => {
      const regular = recognised(requests, item);
      return regular !== (item.regular === true) && !(regular && item.code === -32602);
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
    expect(battery.filter(({ regular }) => regular === true).length).toBeGreaterThan(60);
  });

  it('pages alike, in both eras', async () => {
    const paged = await tableOf({ ...draft, config: { ...draft.config, tools: { page_size: 4 } } });
    await using one = await McpServer.start(paged, { endpoint: { fastPath: true } });
    await using other = await McpServer.start(paged, { endpoint: { fastPath: false } });
    for (const era of ['2025', '2026']) {
      const names: string[] = [];
      let cursor: string | undefined;
      do {
        const params = cursor === undefined ? {} : { cursor };
        const request =
          era === '2025'
            ? { headers: LEGACY, body: rpc('tools/list', params) }
            : modern('page', 'tools/list', { params }, { status: 200 }).request;
        const answer = await sendRaw(one.port, request);
        expect(comparable(answer)).toEqual(comparable(await sendRaw(other.port, request)));
        const { result } = JSON.parse(answer.body.toString()) as {
          result: { tools: { name: string }[]; nextCursor?: string };
        };
        expect(result.tools.length).toBeLessThanOrEqual(4);
        names.push(...result.tools.map(({ name }) => name));
        cursor = result.nextCursor;
      } while (cursor !== undefined);
      expect(names).toEqual(draft.tools.map(({ name }) => name).toSorted());
    }
  });

  it('leaves a server that works', async () => {
    for (const server of [fast, plain]) {
      const answer = await sendRaw(server.port, {
        headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
        body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
      });
      expect(answer.body.toString()).toBe('{"result":{},"jsonrpc":"2.0","id":1}');
      const { values } = await server.metrics.requestsInFlight.get();
      expect(values[0]?.value).toBe(0);
      expect(server.listeners.count('/mcp')).toBe(0);
    }
  });
});

function recognised(requests: RegularRequests, { request }: BatteryCase): boolean {
  if ((request.method ?? 'POST') !== 'POST') return false;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    if (value !== null) headers[name.toLowerCase()] = value.trim();
  }
  try {
    const text = Buffer.from(request.body ?? '')
      .toString()
      .replace(/^\uFEFF/, '');
    return requests.recognise(headers, JSON.parse(text)) !== null;
  } catch {
    return false;
  }
}
