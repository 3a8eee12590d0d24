import { SERVER_INFO_META_KEY } from '@modelcontextprotocol/server';
import type { CallToolResult } from '../call/callToolResult.js';
import type { EndpointSettings } from './endpointOptions.js';
import type { Exchange } from './exchange.js';
import { acceptsGzip, gzipTail } from './gzipMember.js';
import { listCaching } from './listCaching.js';
import { gzippedPage, LIST_OPENING, pageAt } from './listPages.js';
import type { Era, RegularList } from './regularRequest.js';
import { resultText } from './regularResult.js';
import { serverInfo } from './serverIdentity.js';

/** Pages up to this many bytes are copied into one buffer with what surrounds them; larger ones are sent as they are. */
const COPIED_PAGE_LENGTH = 16_384;

/** Writes what the SDKs would write for regular requests. */
export interface FastPath {
  /** @returns false when the SDK has to answer: the cursor is of no page. */
  list(exchange: Exchange, request: RegularList): boolean;
  /** The whole JSON-RPC answer to a call; null when the SDK has to write it. */
  callAnswer(era: Era, id: string | number, result: CallToolResult): string | null;
}

export function createFastPath(settings: EndpointSettings): FastPath {
  const identity = `${JSON.stringify(SERVER_INFO_META_KEY)}:${JSON.stringify(serverInfo(settings.version))}`;

  /** The members after the tools, in the order in which the SDKs write them. */
  function listEnding(exchange: Exchange, era: Era, nextCursor: string | null, id: string | number): string {
    const cursor = nextCursor === null ? '' : `,"nextCursor":${JSON.stringify(nextCursor)}`;
    if (era === '2025') return `${cursor}},"jsonrpc":"2.0","id":${JSON.stringify(id)}}`;
    const { ttlMs, cacheScope } = listCaching(settings, exchange.table, exchange.group);
    const complete = `,"resultType":"complete","ttlMs":${ttlMs},"cacheScope":"${cacheScope}","_meta":{${identity}}`;
    return `${cursor}${complete}},"jsonrpc":"2.0","id":${JSON.stringify(id)}}`;
  }

  return {
    list(exchange, { era, id, cursor }) {
      const page = pageAt(exchange.group, cursor);
      if (page === undefined) return false;
      const ending = Buffer.from(listEnding(exchange, era, page.nextCursor, id));
      const gzipped = acceptsGzip(exchange.req.headers['accept-encoding']) ? gzippedPage(page) : null;
      if (gzipped === null) send(exchange, PLAIN, [LIST_OPENING, page.tools, ending]);
      else send(exchange, gzipHeaders(exchange), [gzipped.bytes, gzipTail(gzipped, ending)]);
      return true;
    },
    callAnswer: (era, id, result) => {
      const text = resultText(result, era === '2025' ? null : identity);
      return text === null ? null : `{"result":${text},"jsonrpc":"2.0","id":${JSON.stringify(id)}}`;
    },
  };
}

const PLAIN: Readonly<Record<string, string>> = { 'content-type': 'application/json' };

function gzipHeaders({ res }: Exchange): Record<string, string> {
  const vary = res.getHeader('vary');
  return {
    'content-type': 'application/json',
    'content-encoding': 'gzip',
    vary: typeof vary === 'string' ? `${vary}, Accept-Encoding` : 'Accept-Encoding',
  };
}

function send(
  { res }: Exchange,
  headers: Readonly<Record<string, string>>,
  parts: readonly Uint8Array[],
): void {
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0);
  res.writeHead(200, { ...headers, 'content-length': length });
  if (length <= COPIED_PAGE_LENGTH) {
    res.end(Buffer.concat(parts, length));
    return;
  }
  for (const part of parts) res.write(part);
  res.end();
}
