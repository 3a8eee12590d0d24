/** Where a request goes next. */
export interface Redirection {
  readonly url: URL;
  readonly method: string;
  readonly keepsBody: boolean;
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/**
 * The request that a 3xx answer asks for, or null where it is not followed (RFC 9110 §15.4).
 *
 * GET and HEAD follow 301, 302, 303, 307 and 308. Other methods follow 303 as GET, and 307 and 308 within the
 * origin only: the arguments of a write were meant for that origin. Never from https to http, and never to
 * another scheme. Credentials in the target are dropped.
 */
export function redirectionOf(
  status: number,
  location: string | undefined,
  from: URL,
  method: string,
): Redirection | null {
  if (location === undefined || ![301, 302, 303, 307, 308].includes(status)) return null;
  const url = URL.canParse(location, from.href) ? new URL(location, from.href) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return null;
  if (from.protocol === 'https:' && url.protocol === 'http:') return null;
  url.username = '';
  url.password = '';
  url.hash = '';
  if (SAFE_METHODS.has(method)) return { url, method, keepsBody: status > 303 && url.origin === from.origin };
  if (status === 303) return { url, method: 'GET', keepsBody: false };
  const repeats = (status === 307 || status === 308) && url.origin === from.origin;
  return repeats ? { url, method, keepsBody: true } : null;
}
