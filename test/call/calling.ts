import { type CallContext, callTool } from '../../lib/call/callTool.js';
import type { CallToolResult } from '../../lib/call/callToolResult.js';
import { createUpstreamClient } from '../../lib/call/upstreamClient.js';
import type { JsonObject } from '../../lib/json.js';
import { Metrics } from '../../lib/observe/metrics.js';
import type { ToolEntry, UpstreamClient } from '../../lib/table/routingTable.js';
import type { Tool } from '../../lib/tools/tool.js';
import { CollectedLog } from '../support/collectedLog.js';
import { compiledTool, plan, upstreamConfig } from './plans.js';

export interface CallingOptions {
  /** Over an upstream whose `base_url` is the server. */
  readonly upstream?: object;
  /** Keys of the config's root. */
  readonly root?: object;
  readonly env?: Readonly<Record<string, string>>;
  /** `CompiledUpstream.server`. @default the server's URL */
  readonly server?: string;
  readonly readSecret?: (path: string) => string;
}

/** One upstream with its real client, and calls of hand-made tools through it. */
export class Calling implements AsyncDisposable {
  readonly log = new CollectedLog();
  readonly metrics: Metrics;
  readonly client: UpstreamClient;
  readonly #url: string;
  readonly #config: Awaited<ReturnType<typeof upstreamConfig>>;

  private constructor(
    url: string,
    config: Awaited<ReturnType<typeof upstreamConfig>>,
    options: CallingOptions,
  ) {
    this.#url = url;
    this.#config = config;
    this.metrics = new Metrics();
    const breaker = config.upstream.circuit_breaker;
    this.client = createUpstreamClient({
      config: config.upstream,
      server: options.server ?? url,
      env: options.env ?? {},
      ...(options.readSecret === undefined ? {} : { readSecret: options.readSecret }),
      egress: config.config.egress,
      circuitBreaker: breaker === null ? null : (config.config.circuit_breakers[breaker] ?? null),
      logger: this.log,
    });
  }

  static async to(url: string, options: CallingOptions = {}): Promise<Calling> {
    const config = await upstreamConfig({ base_url: url, ...options.upstream }, options.env, options.root);
    return new Calling(url, config, options);
  }

  entry(draft: Partial<Tool> = {}): ToolEntry {
    const made = draft.plan ?? plan({});
    const server = made.server === 'http://api.example' ? this.#url : made.server;
    const compiled = compiledTool({ ...draft, plan: { ...made, server } });
    const { upstream } = this.#config;
    return {
      name: compiled.name,
      compiled,
      upstream: {
        name: upstream.name,
        config: upstream,
        compileDigest: '',
        clientDigest: '',
        compiled: {
          tools: [compiled],
          selections: new Map(),
          server,
          title: '',
          version: '',
          dialect: 'openapi 3.1',
          warnings: [],
          files: [],
        },
        client: this.client,
      },
    };
  }

  call(
    draft: Partial<Tool> | ToolEntry = {},
    args: unknown = {},
    context: Partial<CallContext> = {},
  ): Promise<CallToolResult> {
    const entry = 'compiled' in draft ? draft : this.entry(draft);
    return callTool(entry, args, {
      signal: new AbortController().signal,
      logger: this.log,
      metrics: this.metrics,
      endpoint: '/mcp',
      caller: { id: null, scopes: [], claims: {} },
      request: null,
      ...context,
    });
  }

  /** How often calls ended in each way. */
  async outcomes(): Promise<JsonObject> {
    const { values } = await this.metrics.toolCalls.get();
    return Object.fromEntries(values.map(({ labels, value }) => [String(labels.outcome), value]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}

/** All text of a result. */
export function textOf(result: CallToolResult): string {
  return result.content.map((block) => (block.type === 'text' ? block.text : `[${block.type}]`)).join('\n');
}
