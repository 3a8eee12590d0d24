import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../config/config.js';
import type { Endpoint } from '../mcp/endpoint.js';
import type { Exchange, RequestBody } from '../mcp/exchange.js';
import { isOpen } from '../mcp/wire.js';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import type { TableReader } from '../table/liveTable.js';
import type { Authenticator } from './authenticator.js';
import { type Application, type Authorization, authorize } from './authorization.js';
import { type BodyLimits, type BodyOutcome, readBody } from './body.js';
import { answerCors } from './cors.js';
import { refuseForeign } from './guard.js';
import { serveMetadata } from './metadataMiddleware.js';
import { pathOf } from './path.js';
import { WELL_KNOWN } from './protectedResource.js';
import { refusals } from './refusal.js';
import { mountOf } from './resource.js';

/** Node's own request and response: Express 5 and 4, Connect and a bare `http.createServer` all have them. */
export type Middleware = (
  req: IncomingMessage,
  res: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

export interface MiddlewareDeps {
  readonly reader: TableReader;
  readonly endpoint: Endpoint;
  /** null = inbound auth cannot be checked: endpoints whose policy asks for it answer 503. */
  readonly authenticator: Authenticator | null;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly phase: () => 'loading' | 'ready' | 'failed' | 'closing';
  /**
   * While no table serves: the endpoints of the config that is loading (or could not be loaded), which answer 503;
   * null = not known yet. Every other path is the host's. @default never known
   */
  readonly endpoints?: () => ReadonlySet<string> | null;
}

/**
 * Routes requests to the endpoints of the current table and everything else to `next`. Decides per request and from
 * one leased table: guard, auth, limits, tools.
 */
export function createMiddleware(deps: MiddlewareDeps): Middleware {
  const { reader, logger, metrics } = deps;
  let inFlight = 0;

  function count(change: 1 | -1): void {
    inFlight += change;
    metrics.inFlight = inFlight;
  }

  /** Never rejects. */
  async function serve(req: IncomingMessage, res: ServerResponse, path: string): Promise<void> {
    const lease = reader.lease();
    const group = lease?.table.groups.get(path);
    if (lease === null || group === undefined) {
      lease?.release();
      refusals.notServing(res, deps.phase());
      limitRest(req);
      return;
    }
    let settled = false;
    const settle = () => {
      if (settled) return;
      settled = true;
      lease.release();
      count(-1);
    };
    count(1);
    try {
      await answer(deps, { req, res, table: lease.table, group, settle }, inFlight);
    } catch (error) {
      logger.error({ err: error, endpoint: path }, 'an MCP request failed');
      refusals.internal(res);
    } finally {
      settle();
      limitRest(req);
    }
  }

  return (req, res, next) => {
    const path = pathOf(req.url ?? '/');
    const phase = deps.phase();
    if (path.startsWith(WELL_KNOWN) && serveMetadata(deps, req, res, { path, mount: mountOf(req) })) return;
    const serving = reader.peek()?.groups.has(path) ?? deps.endpoints?.()?.has(path) ?? false;
    if (!serving) {
      if (next === undefined) refusals.notFound(res);
      else next();
      return;
    }
    if (res.headersSent || !isOpen(res)) return;
    if (phase === 'closing') {
      refusals.notServing(res, phase);
      return;
    }
    void serve(req, res, path);
  };
}

/** The request without what the checks add. */
type Arrival = Pick<Exchange, 'req' | 'res' | 'table' | 'group' | 'settle'>;

async function answer(deps: MiddlewareDeps, arrival: Arrival, inFlight: number): Promise<void> {
  const { req, res, table, group } = arrival;
  const { server } = table.config;
  const foreign = refuseForeign(req, server);
  if (foreign !== null) {
    deps.logger.debug(
      { endpoint: group.endpoint, reason: foreign },
      'a request was refused by Host or Origin',
    );
    refusals.foreign(res, foreign);
    return;
  }
  if (answerCors(req, res, server)) return;
  if (server.max_concurrent_requests > 0 && inFlight > server.max_concurrent_requests) {
    refusals.busy(res);
    return;
  }
  const authorization = authorized(deps, { req, table, group, authenticator: deps.authenticator });
  const permit = authorization instanceof Promise ? await authorization : authorization;
  // Left while that took its time, or the host has answered.
  if (!isOpen(res)) return;
  if (permit.kind === 'refused') {
    deps.logger.debug(
      { endpoint: group.endpoint, status: permit.status, reason: permit.message },
      'a request was refused by inbound auth',
    );
    refusals.unauthorized(res, permit);
    return;
  }
  if (permit.kind === 'unavailable') {
    refusals.authUnavailable(res);
    return;
  }
  const limits = bodyLimits(table.config);
  const received = req.method === 'POST' ? await readBody(req, limits) : NO_BODY;
  const body = usable(received, limits, req, res);
  if (body === null) return;
  await deps.endpoint.handle(exchangeOf(arrival, permit, body));
}

const NO_BODY: RequestBody = { kind: 'none' };

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * Written out, not spread: what a spread object refers to survives V8's quick collections, here everything about the
 * request, and collecting that took a third of the time of a call.
 */
function exchangeOf(
  { req, res, table, settle }: Arrival,
  { group, wholeGroup, caller, callerOf, authorizeTool }: Extract<Authorization, { kind: 'ok' }>,
  body: RequestBody,
): Exchange {
  const exchange: Mutable<Exchange> = { req, res, table, group, caller, body, authorizeTool, settle };
  if (wholeGroup !== undefined) exchange.wholeGroup = wholeGroup;
  if (callerOf !== undefined) exchange.callerOf = callerOf;
  return exchange;
}

function authorized(
  { logger }: MiddlewareDeps,
  application: Application,
): Authorization | Promise<Authorization> {
  const authorization = authorize(application);
  if (!(authorization instanceof Promise)) return authorization;
  return authorization.catch((error: unknown): Authorization => {
    logger.error({ err: error, endpoint: application.group.endpoint }, 'inbound auth failed');
    return { kind: 'unavailable' };
  });
}

/** @returns null when there is no body to go on with, and that has been answered. */
function usable(
  body: BodyOutcome,
  limits: BodyLimits,
  req: IncomingMessage,
  res: ServerResponse,
): RequestBody | null {
  switch (body.kind) {
    case 'too_large':
      refusals.tooLarge(res, limits.maxBytes);
      return null;
    case 'too_slow':
      refusals.tooSlow(req, res);
      return null;
    case 'aborted':
      return null;
    default:
      return body;
  }
}

function bodyLimits({ server }: Config): BodyLimits {
  return { maxBytes: server.max_request_body, deadline: server.read_timeout };
}

/** Milliseconds that a client may go on sending what nobody wants. */
const REST_LIMIT = 5_000;

/**
 * What a refused request still sends is read and thrown away, so that the client gets to read the answer; but not for
 * ever.
 */
function limitRest(req: IncomingMessage): void {
  if (req.complete || req.destroyed) return;
  req.resume();
  const timer = setTimeout(() => {
    if (!req.complete) req.destroy();
  }, REST_LIMIT);
  timer.unref();
}
