import type { IncomingMessage, ServerResponse } from 'node:http';
import { Pool } from 'undici';

/** A `tools/call` as far as a hand-written proxy of one operation looks at it. */
interface ItemCall {
  readonly id: number;
  readonly method: string;
  readonly params: { readonly arguments: { readonly id: number } };
}

/**
 * What a proxy that was written for this one operation does, and nothing else: read the request, call the upstream
 * with undici, write the same answer as mcp-anything. No checks, no limits, no metrics, no second tool.
 */
export function itemProxy(upstream: string): (req: IncomingMessage, res: ServerResponse) => void {
  const pool = new Pool(upstream, { connections: 64 });

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const call = JSON.parse(Buffer.concat(chunks).toString('utf8')) as ItemCall;
    if (call.method !== 'tools/call') {
      res.writeHead(404).end();
      return;
    }
    const { body } = await pool.request({
      method: 'GET',
      path: `/items/${encodeURIComponent(call.params.arguments.id)}`,
      // The headers of mcp-anything's request.
      headers: {
        'user-agent': 'bench',
        'accept-encoding': 'gzip, deflate, br',
        accept: 'application/json, */*;q=0.1',
      },
    });
    const text = await body.text();
    const result = { content: [{ type: 'text', text }], structuredContent: JSON.parse(text) as unknown };
    const answer = JSON.stringify({ result, jsonrpc: '2.0', id: call.id });
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) });
    res.end(answer);
  }

  return (req, res) => {
    answer(req, res).catch(() => res.destroy());
  };
}
