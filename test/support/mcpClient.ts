import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';

/** The official client, connected. */
export async function connectClient(endpoint: string): Promise<Client> {
  // The SDK's own class does not satisfy its interface under exactOptionalPropertyTypes (`sessionId`).
  const transport = new StreamableHTTPClientTransport(new URL(endpoint)) as Transport;
  const client = new Client({ name: 'test', version: '1.0.0' });
  await client.connect(transport);
  return client;
}

/** Names of all tools, in list order. */
export async function toolNames(client: Client): Promise<readonly string[]> {
  const { tools } = await client.listTools();
  return tools.map(({ name }) => name);
}
