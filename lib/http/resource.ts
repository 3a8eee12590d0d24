import type { IncomingMessage } from 'node:http';
import { type GuardConfig, hostOf, isListedHost } from './guard.js';

/** What Express and Connect add to a request, where it is there. */
interface MountedRequest {
  /** Express: mount path, without a trailing slash. */
  readonly baseUrl?: unknown;
  /** Express and Connect: the target as it came, the mount path included. */
  readonly originalUrl?: unknown;
  /** Express: follows the host's `trust proxy` setting. */
  readonly protocol?: unknown;
}

/** A host name or address, with a port or without; anything else is nobody's. */
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;

/**
 * Scheme and authority under which the client sees this server.
 *
 * `X-Forwarded-Proto` is believed: whoever invents it only misleads himself, for nothing that depends on it is ever
 * stored or shown to others. `X-Forwarded-Host` counts where `server.allowed_hosts` names what it says.
 */
export function originOf(req: IncomingMessage, config: GuardConfig): string {
  const forwarded = firstOf(req.headers['x-forwarded-host']);
  const claimed = forwarded !== undefined && isListedHost(forwarded, config) ? forwarded : hostOf(req);
  const host = claimed !== undefined && HOST.test(claimed) ? claimed : 'localhost';
  return `${protocolOf(req)}://${host}`;
}

/** Where the host application has put this handler; "" = at its root. */
export function mountOf(req: IncomingMessage): string {
  const { baseUrl, originalUrl } = req as MountedRequest;
  if (typeof baseUrl === 'string') return baseUrl;
  const { url = '' } = req;
  if (typeof originalUrl !== 'string' || !originalUrl.endsWith(url)) return '';
  return originalUrl.slice(0, originalUrl.length - url.length).replace(/\/$/, '');
}

function protocolOf(req: IncomingMessage): 'http' | 'https' {
  const claimed = firstOf(req.headers['x-forwarded-proto']);
  if (claimed === 'https' || claimed === 'http') return claimed;
  if ((req as MountedRequest).protocol === 'https') return 'https';
  return 'encrypted' in req.socket && req.socket.encrypted === true ? 'https' : 'http';
}

function firstOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header.split(',')[0]?.trim() : undefined;
}
