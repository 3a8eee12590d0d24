/** An absolute URL taken apart without changing it: parsing a path could fold segments of it away. */
export interface WireUrl {
  /** Scheme, host and port, as `URL` writes them. */
  readonly origin: string;
  /** Host and port, for sentences. */
  readonly host: string;
  /** From the first `/`, query included. */
  readonly path: string;
}

const AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;

/** Few servers, many calls: what `URL` made of an authority is kept. */
const parsed = new Map<string, { readonly origin: string; readonly host: string }>();
const MAX_KEPT = 256;

/** @throws TypeError when there is no scheme and authority. */
export function wireUrl(url: string): WireUrl {
  const end = authorityEnd(url);
  const { origin, host } = parsed.get(url.slice(0, end)) ?? parse(url);
  const rest = url.slice(end);
  return { origin, host, path: rest.startsWith('/') ? rest : `/${rest}` };
}

function parse(url: string) {
  const authority = AUTHORITY.exec(url)?.[0] ?? '';
  const { origin, host } = new URL(authority);
  const known = { origin, host };
  if (parsed.size >= MAX_KEPT) parsed.clear();
  parsed.set(authority, known);
  return known;
}

/** Where `AUTHORITY` ends if the URL has one, found in a fraction of the time. */
function authorityEnd(url: string): number {
  let end = url.indexOf('://') + 3;
  for (; end < url.length; end += 1) {
    const code = url.charCodeAt(end);
    // `/ ? #`
    if (code === 0x2f || code === 0x3f || code === 0x23) break;
  }
  return end;
}
