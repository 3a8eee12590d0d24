import { classifyInboundRequest } from '@modelcontextprotocol/server';
import type { CallToolResult } from '../call/callToolResult.js';
import { isJsonObject, type JsonObject } from '../json.js';
import { Answer } from './answer.js';
import { Departure, departureSignal } from './departure.js';
import { type EndpointOptions, endpointSettings } from './endpointOptions.js';
import { answerLegacy, type Message } from './era2025.js';
import { createModernEra } from './era2026.js';
import type { AuthorizeTool, Exchange } from './exchange.js';
import { createFastPath } from './fastPath.js';
import { type RegularCall, RegularRequests } from './regularRequest.js';
import { createStreams } from './streams.js';
import { findRefusal } from './toolRefusal.js';
import { noTools, runTool, type ToolService, toolService } from './toolService.js';
import { sendResponse } from './webExchange.js';
import { headerText, isOpen, namesModernVersion, sendRpcError } from './wire.js';

/** Serves MCP, in both eras, at every endpoint. One for the life of the handler. */
export interface Endpoint {
  /** Resolves when the request is answered or has become a stream. Never answers twice. */
  handle(exchange: Exchange): Promise<void>;
  /** Ends what still runs. For the end of the process. */
  close(): Promise<void>;
}

export function createEndpoint(options: EndpointOptions): Endpoint {
  const settings = endpointSettings(options);
  const modern = createModernEra(settings);
  const streams = createStreams(settings, modern);
  const regular = new RegularRequests();
  const fast = createFastPath(settings);

  function post(exchange: Exchange): Promise<void> {
    const message = parse(exchange);
    return exchange.authorizeTool === null
      ? answerMessage(exchange, message)
      : answerIfAuthorized(exchange, message, exchange.authorizeTool);
  }

  async function answerIfAuthorized(
    exchange: Exchange,
    message: Message,
    authorizeTool: AuthorizeTool,
  ): Promise<void> {
    const { group, wholeGroup = group } = exchange;
    const found = await findRefusal(wholeGroup, parsedOf(message), authorizeTool);
    if (found === null) return answerMessage(exchange, message);
    const { status, challenge, message: reason } = found.refusal;
    settings.metrics.toolCalls.inc({ upstream: found.entry.upstream.name, outcome: 'denied' });
    sendRpcError(exchange.res, status, -32_000, reason, { 'www-authenticate': challenge });
  }

  function answerMessage(exchange: Exchange, message: Message): Promise<void> {
    const request = settings.fastPath ? regular.recognise(exchange.req.headers, parsedOf(message)) : null;
    if (request?.method === 'tools/list' && fast.list(exchange, request)) return DONE;
    if (request?.method === 'tools/call') return call(exchange, message, request);
    return answerBySdk(exchange, message, serviceFor(exchange, message));
  }

  async function call(exchange: Exchange, message: Message, request: RegularCall): Promise<void> {
    const { req, res, group } = exchange;
    const entry = group.lookup.get(request.name);
    if (entry === undefined) {
      await answerBySdk(exchange, message, toolService(settings, exchange));
      return;
    }
    const answer = new Answer(res, answerOptions(exchange));
    const outcome = runTool(settings, exchange, entry, request.arguments, departureSignal(req, res));
    let result: CallToolResult | null = null;
    try {
      result = await outcome;
    } catch {
      // The SDK writes the error.
    }
    const text = result === null ? null : fast.callAnswer(request.era, request.id, result);
    if (text !== null) {
      answer.message(text);
      return;
    }
    // The call is done; only its answer is the SDK's to write.
    const service = { ...toolService(settings, exchange), call: () => outcome };
    await answerBySdk(exchange, message, service, answer);
  }

  /** What is no JSON here must not become a call because an SDK reads it in another way. */
  function serviceFor(exchange: Exchange, message: Message): ToolService {
    return 'parsed' in message ? toolService(settings, exchange) : noTools;
  }

  async function answerBySdk(
    exchange: Exchange,
    message: Message,
    service: ToolService,
    answer: Answer = new Answer(exchange.res, answerOptions(exchange)),
  ): Promise<void> {
    const departure = new Departure(exchange.res);
    try {
      if (isModern(exchange, message)) {
        if (isListen(message)) {
          answer.cancel();
          await streams.listen(exchange, message);
          return;
        }
        const response = modern.answer(exchange, message, service, departure.signal);
        await deliver(exchange, answer, response, departure);
      } else {
        const response = answerLegacy(settings, exchange, message, service, departure.signal);
        await deliver(exchange, answer, response, departure);
      }
    } finally {
      departure.stop();
      answer.cancel();
    }
  }

  function answerOptions({ req }: Exchange) {
    const { longCallAfter, keepAlive } = settings;
    const streamable = req.headers.accept?.includes('text/event-stream') === true;
    return { longCallAfter, keepAlive, streamable };
  }

  return {
    handle(exchange) {
      const { req, res } = exchange;
      switch (req.method) {
        case 'POST':
          return post(exchange);
        case 'GET':
          if (!namesModernVersion(req.headers)) return streams.open(exchange);
          break;
      }
      // Sessions do not exist here: there is nothing to DELETE. Revision 2026-07-28 knows POST only.
      const allow = namesModernVersion(req.headers) ? 'POST' : 'GET, POST';
      sendRpcError(res, 405, -32_000, 'Method not allowed.', { allow });
      return DONE;
    },
    close: () => modern.close(),
  };
}

