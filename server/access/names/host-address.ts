import { isThisMachine } from '../../limits/client-address.ts';

/** A host as `Host` and origins name it, in one writing. */
export interface HostAddress {
  /** Lower case, without a dot at the end; IPv6 without brackets, in its shortest form. */
  readonly name: string;
  /** Undefined where none is said: then it is the scheme's. */
  readonly port: number | undefined;
}

/** Reads `name`, `name:port`, `[address]:port`. Undefined for what names no host. */
export function parseHost(text: string): HostAddress | undefined {
  const [, name = '', port = ''] = /^(\[[^\]]*\]|[^\s/?#@\\:[\]]+)(?::(\d{0,5}))?$/.exec(text) ?? [];
  if (name === '' || !URL.canParse(`http://${name}`)) return undefined;
  const { hostname } = new URL(`http://${name}`);
  return {
    name: hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, ''),
    port: port === '' ? undefined : Number(port),
  };
}

/** The name of a host to listen on, with or without brackets, as {@link parseHost} writes it; what is none stays as it is. */
export function hostName(host: string): string {
  return (parseHost(host.includes(':') && !host.startsWith('[') ? `[${host}]` : host) ?? { name: host }).name;
}

/** Tells if a name in {@link parseHost}'s writing always means this machine, whoever answers for names. */
export function isLocalName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || isThisMachine(name);
}
