import { createHash } from 'node:crypto';
import type { Config, UpstreamConfig } from '../../lib/config/config.js';
import { loadConfig } from '../../lib/config/load.js';
import type {
  BodyPlan,
  BodyProperty,
  CompiledTool,
  ParameterPlan,
  RequestPlan,
  Tool,
} from '../../lib/tools/tool.js';

/** A parameter of a plan, with the defaults of OpenAPI for its place. */
export function parameter(draft: Partial<ParameterPlan> & Pick<ParameterPlan, 'name' | 'in'>): ParameterPlan {
  const form = draft.in === 'query' || draft.in === 'cookie';
  return {
    argument: draft.name,
    required: draft.in === 'path',
    types: [],
    style: form ? 'form' : 'simple',
    explode: form,
    allowReserved: false,
    contentType: null,
    ...draft,
  };
}

export function property(draft: Partial<BodyProperty> & Pick<BodyProperty, 'name'>): BodyProperty {
  return {
    argument: draft.name,
    required: false,
    types: [],
    binary: false,
    style: 'form',
    explode: true,
    allowReserved: false,
    contentType: null,
    ...draft,
  };
}

export function body(draft: Partial<BodyPlan>): BodyPlan {
  return {
    mediaType: 'application/json',
    encoding: 'json',
    required: true,
    argument: 'body',
    types: [],
    properties: [],
    ...draft,
  };
}

/** `path` as a template: `/pets/{id}`, where the names are those of path parameters. */
export function plan(draft: Partial<Omit<RequestPlan, 'path'>> & { readonly path?: string }): RequestPlan {
  const parameters = draft.parameters ?? [];
  const pieces = (draft.path ?? '/x').split(/(\{[^}]+\})/).filter((piece) => piece !== '');
  return {
    method: 'GET',
    server: 'http://api.example',
    query: '',
    body: null,
    accept: 'application/json',
    security: null,
    ...draft,
    parameters,
    path: pieces.map((piece) => {
      const name = /^\{(.+)\}$/.exec(piece)?.[1];
      const index = parameters.findIndex((each) => each.in === 'path' && each.name === name);
      return index === -1 ? piece : index;
    }),
  };
}

export function compiledTool(draft: Partial<Tool> & Pick<Tool, 'plan'>): CompiledTool {
  const tool: Tool = {
    name: 'tool',
    description: 'A tool.',
    inputSchema: { type: 'object' },
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
    operation: `${draft.plan.method} /x`,
    responseFormat: 'auto',
    authRequired: null,
    requiredScopes: [],
    wrapsResult: false,
    ...draft,
  };
  return {
    name: tool.name,
    operation: tool.operation,
    authRequired: null,
    requiredScopes: [],
    listed: Buffer.from(JSON.stringify(tool)),
    listedDigest: createHash('sha256').update(JSON.stringify(tool)).digest('hex'),
    tool: () => tool,
  };
}

/** The config of one upstream `api`, with the defaults of the real loader. */
export async function upstreamConfig(
  draft: object = {},
  env: Readonly<Record<string, string>> = {},
  root: object = {},
): Promise<{ readonly config: Config; readonly upstream: UpstreamConfig }> {
  const { config } = await loadConfig(
    { upstreams: [{ name: 'api', openapi: { source: './api.json' }, ...draft }], ...root },
    // Files matter to the client only, which reads them itself.
    { env, use: 'sidecar', readFile: async () => Buffer.from('unread') },
  );
  const [upstream] = config.upstreams;
  if (upstream === undefined) throw new Error('the config has no upstream');
  return { config, upstream };
}
