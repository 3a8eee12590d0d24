import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { RunningProxy, type RunningProxyOptions } from '../support/runningProxy.js';

export interface WireProxyOptions extends Omit<RunningProxyOptions, 'files'> {
  /** Name of an upstream → its document's text, YAML or JSON. Tools get the name as their prefix. */
  readonly documents: Readonly<Record<string, string>>;
  /** Keys over those of every upstream. */
  readonly upstream?: object;
  /** Keys of the config's root. */
  readonly root?: object;
  /** What the MCP client sends with each of its own requests. */
  readonly clientHeaders?: Readonly<Record<string, string>>;
}

/** A whole proxy in front of documents, and the official client connected to it. */
export class WireProxy implements AsyncDisposable {
  readonly proxy: RunningProxy;
  readonly client: Client;

  private constructor(proxy: RunningProxy, client: Client) {
    this.proxy = proxy;
    this.client = client;
  }

  static async start(options: WireProxyOptions): Promise<WireProxy> {
    const { documents, upstream = {}, root = {}, clientHeaders = {}, ...rest } = options;
    const files: Record<string, string> = {};
    const upstreams = Object.entries(documents).map(([name, text]) => {
      files[`${name}.yaml`] = text;
      return { name, openapi: { source: `${name}.yaml` }, ...upstream };
    });
    // The documents name loopback servers, as no document from elsewhere may.
    const egress = { allow_private_spec_servers: true };
    files['mcp.yaml'] = JSON.stringify({ upstreams, egress, ...root });
    const proxy = await RunningProxy.start({ ...rest, watch: false, files });
    // The SDK's own class does not satisfy its interface under exactOptionalPropertyTypes (`sessionId`).
    const transport = new StreamableHTTPClientTransport(new URL(proxy.url()), {
      requestInit: { headers: clientHeaders },
    }) as Transport;
    const client = new Client({ name: 'wire', version: '1' });
    await client.connect(transport);
    return new WireProxy(proxy, client);
  }

  async call(tool: string, args: Record<string, unknown> = {}): Promise<CallToolResult> {
    return (await this.client.callTool({ name: tool, arguments: args })) as CallToolResult;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.proxy[Symbol.asyncDispose]();
  }
}

/** A document of the fixtures, whose servers are put in place of the host names in it. */
export function wireFixture(name: string, hosts: Readonly<Record<string, string>>): string {
  const path = fileURLToPath(new URL(`../fixtures/wire/${name}`, import.meta.url));
  return Object.entries(hosts).reduce(
    (text, [host, actual]) => text.replaceAll(host, actual),
    readFileSync(path, 'utf8'),
  );
}

/** All text of a result, one block per line. */
export function resultText(result: CallToolResult): string {
  return result.content.map((block) => (block.type === 'text' ? block.text : `[${block.type}]`)).join('\n');
}
