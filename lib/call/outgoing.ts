import { emptyRecord } from '../record.js';
import type { UpstreamRequest } from '../table/routingTable.js';
import type { CredentialParts } from './credential.js';

/** What a request is completed with. */
export interface Additions {
  /** `upstreams[].headers`. */
  readonly configured: Readonly<Record<string, string>>;
  readonly parts: readonly CredentialParts[];
  /** What the host's hook set for this call. */
  readonly hook: Readonly<Record<string, string>>;
  readonly acceptEncoding: string;
  /** A redirect led to another origin: what the arguments put into headers was not meant for it. */
  readonly foreign: boolean;
  readonly withBody: boolean;
}

/** Headers that frame the message: undici writes them, and nobody else may. */
const FRAMING: ReadonlySet<string> = new Set(
  'connection content-length expect keep-alive proxy-connection te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
);

/**
 * The headers of one hop, weakest first: what the proxy says of itself, the arguments, the config, the
 * credentials, the hook. An argument can thus never replace what the operator has set.
 */
export function headersFor(request: UpstreamRequest, additions: Additions): Record<string, string> {
  const headers = emptyRecord<string>();
  headers['user-agent'] = 'mcp-anything';
  headers['accept-encoding'] = additions.acceptEncoding;
  for (const name of Object.keys(request.headers)) {
    if (!additions.foreign || name === 'accept') headers[name] = request.headers[name] ?? '';
  }
  const contentType = headers['content-type'];
  addAll(headers, additions.configured);
  for (const part of additions.parts) addAll(headers, part.headers);
  addAll(headers, additions.hook);
  // The body was written as this type; multipart has its boundary in it.
  if (contentType !== undefined) headers['content-type'] = contentType;
  if (!additions.withBody) delete headers['content-type'];
  return headers;
}

function addAll(headers: Record<string, string>, source: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(source)) {
    const lower = name.toLowerCase();
    if (!FRAMING.has(lower)) headers[lower] = source[name] ?? '';
  }
}

/** The URL with credentials that go into the query; a parameter of the same name is replaced. */
export function withQuery(url: string, parts: readonly CredentialParts[]): string {
  const added = parts.flatMap((part) => part.query);
  if (added.length === 0) return url;
  const [path = '', query = ''] = split(url);
  const names = new Set(added.map(([name]) => encodeURIComponent(name)));
  const kept = query.split('&').filter((pair) => pair !== '' && !names.has(pair.split('=', 1)[0] ?? ''));
  const pairs = added.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return `${path}?${[...kept, ...pairs].join('&')}`;
}

function split(url: string): [path: string, query: string] {
  const mark = url.indexOf('?');
  return mark === -1 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}