const DONE = Promise.resolve();

/** @returns The text when it is not JSON: the SDK says so in its own words. */
function parse({ body }: Exchange): Message {
  switch (body.kind) {
    case 'none':
      return { text: '' };
    case 'parsed':
      return { parsed: body.value };
    case 'bytes': {
      const text = withoutByteOrderMark(body.bytes.toString('utf8'));
      try {
        return { parsed: JSON.parse(text) };
      } catch {
        return { text };
      }
    }
  }
}

function parsedOf(message: Message): unknown {
  return 'parsed' in message ? message.parsed : undefined;
}

function withoutByteOrderMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** The SDK's own classification (it goes by the body first); what is not JSON goes by the version header. */
function isModern({ req }: Exchange, message: Message): boolean {
  if ('text' in message) return namesModernVersion(req.headers);
  try {
    const { kind } = classifyInboundRequest({
      httpMethod: 'POST',
      ...headerFields(req.headers),
      body: message.parsed,
    });
    return kind !== 'legacy';
  } catch {
    // Nested too deep for the stack: the SDK of the 2026 era classifies again and answers for its own failures.
    return true;
  }
}

function headerFields(headers: Exchange['req']['headers']) {
  const version = headerText(headers, 'mcp-protocol-version');
  const method = headerText(headers, 'mcp-method');
  const name = headerText(headers, 'mcp-name');
  return {
    ...(version === undefined ? {} : { protocolVersionHeader: version }),
    ...(method === undefined ? {} : { mcpMethodHeader: method }),
    ...(name === undefined ? {} : { mcpNameHeader: name }),
  };
}

function isListen(message: Message): boolean {
  if (!('parsed' in message) || !isJsonObject(message.parsed)) return false;
  const { method }: JsonObject = message.parsed;
  return method === 'subscriptions/listen';
}

/** Sends an SDK's answer, unless the client has left: then the SDK may never come up with one. */
async function deliver(
  { res }: Exchange,
  answer: Answer,
  pending: Promise<Response>,
  { signal }: Departure,
): Promise<void> {
  const left = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  const response = await Promise.race([pending, left]);
  if (response === null || !isOpen(res)) return;
  if (answer.streaming) {
    answer.message(await response.text());
  } else {
    answer.cancel();
    await sendResponse(res, response);
  }
}
