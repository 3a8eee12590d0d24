import type { SourceLocation } from '../config/config.js';

/** True for what is fetched, false for what is read. */
export function isUrl(location: SourceLocation): boolean {
  return /^https?:\/\//i.test(location);
}

/**
 * The location as it may appear in logs, errors and status: a URL without credentials, fragment and the
 * values of its query, all of which may be secrets. Paths stay as they are.
 */
export function redactedLocation(location: string): string {
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(location)) return location;
  if (!URL.canParse(location)) return location.replace(/\/\/[^/@]*@/, '//').replace(/[?#].*$/s, '');
  const url = new URL(location);
  const names = [...url.searchParams].map(([name, value]) => (value === '' ? '…' : `${name}=…`));
  const query = names.length === 0 ? '' : `?${names.join('&')}`;
  return `${url.protocol}//${url.host}${url.pathname}${query}`;
}
