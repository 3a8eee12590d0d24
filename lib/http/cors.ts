import type { IncomingMessage, ServerResponse } from 'node:http';
import { type GuardConfig, isListedOrigin } from './guard.js';

/** Seconds. */
const PREFLIGHT_MAX_AGE = '600';
const METHODS = 'GET, POST';
const HEADERS =
  'accept, authorization, content-type, last-event-id, mcp-method, mcp-name, mcp-protocol-version';
const EXPOSED = 'Retry-After, WWW-Authenticate';

/**
 * Cross-origin headers (Fetch Standard, section 3.2) for pages of origins that the operator lists, and for no others.
 * @returns true when the request was a preflight and is answered.
 */
export function answerCors(req: IncomingMessage, res: ServerResponse, config: GuardConfig): boolean {
  const { origin } = req.headers;
  if (origin === undefined || !isListedOrigin(origin, config)) return false;
  const vary = res.getHeader('vary');
  res.setHeader('access-control-allow-origin', origin);
  res.setHeader('vary', typeof vary === 'string' ? `${vary}, Origin` : 'Origin');
  if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined) {
    res.setHeader('access-control-expose-headers', EXPOSED);
    return false;
  }
  res.writeHead(204, {
    'access-control-allow-methods': METHODS,
    // The operator trusts the page; which headers its client needs (an API key's, say) is not known here.
    'access-control-allow-headers': req.headers['access-control-request-headers'] ?? HEADERS,
    'access-control-max-age': PREFLIGHT_MAX_AGE,
  });
  res.end();
  return true;
}
