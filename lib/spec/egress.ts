import { lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/**
 * Which addresses a document, or a redirect, may lead to. The operator's own addresses are not checked here:
 * only what text from elsewhere names (IANA special-purpose address registries, RFC 6890).
 */

/** A connection that was refused because of where it would have gone. */
export class EgressError extends Error {
  readonly code = 'EGRESS_REFUSED';

  constructor(host: string, kind: string) {
    super(`${host} is ${kind}, which egress.allow_private_spec_servers does not allow`);
    this.name = 'EgressError';
  }
}

type Range = readonly [subnet: string, prefix: number];

const KINDS_4: readonly (readonly [kind: string, ranges: readonly Range[]])[] = [
  ['a loopback address', [['127.0.0.0', 8]]],
  ['an unspecified address', [['0.0.0.0', 8]]],
  // Azure's host agent answers at 168.63.129.16, Oracle's in 192.0.0.0/24, Alibaba's in 100.64.0.0/10.
  [
    'a link-local or metadata address',
    [
      ['169.254.0.0', 16],
      ['168.63.129.16', 32],
      ['192.0.0.0', 24],
    ],
  ],
  [
    'a private address',
    [
      ['10.0.0.0', 8],
      ['100.64.0.0', 10],
      ['172.16.0.0', 12],
      ['192.168.0.0', 16],
    ],
  ],
  ['a multicast address', [['224.0.0.0', 4]]],
  [
    'a reserved address',
    [
      ['192.0.2.0', 24],
      ['192.88.99.0', 24],
      ['198.18.0.0', 15],
      ['198.51.100.0', 24],
      ['203.0.113.0', 24],
      ['240.0.0.0', 4],
    ],
  ],
];

const KINDS_6: readonly (readonly [kind: string, ranges: readonly Range[]])[] = [
  ['a loopback address', [['::1', 128]]],
  ['an unspecified address', [['::', 128]]],
  ['a link-local or metadata address', [['fe80::', 10]]],
  ['a private address', [['fc00::', 7]]],
  ['a multicast address', [['ff00::', 8]]],
  // Inside global unicast: protocol assignments (Teredo among them), documentation, 6to4.
  [
    'a reserved address',
    [
      ['2001::', 23],
      ['2001:db8::', 32],
      ['2002::', 16],
      ['3fff::', 20],
    ],
  ],
];

const BLOCKED_4 = KINDS_4.map(([kind, ranges]) => [kind, blockListOf(ranges, 'ipv4')] as const);
const BLOCKED_6 = KINDS_6.map(([kind, ranges]) => [kind, blockListOf(ranges, 'ipv6')] as const);
const GLOBAL_UNICAST_6 = blockListOf([['2000::', 3]], 'ipv6');

function blockListOf(ranges: readonly Range[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const [subnet, prefix] of ranges) list.addSubnet(subnet, prefix, family);
  return list;
}

/** What is not public about an IP address, as a noun phrase; null = public. */
export function addressProblem(address: string): string | null {
  const bare = address.replace(/%.*$/, '');
  const family = isIP(bare);
  if (family === 4) return kindOf(bare, BLOCKED_4, 'ipv4');
  if (family !== 6) return 'not an IP address';
  const embedded = embeddedAddress(bare);
  if (embedded !== null) return addressProblem(embedded);
  return (
    kindOf(bare, BLOCKED_6, 'ipv6') ??
    (GLOBAL_UNICAST_6.check(bare, 'ipv6') ? null : 'not a public IPv6 address')
  );
}

function kindOf(
  address: string,
  lists: readonly (readonly [string, BlockList])[],
  family: 'ipv4' | 'ipv6',
): string | null {
  return lists.find(([, list]) => list.check(address, family))?.[0] ?? null;
}

/**
 * The IPv4 address that connecting to this one reaches: IPv4-mapped (RFC 4291 §2.5.5.2) and NAT64's
 * well-known prefix (RFC 6052), which DNS64 makes up for ordinary public names.
 */
function embeddedAddress(address: string): string | null {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const match = /^(?:::ffff|64:ff9b:):(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})$/.exec(canonical);
  if (match === null) return null;
  const high = Number.parseInt(match[1] ?? '0', 16);
  const low = Number.parseInt(match[2] ?? '0', 16);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/**
 * Checks a URL whose host is an IP literal; names pass, they are checked by `publicLookup` when they resolve.
 * The check must see the parsed URL: only that folds `127.1`, `0x7f.1` and full-width digits.
 *
 * @throws EgressError
 */
export function assertPublicLiteral(url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) === 0) return;
  const problem = addressProblem(host);
  if (problem !== null) throw new EgressError(host, problem);
}

/**
 * A `lookup` for sockets and agents that answers with public addresses only, so that what is checked is what
 * is connected to. Not called for IP literals: check these with `assertPublicLiteral`.
 */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, '', 0);
    const publicOnes = addresses.filter(({ address }) => addressProblem(address) === null);
    const [first] = publicOnes;
    if (first === undefined) {
      const kind = addressProblem(addresses[0]?.address ?? '') ?? 'unknown';
      return callback(new EgressError(hostname, kind), '', 0);
    }
    if (options.all === true) return callback(null, publicOnes);
    return callback(null, first.address, first.family);
  });
};
