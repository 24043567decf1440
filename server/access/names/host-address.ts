import { isThisMachine } from '../../limits/client-address.ts';

/** A host from a `Host` header or an origin, in canonical form. */
export interface HostAddress {
  /** Lower case, without a dot at the end; IPv6 without brackets, in its shortest form. */
  readonly name: string;
  /** Undefined where none is given: the scheme's default port holds. */
  readonly port: number | undefined;
}

/** Reads `name`, `name:port` or `[address]:port`; undefined for any other text. */
export function parseHost(text: string): HostAddress | undefined {
  const [, name = '', port = ''] = /^(\[[^\]]*\]|[^\s/?#@\\:[\]]+)(?::(\d{0,5}))?$/.exec(text) ?? [];
  if (name === '' || !URL.canParse(`http://${name}`)) return undefined;
  const { hostname } = new URL(`http://${name}`);
  return {
    name: hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, ''),
    port: port === '' ? undefined : Number(port),
  };
}

/** The canonical name of a host to listen on, with or without brackets. Text that names no host is returned as it is. */
export function hostName(host: string): string {
  return (parseHost(host.includes(':') && !host.startsWith('[') ? `[${host}]` : host) ?? { name: host }).name;
}

/** Tells if a canonical name always means this machine, whatever the DNS says. */
export function isLocalName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || isThisMachine(name);
}

/** Tells if a server that listens on a name or address is reached from this machine only. */
export function isLoopback(host: string): boolean {
  return isLocalName(hostName(host));
}
