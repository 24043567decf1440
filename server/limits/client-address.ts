import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6, type Socket, SocketAddress } from 'node:net';
import { compile } from '@fastify/proxy-addr';

/** The address of the client of a request, as far as it can be believed. */
export type ClientAddress = (request: IncomingMessage) => string;

/** Tells if the peer of a socket is one of these proxies: then the socket is not its client's. */
export function isProxy(trusted: readonly string[]): (socket: Socket) => boolean {
  if (trusted.length === 0) return () => false;
  const isTrusted = compile([...trusted]);
  return ({ remoteAddress }) => isTrusted(plain(remoteAddress), 0);
}

const machine = new BlockList();
machine.addSubnet('127.0.0.0', 8, 'ipv4');
machine.addAddress('::1', 'ipv6');

/**
 * Reads the client's address: the peer's, or, where the peer is a trusted proxy, the last one that it forwards for and
 * that is no trusted proxy itself.
 * @param trusted addresses and networks of proxies; of all others `X-Forwarded-For` is a claim that anybody can make
 */
export function clientAddress(trusted: readonly string[]): ClientAddress {
  if (trusted.length === 0) return ({ socket }) => plain(socket.remoteAddress);
  const isTrusted = compile([...trusted]);
  return ({ socket, headers }) => {
    let client = plain(socket.remoteAddress);
    const forwarded = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
    while (isTrusted(client, 0)) {
      const before = forwardedAddress(forwarded.pop());
      if (before === undefined) break; // a name, a placeholder, or nothing: the proxy is all that is known
      client = before;
    }
    return client;
  };
}

/** An address as proxies write it: bare, with a port, in brackets, in quotes. */
function forwardedAddress(text: string | undefined): string | undefined {
  const bare = text?.trim().replace(/^"(.*)"$/, '$1') ?? '';
  const address = /^\[([^\]]+)\](?::\d+)?$/.exec(bare)?.[1] ?? /^([\d.]+):\d+$/.exec(bare)?.[1] ?? bare;
  return isIP(address) ? plain(address) : undefined;
}

/** Tells if it is this machine that asks. */
export function isThisMachine(address: string): boolean {
  return machine.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** The unit that is counted as one client: an IPv4 address, or an IPv6 network of 64 bits, which is what one customer has. */
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

/** One writing of an address: IPv6 in its shortest form, and IPv4 as such, also where it comes within IPv6. */
export function plain(address: string | undefined): string {
  if (address === undefined || !isIPv6(address)) return address ?? '';
  const bare = address.replace(/%.*$/, ''); // the interface by which it is reached
  return new SocketAddress({ address: bare, family: 'ipv6' }).address.replace(/^::ffff:(?=\d+\.)/, '');
}
