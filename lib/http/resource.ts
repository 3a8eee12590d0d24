import type { IncomingMessage } from 'node:http';

/** What Express adds to a request, where it is there. */
interface MountedRequest {
  /** Mount path, without a trailing slash. */
  readonly baseUrl?: unknown;
  /** Follows the host's `trust proxy` setting. */
  readonly protocol?: unknown;
}

/**
 * The absolute URL of an endpoint as the client sees it. `X-Forwarded-Proto` is believed: whoever invents it only
 * misleads himself.
 */
export function resourceOf(req: IncomingMessage, endpoint: string): string {
  const { baseUrl } = req as MountedRequest;
  const mount = typeof baseUrl === 'string' ? baseUrl : '';
  return `${protocolOf(req)}://${req.headers.host ?? 'localhost'}${mount}${endpoint}`;
}

function protocolOf(req: IncomingMessage): 'http' | 'https' {
  const forwarded = req.headers['x-forwarded-proto'];
  const claimed = typeof forwarded === 'string' ? forwarded.split(',')[0]?.trim() : undefined;
  if (claimed === 'https' || claimed === 'http') return claimed;
  if ((req as MountedRequest).protocol === 'https') return 'https';
  return 'encrypted' in req.socket && req.socket.encrypted === true ? 'https' : 'http';
}
