import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv4, isIPv6, type Socket, SocketAddress } from 'node:net';

/** Tells the address of a request's client, as far as it can be trusted. */
export type ClientAddress = (request: IncomingMessage) => string;

/** Makes a test of sockets: true if the peer is one of these proxies, and not a client. */
export function isProxy(trusted: readonly string[]): (socket: Socket) => boolean {
  if (trusted.length === 0) return () => false;
  const isTrusted = trustedProxies(trusted);
  return ({ remoteAddress }) => isTrusted(canonicalAddress(remoteAddress));
}

/** Named networks. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/**
 * Makes a test of addresses, written as by {@link canonicalAddress}.
 * @param list addresses, networks such as `10.0.0.0/8`, or names of {@link NAMED}
 * @throws TypeError naming the item that is none of these
 */
export function trustedProxies(list: readonly string[]): (address: string) => boolean {
  const trusted = new BlockList();
  for (const item of list.flatMap((item) => NAMED[item] ?? item)) addNetwork(trusted, item);
  return (address) => isIP(address) !== 0 && trusted.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

function addNetwork(list: BlockList, text: string): void {
  const [written = '', bits, ...more] = text.split('/');
  const address = canonicalAddress(written);
  const most = isIPv4(address) ? 32 : 128;
  // In an IPv4 network that is written within IPv6, the prefix counts the 96 bits before the IPv4 address too.
  const within = isIPv6(written) && isIPv4(address) ? 96 : 0;
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) - within : 0;
  if (!isIP(address) || prefix < 1 || prefix > most || more.length > 0)
    throw new TypeError(`${text} is neither an address nor a network such as 10.0.0.0/8`);
  list.addSubnet(address, prefix, isIPv4(address) ? 'ipv4' : 'ipv6');
}

/**
 * Makes a reader of client addresses. The client is the peer, or, if the peer is a trusted proxy, the last address in
 * `X-Forwarded-For` that is not a trusted proxy itself.
 * @param trusted addresses and networks of proxies; `X-Forwarded-For` of any other peer is ignored, since anybody can send it
 */
export function clientAddress(trusted: readonly string[]): ClientAddress {
  if (trusted.length === 0) return ({ socket }) => canonicalAddress(socket.remoteAddress);
  const isTrusted = trustedProxies(trusted);
  return ({ socket, headers }) => {
    let client = canonicalAddress(socket.remoteAddress);
    const forwarded = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
    while (isTrusted(client)) {
      const before = forwardedAddress(forwarded.pop());
      if (before === undefined) break; // a name, a placeholder, or nothing: only the proxy is known
      client = before;
    }
    return client;
  };
}

/** Reads an address as proxies write it: bare, with a port, in brackets, in quotes. */
function forwardedAddress(text: string | undefined): string | undefined {
  const bare = text?.trim().replace(/^"(.*)"$/, '$1') ?? '';
  const address = /^\[([^\]]+)\](?::\d+)?$/.exec(bare)?.[1] ?? /^([\d.]+):\d+$/.exec(bare)?.[1] ?? bare;
  return isIP(address) ? canonicalAddress(address) : undefined;
}

/** Tells if an address is this machine's own. */
export const isThisMachine: (address: string) => boolean = trustedProxies(['loopback']);

/** The key under which an address is counted as one client: an IPv4 address, or the /64 network of an IPv6 address, since one customer has all of it. */
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

/** Canonical form of an address: IPv6 in its shortest form; IPv4 as such, also when it comes within IPv6. */
export function canonicalAddress(address: string | undefined): string {
  if (address === undefined || !isIPv6(address)) return address ?? '';
  const bare = address.replace(/%.*$/, ''); // without the zone
  return new SocketAddress({ address: bare, family: 'ipv6' }).address.replace(/^::ffff:(?=\d+\.)/, '');
}
