import {
  createMcpHandler,
  type McpHttpHandler,
  Server,
  type ServerOptions,
} from '@modelcontextprotocol/server';
import type { JsonObject } from '../json.js';
import type { EndpointSettings } from './endpointOptions.js';
import type { Message } from './era2025.js';
import type { Exchange } from './exchange.js';
import { instructionsOf } from './instructions.js';
import { listCaching } from './listCaching.js';
import { CAPABILITIES, modernValidator, serverInfo } from './serverIdentity.js';
import type { ToolService } from './toolService.js';
import { webRequest } from './webExchange.js';

/** Serves revision 2026-07-28 on the official SDK. One per handler: it is never closed or rebuilt on reload. */
export interface ModernEra {
  /** The SDK's answer to one request that is not a subscription. */
  answer(exchange: Exchange, message: Message, service: ToolService, signal: AbortSignal): Promise<Response>;
  /** The SDK's answer to `subscriptions/listen`. */
  listen(exchange: Exchange, message: Message): Promise<ModernSubscription>;
  close(): Promise<void>;
}

export interface ModernSubscription {
  /** An event stream, or an error. */
  readonly response: Response;
  notify(): void;
  /** Sends the closing result: the client does not listen again. */
  end(): void;
}

export function createModernEra(settings: EndpointSettings): ModernEra {
  const servers = new WeakMap<Request, Server>();
  const requests = createMcpHandler(({ requestInfo }) => {
    const server = requestInfo === undefined ? undefined : servers.get(requestInfo);
    if (server === undefined) throw new Error('a request came from elsewhere');
    return server;
  }, handlerOptions(settings));

  return {
    answer(exchange, message, service, signal) {
      const body = 'text' in message ? { text: message.text } : {};
      const request = webRequest(exchange.req, exchange.group.endpoint, { ...body, signal });
      servers.set(request, createModernServer(settings, exchange, service));
      return fetchFrom(requests, request, message);
    },
    async listen(exchange, message) {
      const { logger, version } = settings;
      const handler = createMcpHandler(() => subscriptionServer(version), handlerOptions(settings));
      const response = await fetchFrom(handler, webRequest(exchange.req, exchange.group.endpoint), message);
      return subscription(handler, response, (error) => {
        logger.debug({ error: String(error) }, 'a subscription did not close');
      });
    },
    close: () => requests.close(),
  };
}

function fetchFrom(handler: McpHttpHandler, request: Request, message: Message): Promise<Response> {
  return handler.fetch(request, 'parsed' in message ? { parsedBody: message.parsed } : undefined);
}

function handlerOptions({ logger, keepAlive }: EndpointSettings) {
  return {
    legacy: 'reject' as const,
    keepAliveMs: keepAlive,
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    onerror: (error: Error) => logger.debug({ error: error.message }, 'MCP request refused'),
  };
}

function createModernServer(settings: EndpointSettings, exchange: Exchange, service: ToolService): Server {
  const caching = listCaching(settings, exchange.table, exchange.group);
  const options: ServerOptions = {
    capabilities: CAPABILITIES,
    instructions: instructionsOf(exchange.group),
    jsonSchemaValidator: modernValidator,
    cacheHints: { 'tools/list': caching, 'server/discover': caching },
  };
  const server = new Server(serverInfo(settings.version), options);
  server.setRequestHandler('tools/list', ({ params }) => ({ ...service.list(params?.cursor) }));
  server.setRequestHandler('tools/call', ({ params }, { mcpReq }) =>
    service.call(params.name, params.arguments as JsonObject | undefined, mcpReq.signal),
  );
  return server;
}

/** Only says what may be subscribed to. */
function subscriptionServer(version: string): Server {
  return new Server(serverInfo(version), {
    capabilities: CAPABILITIES,
    jsonSchemaValidator: modernValidator,
  });
}

// Each subscription has a handler of its own, so that one can be notified, bounded and ended without the others.
function subscription(
  handler: McpHttpHandler,
  response: Response,
  onError: (error: unknown) => void,
): ModernSubscription {
  return {
    response,
    notify: () => handler.notify.toolsChanged(),
    end: () => void handler.close().catch(onError),
  };
}
