import { get } from 'node:http';
import { describe, expect, test } from 'vitest';
import { addressProblem, assertPublicLiteral, EgressError, publicLookup } from '../../lib/spec/egress.js';
import { HttpServer } from '../support/httpServer.js';

describe('addresses that a document may not name', () => {
  test.each([
    ['127.0.0.1', 'a loopback address'],
    ['127.255.255.254', 'a loopback address'],
    ['0.0.0.0', 'an unspecified address'],
    ['10.1.2.3', 'a private address'],
    ['172.16.0.1', 'a private address'],
    ['172.31.255.255', 'a private address'],
    ['192.168.1.1', 'a private address'],
    ['100.64.0.1', 'a private address'],
    ['100.100.100.200', 'a private address'],
    ['169.254.169.254', 'a link-local or metadata address'],
    ['168.63.129.16', 'a link-local or metadata address'],
    ['192.0.0.192', 'a link-local or metadata address'],
    ['224.0.0.1', 'a multicast address'],
    ['255.255.255.255', 'a reserved address'],
    ['198.51.100.7', 'a reserved address'],
    ['::1', 'a loopback address'],
    ['::', 'an unspecified address'],
    ['fe80::1', 'a link-local or metadata address'],
    ['fe80::1%eth0', 'a link-local or metadata address'],
    ['fd00:ec2::254', 'a private address'],
    ['fc00::1', 'a private address'],
    ['ff02::1', 'a multicast address'],
    ['2001:db8::1', 'a reserved address'],
    ['2001:0:4136:e378::1', 'a reserved address'],
    ['2002:7f00:1::', 'a reserved address'],
    ['::ffff:127.0.0.1', 'a loopback address'],
    ['::ffff:a9fe:a9fe', 'a link-local or metadata address'],
    ['::ffff:0:1', 'an unspecified address'],
    ['::7f00:1', 'not a public IPv6 address'],
    ['64:ff9b::7f00:1', 'a loopback address'],
    ['64:ff9b::10.0.0.1', 'a private address'],
    ['64:ff9b:1::1', 'not a public IPv6 address'],
    ['5f00::1', 'not a public IPv6 address'],
    ['metadata', 'not an IP address'],
  ])('%s is %s', (address, problem) => {
    expect(addressProblem(address)).toBe(problem);
  });

  test.each([
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
  ])('%s is public', (address) => {
    expect(addressProblem(address)).toBeNull();
  });

  test.each([
    'http://127.1/',
    'http://0x7f.1/',
    'http://2130706433/',
    'http://017700000001/',
    'http://①②⑦.⓪.⓪.①/',
    'http://127.0.0.1./',
    'http://[::ffff:127.0.0.1]/',
    'http://[0:0:0:0:0:0:0:1]/',
    'http://0/',
  ])('the literal in %s is seen through', (url) => {
    expect(() => assertPublicLiteral(new URL(url))).toThrow(EgressError);
  });

  test('names pass the check of literals, and public literals too', () => {
    expect(() => assertPublicLiteral(new URL('http://localhost/'))).not.toThrow();
    expect(() => assertPublicLiteral(new URL('http://[2606:4700::1111]/'))).not.toThrow();
  });

  test('a name that resolves to loopback is refused when a socket connects', async () => {
    await using server = await HttpServer.start((_, response) => response.end('reached'));
    const port = new URL(server.url).port;
    const outcome = await new Promise((resolve) => {
      get({ host: 'localhost', port, lookup: publicLookup }, () => resolve('reached')).on('error', resolve);
    });
    expect(outcome).toBeInstanceOf(EgressError);
    expect((outcome as Error).message).toBe(
      'localhost is a loopback address, which egress.allow_private_spec_servers does not allow',
    );
  });

  test('a name that does not exist keeps the error of the resolver', async () => {
    const error = await new Promise((resolve) => publicLookup('nowhere.invalid', {}, resolve));
    expect(error).not.toBeInstanceOf(EgressError);
    expect(error).toHaveProperty('code', expect.stringMatching(/^E/));
  });
});
