import type { Group, ListPage } from '../table/routingTable.js';
import { type GzipHead, gzipHead } from './gzipMember.js';
import { INVALID_PARAMS, ProtocolFault } from './protocolFault.js';

/** A tool as the SDKs' types want it; the compiler sees to it that every one is. */
export interface WireTool {
  [key: string]: unknown;
  name: string;
  inputSchema: { [key: string]: unknown; type: 'object' };
}

export interface WirePage {
  tools: WireTool[];
  nextCursor?: string;
}

/** Everything that precedes the tools in an answer to `tools/list`, in either era. */
export const LIST_OPENING = Buffer.from('{"result":{"tools":');

/** Smaller pages are not worth compressing. */
const MIN_GZIP_LENGTH = 1024;

/** The page a cursor leads to; undefined when the cursor is of another list or of none. */
export function pageAt(group: Group, cursor: string | undefined): ListPage | undefined {
  if (cursor === undefined) return group.pages[0];
  // A cursor carries the fingerprint of its list: one that no page of this group hands out is stale or made up.
  const before = group.pages.findIndex((page) => page.nextCursor === cursor);
  return before < 0 ? undefined : group.pages[before + 1];
}

/**
 * A page as the SDKs want it.
 * @throws ProtocolFault −32602 for a cursor that is not of this list.
 */
export function listTools(group: Group, cursor: string | undefined): WirePage {
  const page = pageAt(group, cursor);
  if (page === undefined) {
    throw new ProtocolFault(INVALID_PARAMS, 'Invalid cursor: list the tools again from the beginning');
  }
  const tools = parsedTools(page);
  return page.nextCursor === null ? { tools } : { tools, nextCursor: page.nextCursor };
}

const parsedPages = new WeakMap<ListPage, WireTool[]>();

function parsedTools(page: ListPage): WireTool[] {
  const known = parsedPages.get(page);
  if (known !== undefined) return known;
  const { buffer, byteOffset, byteLength } = page.tools;
  const text = Buffer.from(buffer, byteOffset, byteLength).toString('utf8');
  const tools = JSON.parse(text) as WireTool[];
  parsedPages.set(page, tools);
  return tools;
}

const gzipHeads = new WeakMap<ListPage, GzipHead | 'none'>();

/**
 * The compressed opening and tools of a page; null while they are not ready (the first call starts the work in the
 * thread pool) and for small pages.
 */
export function gzippedPage(page: ListPage): GzipHead | null {
  const known = gzipHeads.get(page);
  if (known !== undefined) return known === 'none' ? null : known;
  gzipHeads.set(page, 'none');
  if (page.tools.byteLength >= MIN_GZIP_LENGTH) {
    gzipHead(Buffer.concat([LIST_OPENING, page.tools])).then(
      (head) => gzipHeads.set(page, head),
      // Without a compressed page the plain one is sent.
      () => {},
    );
  }
  return null;
}
