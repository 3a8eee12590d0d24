import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { refuseForeign } from '../../lib/http/guard.js';

interface GuardDraft {
  readonly host?: string;
  readonly origin?: string;
  readonly address?: string;
  readonly hosts?: readonly string[];
  readonly origins?: readonly string[];
}

function verdict({
  host,
  origin,
  address = '127.0.0.1',
  hosts = [],
  origins = [],
}: GuardDraft): string | null {
  const req = { headers: { host, origin }, socket: { localAddress: address } };
  return refuseForeign(req as unknown as IncomingMessage, { allowed_hosts: hosts, allowed_origins: origins });
}

const POD = '10.1.2.3';

describe('Host and Origin guard', () => {
  it.each<[string, GuardDraft]>([
    ['localhost with a port on loopback', { host: 'localhost:8080' }],
    ['localhost without a port', { host: 'LOCALHOST' }],
    ['the loopback address', { host: '127.0.0.1:8080' }],
    ['the IPv6 loopback address', { host: '[::1]:8080', address: '::1' }],
    ['localhost on a mapped loopback address', { host: 'localhost', address: '::ffff:127.0.0.1' }],
    ['any name behind a service or proxy', { host: 'mcp.example.com', address: POD }],
    ['no Host on another address', { address: POD }],
    ['a unix socket', { host: 'anything', address: '' }],
    [
      'a listed name with any port',
      { host: 'mcp.example.com:8443', hosts: ['mcp.example.com'], address: POD },
    ],
    [
      'a listed name with its port',
      { host: 'mcp.example.com:8443', hosts: ['MCP.example.com:8443'], address: POD },
    ],
    ['a page of localhost on loopback', { host: 'localhost:1', origin: 'http://localhost:5173' }],
    ['a page of [::1] on loopback', { host: 'localhost:1', origin: 'http://[::1]:1' }],
    [
      'a listed origin',
      { host: 'x', address: POD, origin: 'https://app.example.com', origins: ['https://App.example.com'] },
    ],
  ])('%s passes', (_name, draft) => {
    expect(verdict(draft)).toBeNull();
  });

  it.each<[string, GuardDraft, string]>([
    ['a rebound name', { host: 'evil.example.com' }, 'Invalid Host: evil.example.com'],
    ['a name that begins like localhost', { host: 'localhost.evil.com' }, 'Invalid Host: localhost.evil.com'],
    ['a name that ends like localhost', { host: 'evil.localhost' }, 'Invalid Host: evil.localhost'],
    ['a name before an @', { host: 'localhost@evil.com' }, 'Invalid Host: localhost@evil.com'],
    ['a user before localhost', { host: 'evil:x@localhost' }, 'Invalid Host: evil:x@localhost'],
    ['another loopback address', { host: '127.0.0.2' }, 'Invalid Host: 127.0.0.2'],
    ['no Host on loopback', {}, 'Missing Host header'],
    ['an empty Host', { host: '' }, 'Missing Host header'],
    [
      'localhost when names are listed',
      { host: 'localhost', hosts: ['mcp.example.com'] },
      'Invalid Host: localhost',
    ],
    [
      'another port than listed',
      { host: 'a.example:2', hosts: ['a.example:1'], address: POD },
      'Invalid Host: a.example',
    ],
    [
      'a subdomain of a listed name',
      { host: 'b.a.example', hosts: ['a.example'], address: POD },
      'Invalid Host: b.a.example',
    ],
    [
      'a foreign origin',
      { host: 'localhost', origin: 'http://evil.example.com' },
      'Invalid Origin: http://evil.example.com',
    ],
    ['an opaque origin', { host: 'localhost', origin: 'null' }, 'Invalid Origin: null'],
    [
      'a page of the very host',
      { host: 'mcp.example.com', origin: 'https://mcp.example.com', address: POD },
      'Invalid Origin: https://mcp.example.com',
    ],
    [
      'a page of localhost elsewhere',
      { host: 'x', origin: 'http://localhost:1', address: POD },
      'Invalid Origin: http://localhost:1',
    ],
    [
      'an origin with another scheme',
      { host: 'x', origin: 'http://app.example', origins: ['https://app.example'], address: POD },
      'Invalid Origin: http://app.example',
    ],
    [
      'an extension',
      { host: 'localhost', origin: 'chrome-extension://localhost' },
      'Invalid Origin: chrome-extension://localhost',
    ],
  ])('%s is refused', (_name, draft, message) => {
    expect(verdict(draft)).toBe(message);
  });
});
