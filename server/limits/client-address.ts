import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv6, type Socket } from 'node:net';
import proxyAddr, { compile } from '@fastify/proxy-addr';

/** The address of the client of a request, as far as it can be believed. */
export type ClientAddress = (request: IncomingMessage) => string;

/** Whether the peer of a socket is one of these proxies: then the socket is not its client's. */
export function isProxy(trusted: readonly string[]): (socket: Socket) => boolean {
  if (trusted.length === 0) return () => false;
  const isTrusted = compile([...trusted]);
  return ({ remoteAddress }) => isTrusted(plain(remoteAddress), 0);
}

const machine = new BlockList();
machine.addSubnet('127.0.0.0', 8, 'ipv4');
machine.addAddress('::1', 'ipv6');

/**
 * Reads the client's address: the peer's, or, where the peer is a trusted proxy, what it forwards for.
 * @param trusted addresses and networks of proxies; of all others `X-Forwarded-For` is a claim that anybody can make
 */
export function clientAddress(trusted: readonly string[]): ClientAddress {
  if (trusted.length === 0) return ({ socket }) => plain(socket.remoteAddress);
  const isTrusted = compile([...trusted]);
  return (request) => plain(proxyAddr(request, isTrusted));
}

/** Whether it is this machine that asks. */
export function isThisMachine(address: string): boolean {
  return machine.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** What is counted as one: an IPv4 address, or an IPv6 network of 64 bits, which is what one customer has. */
export function addressKey(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail = ''] = address.split('::', 2);
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const zeros = address.includes('::') ? 8 - left.length - right.length : 0;
  const groups = [...left, ...Array<string>(Math.max(0, zeros)).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/** IPv4 as such, also where a socket of both kinds shows it as IPv6. */
export function plain(address: string | undefined): string {
  return address?.replace(/^::ffff:(?=\d+\.)/i, '') ?? '';
}
