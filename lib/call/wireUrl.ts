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
  const authority = AUTHORITY.exec(url)?.[0] ?? '';
  let known = parsed.get(authority);
  if (known === undefined) {
    const { origin, host } = new URL(authority);
    known = { origin, host };
    if (parsed.size >= MAX_KEPT) parsed.clear();
    parsed.set(authority, known);
  }
  const rest = url.slice(authority.length);
  return { ...known, path: rest.startsWith('/') ? rest : `/${rest}` };
}
