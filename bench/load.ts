import autocannon from 'autocannon';
import type { Transport } from './candidate.js';
import { HEADERS, INITIALIZE, INITIALIZED, message } from './message.js';
import { clientConnection } from './officialClient.js';

/** One kind of request, sent again and again. */
export interface Request {
  readonly method: 'tools/call' | 'tools/list';
  readonly params: object;
}

export interface LoadOptions {
  /** Requests under way at the same time. */
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly answered: number;
  /** Refused, failed or timed out. */
  readonly failed: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** A way to an endpoint: one session, where there are sessions. */
export interface Connection {
  /** Sends a request again and again, each time as soon as it is answered. */
  run(request: Request, options: LoadOptions): Promise<LoadResult>;
  /** Sends it once. @throws Error when the answer is no result. */
  answer(request: Request): Promise<string>;
  close(): Promise<void>;
}

/** The connection that the transport of a candidate allows. */
export async function connect(url: string, transport: Transport): Promise<Connection> {
  if (transport === 'client') return clientConnection(url);
  return postConnection(url, transport === 'session' ? { ...HEADERS, ...(await openSession(url)) } : HEADERS);
}

async function openSession(url: string): Promise<Record<string, string>> {
  const response = await fetch(url, { method: 'POST', headers: HEADERS, body: INITIALIZE });
  await response.text();
  const id = response.headers.get('mcp-session-id');
  if (id === null) throw new Error(`no session from ${url}: HTTP ${response.status}`);
  const session = { 'mcp-session-id': id, 'mcp-protocol-version': '2025-11-25' };
  await fetch(url, { method: 'POST', headers: { ...HEADERS, ...session }, body: INITIALIZED });
  return session;
}

function postConnection(url: string, headers: Readonly<Record<string, string>>): Connection {
  return {
    async run({ method, params }, { connections, seconds }) {
      const times: number[] = [];
      const body = message(method, params);
      const run = autocannon({ url, method: 'POST', headers, body, connections, duration: seconds });
      run.on('response', (_client, _status, _bytes, milliseconds) => times.push(milliseconds));
      const result = await run;
      const failed = result.non2xx + result.errors + result.timeouts + result.mismatches;
      return { answered: result['2xx'], failed, seconds: result.duration, ...percentiles(times) };
    },
    async answer({ method, params }) {
      const response = await fetch(url, { method: 'POST', headers, body: message(method, params) });
      const text = await response.text();
      if (!response.ok || !text.includes('"result"')) {
        throw new Error(`HTTP ${response.status}: ${text.slice(0, 300)}`);
      }
      return text;
    },
    close: async () => {},
  };
}

/** Of a list of durations; it is sorted in place. */
export function percentiles(times: number[]): Pick<LoadResult, 'p50' | 'p99'> {
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  return { p50: at(0.5) ?? Number.NaN, p99: at(0.99) ?? Number.NaN };
}
