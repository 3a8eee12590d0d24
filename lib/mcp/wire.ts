import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

/** The protocol revision without `initialize` and sessions. */
export const MODERN_VERSION = '2026-07-28';

/** One value of a header as a fetch `Headers` would give it; undefined when absent. */
export function headerText(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Whether this client names the revision in its headers, whatever the body says. */
export function namesModernVersion(headers: IncomingHttpHeaders): boolean {
  return headerText(headers, 'mcp-protocol-version')?.trim() === MODERN_VERSION;
}

/** What the response of an HTTP/2 host leaves to its stream. */
interface Http2Response {
  readonly stream?: { readonly destroyed: boolean; readonly writableLength: number; destroy(): void };
}

/** True once the client is gone. */
export function hasLeft(res: ServerResponse): boolean {
  // HTTP/2 responses have no `destroyed`. The stream is not looked for on others: under Express, looking for what an
  // object does not have costs a microsecond.
  const { destroyed } = res as Partial<ServerResponse>;
  return destroyed ?? (res as Http2Response).stream?.destroyed === true;
}

/** Ends the answer where it is. */
export function cutOff(res: ServerResponse): void {
  const { stream } = res as Http2Response;
  if (stream === undefined) res.destroy();
  else stream.destroy();
}

/** Bytes that wait in the process for the client to read. */
export function queueLength(res: ServerResponse): number {
  return (res as Http2Response).stream?.writableLength ?? res.writableLength;
}

/** False once the client is gone or an answer was sent. */
export function isOpen(res: ServerResponse): boolean {
  return !hasLeft(res) && !res.writableEnded;
}

/** Sends one JSON text as the whole answer. */
export function sendJson(
  res: ServerResponse,
  status: number,
  text: string,
  headers?: Readonly<Record<string, string>>,
): void {
  const all = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  res.writeHead(status, headers === undefined ? all : { ...all, ...headers });
  // As a string: Node then sends head and body by one write.
  res.end(text);
}

/** Sends a JSON-RPC error that belongs to no request of the body. */
export function sendRpcError(
  res: ServerResponse,
  status: number,
  code: number,
  message: string,
  headers?: Readonly<Record<string, string>>,
): void {
  sendJson(res, status, JSON.stringify({ jsonrpc: '2.0', error: { code, message }, id: null }), headers);
}

/** Headers of every event stream; `X-Accel-Buffering` tells nginx to pass events on at once. */
export const EVENT_STREAM_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};

/** A comment that keeps the stream's connections from being cut as idle (HTML Standard, section 9.2.6). */
export const KEEP_ALIVE_COMMENT = ': keepalive\n\n';

/** One JSON-RPC message as a server-sent event. */
export function messageEvent(json: string): string {
  return `event: message\ndata: ${json}\n\n`;
}
