import { Client as ModernClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, it } from 'vitest';
import { McpServer } from '../support/mcpServer.js';
import { type TableDraft, tableOf } from '../support/table.js';
import { until } from '../support/until.js';

/** What the tests need of an official client of either generation. */
interface AnyClient {
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(params: {
    name: string;
    arguments?: Record<string, unknown>;
  }): Promise<{ [key: string]: unknown }>;
  close(): Promise<void>;
}

type Connect = (url: string, onListChanged: () => void) => Promise<AnyClient>;

const INFO = { name: 'test', version: '1.0.0' };

const v1: Connect = async (url, onListChanged) => {
  const client = new LegacyClient(INFO);
  client.setNotificationHandler(ToolListChangedNotificationSchema, onListChanged);
  // The SDK's own class does not satisfy its interface under exactOptionalPropertyTypes.
  await client.connect(new LegacyTransport(new URL(url)) as Transport);
  return client as AnyClient;
};

function v2(mode?: 'auto' | 'legacy' | { pin: string }): Connect {
  return async (url, onListChanged) => {
    const client = new ModernClient(INFO, {
      ...(mode === undefined ? {} : { versionNegotiation: { mode } }),
      listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: onListChanged } },
    });
    await client.connect(new StreamableHTTPClientTransport(new URL(url)));
    return client as AnyClient;
  };
}

const clients: readonly (readonly [string, Connect])[] = [
  ['v1', v1],
  ['v2 by default', v2()],
  ['v2 auto', v2('auto')],
  ['v2 pinned to 2026-07-28', v2({ pin: '2026-07-28' })],
];

const draft: TableDraft = { tools: [{ name: 'alpha' }, { name: 'beta' }] };
const names = async (client: AnyClient): Promise<string[]> =>
  (await client.listTools()).tools.map(({ name }) => name);

describe.each(clients)('official client %s', (_name, connect) => {
  it.each([true, false])('lists, calls and hears changes (fast path %s)', async (fastPath) => {
    const table = await tableOf(draft);
    await using server = await McpServer.start(table, { endpoint: { fastPath } });
    let heard = 0;
    const client = await connect(server.url, () => {
      heard += 1;
    });
    try {
      expect(await names(client)).toEqual(['alpha', 'beta']);
      const result = await client.callTool({ name: 'alpha', arguments: { body: { a: 1 } } });
      expect(JSON.stringify(result['content'])).toContain('/alpha');
      await until(() => server.listeners.count('/mcp') === 1, { what: 'the client listens' });

      server.swap(await tableOf({ tools: [...draft.tools, { name: 'gamma' }], former: table }));
      await until(() => heard === 1, { what: 'the client heard' });
      expect(await names(client)).toEqual(['alpha', 'beta', 'gamma']);
      expect(JSON.stringify(await client.callTool({ name: 'gamma', arguments: {} }))).toContain('/gamma');
    } finally {
      await client.close();
    }
    await until(() => server.listeners.count('/mcp') === 0, { what: 'the stream is gone' });
  });

  it('hears nothing of changes to other endpoints', async () => {
    const groups = (tools: TableDraft['tools']): TableDraft => ({
      tools,
      config: {
        groups: [
          { name: 'all', endpoint: '/mcp', upstreams: ['api'] },
          { name: 'none', endpoint: '/other', upstreams: ['api'], filter: '$.paths.*.get' },
        ],
      },
    });
    const table = await tableOf(groups(draft.tools));
    await using server = await McpServer.start(table);
    let heard = 0;
    const client = await connect(`${server.origin}/other`, () => {
      heard += 1;
    });
    try {
      await until(() => server.listeners.count('/other') === 1, { what: 'the client listens' });
      server.swap(await tableOf({ ...groups([...draft.tools, { name: 'gamma' }]), former: table }));
      server.listeners.notify(['/other']);
      await until(() => heard > 0, { what: 'the client heard its own' });
      expect(heard).toBe(1);
    } finally {
      await client.close();
    }
  });
});

describe('subscription of a v2 client', () => {
  it('ends gracefully at shutdown', async () => {
    const server = await McpServer.start(await tableOf(draft));
    const client = (await v2({ pin: '2026-07-28' })(server.url, () => {})) as unknown as ModernClient;
    const subscription = await client.listen({ toolsListChanged: true });
    await until(() => server.listeners.count('/mcp') >= 1, { what: 'the client listens' });
    server.listeners.close();
    expect(await subscription.closed).toBe('graceful');
    await client.close();
    await server[Symbol.asyncDispose]();
  });
});
