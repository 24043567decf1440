import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { addressKey, clientAddress, isThisMachine } from '../../server/limits/client-address.ts';
import { ConnectionLimit } from '../../server/limits/connection-limit.ts';

/** A request of a peer that says for whom it forwards. */
function from(remoteAddress: string, forwardedFor?: string): IncomingMessage {
  const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
  return { socket: { remoteAddress }, headers } as unknown as IncomingMessage;
}

test('X-Forwarded-For is trusted from trusted proxies only, back to the first that is not trusted', () => {
  const nobody = clientAddress([]);
  expect(nobody(from('198.51.100.7', '203.0.113.1'))).toBe('198.51.100.7');
  const proxies = clientAddress(['loopback', '10.0.0.0/8']);
  expect(proxies(from('198.51.100.7', '203.0.113.1'))).toBe('198.51.100.7');
  expect(proxies(from('127.0.0.1', '203.0.113.1'))).toBe('203.0.113.1');
  expect(proxies(from('::ffff:10.1.2.3', '198.51.100.66, 203.0.113.1, 10.9.9.9'))).toBe('203.0.113.1');
  expect(proxies(from('10.1.2.3'))).toBe('10.1.2.3');
});

test('a forwarded address is read in each of its forms', () => {
  const proxies = clientAddress(['loopback', '10.0.0.0/8', 'fc00::/7']);
  const behind = (text: string): string => proxies(from('127.0.0.1', text));
  for (const text of [
    '203.0.113.1:5678',
    ' 203.0.113.1 ',
    '"203.0.113.1:80"',
    '::ffff:203.0.113.1',
    '[::ffff:cb00:7101]:1',
  ])
    expect(behind(text), text).toBe('203.0.113.1');
  for (const text of [
    '2001:db8::1',
    '[2001:db8::1]',
    '[2001:DB8:0::1]:80',
    '"[2001:db8::1]:443"',
    '2001:db8:0:0:0:0:0:1',
  ])
    expect(behind(text), text).toBe('2001:db8::1');
  expect(behind('[::1]:80')).toBe('::1');
  expect(behind('203.0.113.1:1, 10.0.0.1:99, [fc00::1]:8')).toBe('203.0.113.1');
  // From others it is a claim, in any writing.
  expect(proxies(from('198.51.100.7', '[::1]:80'))).toBe('198.51.100.7');
});

test('an invalid address is not counted: the last proxy is', () => {
  const proxies = clientAddress(['loopback', '10.0.0.0/8']);
  for (const text of ['unknown', '_hidden', '', ',', '1.2.3', '[::1', '1.2.3.4:5:6', 'evil.example:80'])
    expect(proxies(from('127.0.0.1', text)), text).toBe('127.0.0.1');
  expect(proxies(from('127.0.0.1', 'unknown, 10.0.0.1'))).toBe('10.0.0.1');
  expect(proxies(from('127.0.0.1', '203.0.113.1, unknown'))).toBe('127.0.0.1');
});

test('one customer counts as one address: a whole IPv4 address, or an IPv6 network of 64 bits', () => {
  expect(addressKey('203.0.113.1')).toBe('203.0.113.1');
  for (const address of ['2001:db8:1:2::1', '2001:0db8:1:2:ffff::', '2001:db8:1:2:3:4:5:6'])
    expect(addressKey(address)).toBe('2001:db8:1:2::/64');
  expect(addressKey('2001:db8:1:3::1')).toBe('2001:db8:1:3::/64');
  expect(addressKey('::1')).toBe('0:0:0:0::/64');
  expect(['127.0.0.1', '127.9.9.9', '::1'].every(isThisMachine)).toBe(true);
  expect(['10.0.0.1', '::2', ''].some(isThisMachine)).toBe(false);
});

test('an address may have up to the limit of connections, and one that closes makes room for one, once', () => {
  const limit = new ConnectionLimit(2);
  const first = limit.admit('127.0.0.1');
  expect(limit.admit('127.0.0.1')).toBeDefined();
  expect(limit.admit('127.0.0.1')).toBeUndefined();
  const other = limit.admit('127.0.0.2');
  expect(other).toBeDefined();
  first?.();
  first?.();
  const again = limit.admit('127.0.0.1');
  expect(again).toBeDefined();
  expect(limit.admit('127.0.0.1')).toBeUndefined();
  other?.();
  expect(limit.addresses).toBe(1);
});

test('the default limits every address except this machine, and 0 limits nobody', () => {
  const admitted = (limit: ConnectionLimit, address: string) =>
    Array.from({ length: 1500 }, () => limit.admit(address)).filter(Boolean).length;
  expect(admitted(new ConnectionLimit(null), '::1')).toBe(1500);
  expect(admitted(new ConnectionLimit(null), '203.0.113.1')).toBe(1000);
  expect(admitted(new ConnectionLimit(0), '203.0.113.1')).toBe(1500);
});
