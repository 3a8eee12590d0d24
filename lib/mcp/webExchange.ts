import type { IncomingMessage, ServerResponse } from 'node:http';
import { isOpen, sendJson } from './wire.js';

/** Everything the SDKs look at; the rest of a request is none of their business. */
const SHOWN_HEADERS: readonly string[] = [
  'accept',
  'content-type',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
];

/** The request as the SDKs take it. The URL names no host: nothing may depend on what a client claims. */
export function webRequest(
  req: IncomingMessage,
  endpoint: string,
  options: { readonly text?: string; readonly signal?: AbortSignal } = {},
): Request {
  const headers = new Headers();
  for (const name of SHOWN_HEADERS) {
    const value = req.headers[name];
    if (typeof value === 'string') headers.set(name, value);
    else if (value !== undefined) for (const item of value) headers.append(name, item);
  }
  const method = req.method ?? 'GET';
  return new Request(new URL(endpoint, 'http://localhost'), {
    method,
    headers,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.text === undefined ? {} : { body: options.text }),
  });
}

/** Sends an SDK's answer that is not an event stream. */
export async function sendResponse(res: ServerResponse, response: Response): Promise<void> {
  const text = await response.text();
  if (!isOpen(res)) return;
  const allow = response.headers.get('allow');
  const headers = allow === null ? undefined : { allow };
  if (response.body === null) {
    res.writeHead(response.status, headers);
    res.end();
  } else {
    sendJson(res, response.status, text, headers);
  }
}

export function isEventStream(response: Response): boolean {
  return response.headers.get('content-type')?.startsWith('text/event-stream') === true;
}
