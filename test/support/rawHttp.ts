import { connect, type Socket } from 'node:net';

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Lower-case names; repeated ones joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface RawRequest {
  /** @default 'POST' */
  readonly method?: string;
  /** @default '/mcp' */
  readonly path?: string;
  /** As they are; `Host` and `Content-Length` are added unless given (null = left out). */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: string | Buffer;
}

/** The bytes of a request. */
export function rawRequest({ method = 'POST', path = '/mcp', headers = {}, body = '' }: RawRequest): Buffer {
  const bytes = Buffer.from(body);
  const all: Record<string, string | null> = { Host: 'localhost' };
  if (bytes.length > 0 || method === 'POST') all['Content-Length'] = String(bytes.length);
  for (const [name, value] of Object.entries(headers)) all[name] = value;
  const lines = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : `${name}: ${value}`));
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`), bytes]);
}

/** A connection of its own for every request: nothing between the test and the bytes. */
export async function sendRaw(port: number, request: RawRequest | Buffer): Promise<RawAnswer> {
  const socket = await openSocket(port);
  socket.write(Buffer.isBuffer(request) ? request : rawRequest(request));
  return readAnswer(socket);
}

export function openSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** Reads one whole answer and ends the connection. */
export function readAnswer(socket: Socket): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const finish = (answer: RawAnswer): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      const answer = parseAnswer(bytes, false);
      if (answer !== null) finish(answer);
    });
    socket.on('end', () => {
      const answer = parseAnswer(bytes, true);
      if (answer === null) reject(new Error(`no whole answer: ${bytes.toString('latin1')}`));
      else finish(answer);
    });
  });
}

/** @returns null when there is more to come. */
function parseAnswer(bytes: Buffer, ended: boolean): RawAnswer | null {
  const split = bytes.indexOf('\r\n\r\n');
  if (split < 0) return null;
  const [statusLine = '', ...lines] = bytes.subarray(0, split).toString('latin1').split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const former = headers[name];
    headers[name] = former === undefined ? value : `${former}, ${value}`;
  }
  const rest = bytes.subarray(split + 4);
  const body =
    headers['transfer-encoding'] === 'chunked' ? dechunk(rest, ended) : sized(rest, headers, ended);
  return body === null ? null : { status: Number(statusLine.split(' ')[1]), headers, body };
}

function sized(rest: Buffer, headers: Readonly<Record<string, string>>, ended: boolean): Buffer | null {
  const length = headers['content-length'];
  if (length === undefined) return ended ? rest : null;
  return rest.length >= Number(length) ? rest.subarray(0, Number(length)) : null;
}

function dechunk(rest: Buffer, ended: boolean): Buffer | null {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const line = rest.indexOf('\r\n', at);
    if (line < 0) return ended ? Buffer.concat(parts) : null;
    const size = Number.parseInt(rest.toString('latin1', at, line), 16);
    if (size === 0) return Buffer.concat(parts);
    if (rest.length < line + 2 + size + 2) return ended ? Buffer.concat(parts) : null;
    parts.push(rest.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}
