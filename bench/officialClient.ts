import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { ResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { type Connection, percentiles, type Request } from './load.js';

/** Clients that share the requests under way: each has a session and a stream of its own. */
const CLIENTS = 8;

/** Load by the official client, for servers that answer on its stream. */
export async function clientConnection(url: string): Promise<Connection> {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connected(url)));
  const [first] = clients;
  if (first === undefined) throw new Error('no clients');
  return {
    async run(request, { connections, seconds }) {
      const times: number[] = [];
      let failed = 0;
      const start = performance.now();
      const end = start + seconds * 1_000;
      const caller = async (client: Client) => {
        while (performance.now() < end) {
          const sent = performance.now();
          await send(client, request).then(
            () => times.push(performance.now() - sent),
            () => {
              failed += 1;
            },
          );
        }
      };
      const share = Math.ceil(connections / CLIENTS);
      await Promise.all(clients.flatMap((client) => Array.from({ length: share }, () => caller(client))));
      const passed = (performance.now() - start) / 1_000;
      return { answered: times.length, failed, seconds: passed, ...percentiles(times) };
    },
    answer: async (request) => JSON.stringify(await send(first, request)),
    close: async () => {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

async function connected(url: string): Promise<Client> {
  const client = new Client({ name: 'bench', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)) as Transport);
  return client;
}

/**
 * As `callTool` and `listTools` do, but for the checks of the result: not every server's list passes them.
 * @throws Error for a result that is an error.
 */
async function send(client: Client, { method, params }: Request): Promise<unknown> {
  const result = await client.request({ method, params: { ...params } }, ResultSchema);
  if (result['isError'] === true) throw new Error(JSON.stringify(result).slice(0, 300));
  return result;
}
