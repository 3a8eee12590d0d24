import { createHash } from 'node:crypto';
import { loadConfig } from '../../lib/config/load.js';
import type { JsonObject } from '../../lib/json.js';
import { buildTable } from '../../lib/table/buildTable.js';
import type {
  RoutingTable,
  UpstreamRequest,
  UpstreamResponse,
  UpstreamSnapshot,
} from '../../lib/table/routingTable.js';
import type { CompiledTool, Tool } from '../../lib/tools/tool.js';

/** Answers in the place of the upstream. */
export type FakeUpstream = (
  request: UpstreamRequest,
  signal: AbortSignal,
) => UpstreamResponse | Promise<UpstreamResponse>;

/** A tool that POSTs its argument `body` as JSON to `/<name>`. */
export interface ToolDraft {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly inputSchema?: JsonObject;
  readonly authRequired?: boolean | null;
  readonly requiredScopes?: readonly string[];
}

export interface TableDraft {
  readonly tools: readonly ToolDraft[];
  readonly upstream?: FakeUpstream;
  /** Over a config with one upstream `api`; default groups. */
  readonly config?: object;
  readonly former?: RoutingTable | null;
  readonly env?: Readonly<Record<string, string>>;
}

/** A real table of hand-made tools. */
export async function tableOf(draft: TableDraft): Promise<RoutingTable> {
  const input = {
    upstreams: [{ name: 'api', base_url: 'http://api.example', openapi: { source: './api.json' } }],
    ...draft.config,
  };
  const { config } = await loadConfig(input, { env: draft.env ?? {}, use: 'sidecar' });
  const tools = draft.tools
    .map(compiledTool)
    .toSorted((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
  const upstreams = config.upstreams.map((upstream): [string, UpstreamSnapshot] => [
    upstream.name,
    {
      name: upstream.name,
      config: upstream,
      compileDigest: '',
      clientDigest: '',
      compiled: {
        tools,
        selections: new Map(),
        server: 'http://api.example',
        title: 'Test API',
        version: '1.0.0',
        dialect: 'openapi 3.1',
        warnings: [],
        files: [],
      },
      client: {
        circuitState: null,
        send: async (request, signal) => (draft.upstream ?? echo)(request, signal),
        close: () => Promise.resolve(),
      },
    },
  ]);
  return buildTable(config, new Map(upstreams), draft.former ?? null).table;
}

/** JSON in an upstream's answer. */
export function jsonAnswer(value: unknown, status = 200): UpstreamResponse {
  const body = Buffer.from(JSON.stringify(value));
  return { status, headers: { 'content-type': 'application/json' }, body };
}

const echo: FakeUpstream = ({ url, body }) =>
  jsonAnswer({ path: new URL(url).pathname, body: body === null ? null : Buffer.from(body).toString() });

function compiledTool(draft: ToolDraft): CompiledTool {
  const listed = {
    name: draft.name,
    ...(draft.title === undefined ? {} : { title: draft.title }),
    description: draft.description ?? `Calls ${draft.name}.`,
    inputSchema: draft.inputSchema ?? { type: 'object', properties: { body: {} } },
    annotations: {
      readOnlyHint: false,
      destructiveHint: false,
      idempotentHint: false,
      openWorldHint: true,
    },
  };
  const tool: Tool = {
    ...listed,
    operation: `POST /${draft.name}`,
    plan: {
      method: 'POST',
      server: 'http://api.example',
      path: [`/${draft.name}`],
      query: '',
      parameters: [],
      body: {
        mediaType: 'application/json',
        encoding: 'json',
        required: false,
        argument: 'body',
        types: [],
        properties: [],
      },
      accept: 'application/json',
      security: null,
    },
    responseFormat: 'auto',
    authRequired: draft.authRequired ?? null,
    requiredScopes: draft.requiredScopes ?? [],
    wrapsResult: false,
  };
  return {
    name: draft.name,
    operation: tool.operation,
    authRequired: tool.authRequired,
    requiredScopes: tool.requiredScopes,
    listed: Buffer.from(JSON.stringify(listed)),
    listedDigest: createHash('sha256').update(JSON.stringify(listed)).digest('hex'),
    tool: () => tool,
  };
}
