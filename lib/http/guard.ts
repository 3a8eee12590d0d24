import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { ServerConfig } from '../config/config.js';

/** `server.allowed_hosts` and `server.allowed_origins`. */
export type GuardConfig = Pick<ServerConfig, 'allowed_hosts' | 'allowed_origins'>;

const LOCAL_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Keeps web pages away from servers that their users can reach (DNS rebinding; MCP 2025-11-25, Transports, Security
 * Warning). Asked before anything of the body is read.
 *
 * - Host: one of `allowed_hosts`. An empty list means localhost names only on a connection to a loopback address, and
 *   any name otherwise: there the name is that of a proxy or a service.
 * - Origin: absent, or one of `allowed_origins`, or, on a connection to a loopback address, that of a page of
 *   localhost. A page of the very host that is asked is no exception: a rebound name looks just like that.
 *
 * @returns What is wrong, safe to show the client; null = pass.
 */
export function refuseForeign(req: IncomingMessage, config: GuardConfig): string | null {
  const { headers, socket } = req;
  const local = isLoopback(socket.localAddress);
  return (
    refuseHost(hostIn(headers), config.allowed_hosts, local) ?? refuseOrigin(headers.origin, config, local)
  );
}

/** The host that a request names; HTTP/2 says it in a field of its own, which goes first (RFC 9113, section 8.3.1). */
export function hostOf({ headers }: IncomingMessage): string | undefined {
  return hostIn(headers);
}

function hostIn(headers: IncomingHttpHeaders): string | undefined {
  const authority = headers[':authority'];
  return typeof authority === 'string' ? authority : headers.host;
}

function refuseHost(host: string | undefined, allowed: readonly string[], local: boolean): string | null {
  if (allowed.length === 0 && !local) return null;
  if (host === undefined || host === '') return 'Missing Host header';
  const name = hostName(host.toLowerCase());
  const accepted =
    allowed.length === 0 ? LOCAL_NAMES.has(name) : isListedHost(host, { allowed_hosts: allowed });
  return accepted ? null : `Invalid Host: ${name}`;
}

/** Whether the operator names this host, with its port or without. */
export function isListedHost(
  host: string,
  { allowed_hosts: allowed }: Pick<GuardConfig, 'allowed_hosts'>,
): boolean {
  const given = host.toLowerCase();
  const name = hostName(given);
  return allowed.some((entry) => {
    const wanted = entry.toLowerCase();
    return wanted === given || wanted === name;
  });
}

function refuseOrigin(origin: string | undefined, config: GuardConfig, local: boolean): string | null {
  if (origin === undefined || origin === '') return null;
  if (isListedOrigin(origin, config)) return null;
  if (local && isLocalPage(origin)) return null;
  return `Invalid Origin: ${origin}`;
}

/** Whether the operator names this origin; only these get CORS headers. */
export function isListedOrigin(origin: string, { allowed_origins: allowed }: GuardConfig): boolean {
  const given = origin.toLowerCase();
  return allowed.some((entry) => entry.toLowerCase() === given);
}

function isLocalPage(origin: string): boolean {
  const page = /^https?:\/\/(.+)$/i.exec(origin.toLowerCase());
  return page?.[1] !== undefined && LOCAL_NAMES.has(hostName(page[1]));
}

/** Of `name`, `name:port`, `[address]`, `[address]:port`; anything else comes back as it is, and is no known name. */
function hostName(host: string): string {
  return /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::[0-9]*)?$/.exec(host)?.[1] ?? host;
}

function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');
}
