import type { IncomingMessage, ServerResponse } from 'node:http';
import { cutOff, isOpen, sendJson, sendRpcError } from '../mcp/wire.js';
import type { AuthOutcome } from './authenticator.js';

/** The code that both SDKs use for what HTTP refuses. */
const REFUSED = -32_000;
const SOON: Readonly<Record<string, string>> = { 'retry-after': '1' };

/** Every answer that is given instead of MCP's own. None says more than the client may know. */
export const refusals = {
  notFound(res: ServerResponse): void {
    sendJson(res, 404, JSON.stringify({ error: 'Not found' }));
  },
  notServing(res: ServerResponse, phase: 'loading' | 'ready' | 'failed' | 'closing'): void {
    const message = phase === 'closing' ? 'The server is shutting down' : 'The server is not ready yet';
    sendRpcError(res, 503, REFUSED, message, SOON);
  },
  foreign(res: ServerResponse, message: string): void {
    sendRpcError(res, 403, REFUSED, message);
  },
  busy(res: ServerResponse): void {
    sendRpcError(res, 503, REFUSED, 'Too many requests at once', SOON);
  },
  unauthorized(res: ServerResponse, refused: Extract<AuthOutcome, { kind: 'refused' }>): void {
    const headers = { 'www-authenticate': refused.challenge };
    sendRpcError(res, refused.status, REFUSED, refused.message, headers);
  },
  authUnavailable(res: ServerResponse): void {
    sendRpcError(res, 503, REFUSED, 'Authentication is not available at present', SOON);
  },
  tooLarge(res: ServerResponse, maxBytes: number): void {
    const message = `Payload Too Large: Request body must not exceed ${maxBytes} bytes`;
    sendRpcError(res, 413, REFUSED, message);
  },
  tooSlow(req: IncomingMessage, res: ServerResponse): void {
    // HTTP/2 has no such header.
    const headers = req.httpVersionMajor < 2 ? { connection: 'close' } : undefined;
    sendRpcError(res, 408, REFUSED, 'Request Timeout: the body did not arrive in time', headers);
  },
  internal(res: ServerResponse): void {
    if (!isOpen(res)) return;
    if (res.headersSent) cutOff(res);
    else sendRpcError(res, 500, -32_603, 'Internal server error');
  },
};
