import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv4, isIPv6, type Socket, SocketAddress } from 'node:net';

/** The address of the client of a request, as far as it can be believed. */
export type ClientAddress = (request: IncomingMessage) => string;

/** Tells if the peer of a socket is one of these proxies: then the socket is not its client's. */
export function isProxy(trusted: readonly string[]): (socket: Socket) => boolean {
  if (trusted.length === 0) return () => false;
  const isTrusted = trustedProxies(trusted);
  return ({ remoteAddress }) => isTrusted(plain(remoteAddress));
}

/** Networks that go by a name. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/**
 * Makes a test of addresses, written as by {@link plain}.
 * @param list addresses, networks such as `10.0.0.0/8`, or names of {@link NAMED}
 * @throws TypeError for what is neither
 */
export function trustedProxies(list: readonly string[]): (address: string) => boolean {
  const trusted = new BlockList();
  for (const item of list.flatMap((item) => NAMED[item] ?? item)) addNetwork(trusted, item);
  return (address) => isIP(address) !== 0 && trusted.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

function addNetwork(list: BlockList, text: string): void {
  const [written = '', bits, ...more] = text.split('/');
  const address = plain(written);
  const most = isIPv4(address) ? 32 : 128;
  // Bits of an IPv4 network that is written within IPv6 are counted from the beginning of that.
  const within = isIPv6(written) && isIPv4(address) ? 96 : 0;
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) - within : 0;
  if (!isIP(address) || prefix < 1 || prefix > most || more.length > 0)
    throw new TypeError(`${text} is no address and no network`);
  list.addSubnet(address, prefix, isIPv4(address) ? 'ipv4' : 'ipv6');
}

/**
 * Reads the client's address: the peer's, or, where the peer is a trusted proxy, the last one that it forwards for and
 * that is no trusted proxy itself.
 * @param trusted addresses and networks of proxies; of all others `X-Forwarded-For` is a claim that anybody can make
 */
export function clientAddress(trusted: readonly string[]): ClientAddress {
  if (trusted.length === 0) return ({ socket }) => plain(socket.remoteAddress);
  const isTrusted = trustedProxies(trusted);
  return ({ socket, headers }) => {
    let client = plain(socket.remoteAddress);
    const forwarded = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
    while (isTrusted(client)) {
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
export const isThisMachine: (address: string) => boolean = trustedProxies(['loopback']);

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
