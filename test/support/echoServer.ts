import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** One request exactly as it came over the wire. */
export interface RecordedRequest {
  /** `GET /a?b=c HTTP/1.1`. */
  readonly line: string;
  /** In order, names as sent. Values are bytes, one character each. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** Number of the connection it came over, from 1. */
  readonly connection: number;
}

/** What to send back: whole HTTP messages, in one or several writes, on the socket itself. */
export type Answerer = (request: RecordedRequest, socket: Socket) => void;

/**
 * A strict HTTP/1.1 upstream on a free loopback port that keeps the raw bytes of what it gets. Whatever no
 * careful client sends (bare line feeds, two lengths, a length beside chunks, folded headers) is answered by 400
 * and noted in `violations`.
 */
export class EchoServer implements AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly requests: RecordedRequest[] = [];
  readonly violations: string[] = [];
  /** @default 200 with `{"ok":true}` */
  answer: Answerer = (_, socket) =>
    socket.write(httpAnswer(200, { 'content-type': 'application/json' }, '{"ok":true}'));
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Map<Socket, number>();

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.url = `http://127.0.0.1:${this.port}`;
    server.on('connection', (socket) => this.#read(socket));
  }

  static async start(): Promise<EchoServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new EchoServer(server);
  }

  /** The only request since the last call of this. */
  take(): RecordedRequest {
    const [request, ...others] = this.requests.splice(0);
    if (request === undefined || others.length > 0) {
      throw new Error(`expected one request, got ${others.length + (request === undefined ? 0 : 1)}`);
    }
    return request;
  }

  /** Numbers of the connections that are open. */
  get openConnections(): readonly number[] {
    return [...this.#sockets.values()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.keys()) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #read(socket: Socket): void {
    this.connections += 1;
    const connection = this.connections;
    this.#sockets.set(socket, connection);
    let bytes: Buffer = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      for (;;) {
        const end = bytes.indexOf('\r\n\r\n');
        if (end === -1) return;
        const head = parseHead(bytes.toString('latin1', 0, end));
        if (head.violation !== null) {
          this.violations.push(head.violation);
          socket.end(httpAnswer(400, {}, head.violation));
          return;
        }
        const from = end + 4;
        if (bytes.length < from + head.length) return;
        const body = Buffer.from(bytes.subarray(from, from + head.length));
        bytes = bytes.subarray(from + head.length);
        const request = { line: head.line, headers: head.headers, body, connection };
        this.requests.push(request);
        this.answer(request, socket);
      }
    });
  }
}

interface Head {
  readonly line: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly length: number;
  readonly violation: string | null;
}

function parseHead(text: string): Head {
  const [line = '', ...rest] = text.split('\r\n');
  const headers = rest.map((header): [string, string] => {
    const colon = header.indexOf(':');
    return [header.slice(0, colon), header.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')];
  });
  const named = (name: string) => headers.filter(([key]) => key.toLowerCase() === name);
  const lengths = named('content-length');
  const violation =
    /[\r\n]/.test(line) || rest.some((header) => /[\r\n]/.test(header))
      ? 'bare CR or LF'
      : rest.some((header) => /^[ \t]|^[^:]*[ \t]:|^[^:]*$/.test(header))
        ? 'malformed header'
        : !/^[A-Z]+ [!-~]+ HTTP\/1\.1$/.test(line)
          ? `malformed request line ${line}`
          : lengths.length > 1 || named('host').length !== 1
            ? 'repeated Content-Length or Host'
            : named('transfer-encoding').length > 0
              ? 'Transfer-Encoding'
              : null;
  return { line, headers, length: Number(lengths[0]?.[1] ?? 0), violation };
}

/** The value of a header, or undefined. */
export function headerOf(request: RecordedRequest, name: string): string | undefined {
  return request.headers.find(([key]) => key.toLowerCase() === name)?.[1];
}

/** A whole HTTP/1.1 answer; `Content-Length` is added. */
export function httpAnswer(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array = '',
): Buffer {
  const bytes = Buffer.from(body as Uint8Array);
  const all = { 'content-length': String(bytes.length), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} Status\r\n${lines.join('')}\r\n`, 'latin1'), bytes]);
}
