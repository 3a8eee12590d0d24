import type { Milliseconds } from '../config/config.js';

type Headers = Readonly<Record<string, string | undefined>>;

/** How long an answer asks to be left alone: the longer of `max-age` and `Retry-After`; null = it does not say. */
export function minimumIntervalOf(headers: Headers, now: number): Milliseconds | null {
  const stated = [maxAge(headers), retryAfterOf(headers, now)].filter((interval) => interval !== null);
  return stated.length === 0 ? null : Math.max(...stated);
}

/** `Retry-After` (RFC 9110 §10.2.3), seconds or a date. */
export function retryAfterOf(headers: Headers, now: number): Milliseconds | null {
  const value = headers['retry-after']?.trim();
  if (value === undefined) return null;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/** What is left of `max-age` (RFC 9111 §4.2.1), less the `Age` that a cache on the way reports. */
function maxAge(headers: Headers): Milliseconds | null {
  const directives = (headers['cache-control'] ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.trim());
  if (directives.some((directive) => /^no-(?:cache|store)(?:=|$)/.test(directive))) return null;
  const match = /^max-age="?(\d{1,10})"?$/.exec(directives.find((part) => part.startsWith('max-age=')) ?? '');
  if (match === null) return null;
  const age = /^\d{1,9}$/.test(headers['age'] ?? '') ? Number(headers['age']) : 0;
  return Math.max(0, Number(match[1]) - age) * 1_000;
}
