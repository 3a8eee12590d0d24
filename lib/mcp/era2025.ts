import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { JsonObject } from '../json.js';
import type { EndpointSettings } from './endpointOptions.js';
import type { Exchange } from './exchange.js';
import { instructionsOf } from './instructions.js';
import { CAPABILITIES, legacyValidator, serverInfo } from './serverIdentity.js';
import type { ToolService } from './toolService.js';
import { webRequest } from './webExchange.js';

/** The body as the SDK takes it: parsed, or the text that could not be. */
export type Message = { readonly parsed: unknown } | { readonly text: string };

/**
 * A server of the 2025 era (revisions 2024-10-07 to 2025-11-25) on the official SDK. It keeps no state: one request,
 * or one stdio connection, each has its own.
 */
export function createLegacyServer(
  settings: EndpointSettings,
  instructions: string,
  service: ToolService,
): Server {
  const server = new Server(serverInfo(settings.version), {
    capabilities: CAPABILITIES,
    instructions,
    jsonSchemaValidator: legacyValidator,
  });
  server.setRequestHandler(ListToolsRequestSchema, ({ params }) => ({ ...service.list(params?.cursor) }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }, { signal }) =>
    service.call(params.name, params.arguments as JsonObject | undefined, signal),
  );
  server.onerror = (error) => settings.logger.debug({ error: error.message }, 'MCP request refused');
  return server;
}

/**
 * The SDK's answer to one POST. Never settles when the client left before there was one.
 * @param signal Aborted when the client leaves; ends the calls that run.
 */
export async function answerLegacy(
  settings: EndpointSettings,
  exchange: Exchange,
  message: Message,
  service: ToolService,
  signal: AbortSignal,
): Promise<Response> {
  const server = createLegacyServer(settings, instructionsOf(exchange.group), service);
  // Nothing but the same batch could be cancelled here, and then its answer would never come.
  server.removeNotificationHandler('notifications/cancelled');
  // The body was read within the configured limit already.
  const transport = new WebStandardStreamableHTTPServerTransport({
    enableJsonResponse: true,
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
  });
  await server.connect(transport as Transport);
  const close = () => void transport.close();
  if (signal.aborted) close();
  else signal.addEventListener('abort', close, { once: true });
  if ('parsed' in message) {
    const request = webRequest(exchange.req, exchange.group.endpoint);
    return transport.handleRequest(request, { parsedBody: message.parsed });
  }
  return transport.handleRequest(webRequest(exchange.req, exchange.group.endpoint, { text: message.text }));
}

/** What the SDK makes of a standalone `GET`: an event stream, or an error. */
export interface LegacyStream {
  readonly response: Response;
  notify(): void;
  end(): void;
}

/** A stream that carries `notifications/tools/list_changed` and nothing else. */
export async function openLegacyStream(
  settings: EndpointSettings,
  exchange: Exchange,
): Promise<LegacyStream> {
  const transport = new WebStandardStreamableHTTPServerTransport({ keepAliveMs: settings.keepAlive });
  await transport.start();
  const response = await transport.handleRequest(webRequest(exchange.req, exchange.group.endpoint));
  return legacyStream(transport, response);
}

// On its own, so that a stream keeps nothing of the request it began as, least of all its table.
function legacyStream(transport: WebStandardStreamableHTTPServerTransport, response: Response): LegacyStream {
  return {
    response,
    notify: () => void transport.send({ method: 'notifications/tools/list_changed', jsonrpc: '2.0' }),
    end: () => void transport.close(),
  };
}
